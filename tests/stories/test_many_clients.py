"""Fifty clients at once: one building, one code, and everybody is told the truth."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from sqlalchemy import text
from streets import delivery, houses

from store.cluster import database_url
from store.database import connect, transaction

CLIENTS = 50


def upload(installation, content, number):
    files = {"file": (f"client-{number}.geojson", content)}
    return installation.post("/uploads", files=files, data={"mode": "good"})


def counted(installation, query):
    engine = connect(database_url(installation.cluster, "luotu"))
    with transaction(engine) as connection:
        number = connection.execute(text(query)).scalar_one()
    engine.dispose()
    return number


def test_fifty_clients_who_upload_the_same_houses_at_once_make_each_of_them_once(installation, full_size):
    shapes = houses(1_000 if full_size else 100)
    random = np.random.default_rng(4)
    contents = [delivery(shapes[random.permutation(len(shapes))]) for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(upload, [installation] * CLIENTS, contents, range(CLIENTS)))
    assert Counter(answer.status_code for answer in answers) == {201: CLIENTS}
    assert counted(installation, "select count(*) from building") == len(shapes)
    outcomes = Counter(row["outcome"] for answer in answers for row in answer.json()["results"])
    assert outcomes == {"new": len(shapes), "same": len(shapes) * (CLIENTS - 1)}
    assert len({row["code"] for answer in answers for row in answer.json()["results"]}) == len(shapes)


def test_of_houses_that_overlap_one_is_registered_and_the_others_are_told_which(installation):
    # each client has his own idea of where the same street's houses stand: a third of a house further
    contents = [delivery(houses(20, east_m=7.0 * n)) for n in range(3)]
    with ThreadPoolExecutor(len(contents)) as pool:
        answers = list(pool.map(upload, [installation] * len(contents), contents, range(len(contents))))
    told = [row for answer in answers for row in answer.json()["results"]]
    registered = {row["code"] for row in told if row["outcome"] == "new"}
    assert counted(installation, "select count(*) from building") == len(registered) >= 20
    for row in told:
        if row["outcome"] != "new":
            named = str(row["fault"] or row)
            assert any(code in named for code in registered)
