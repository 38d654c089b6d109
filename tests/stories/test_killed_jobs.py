"""A worker is killed in the middle of a job: another one does it, once."""

import time

from sqlalchemy import text
from streets import delivery, houses

from store.cluster import database_url
from store.database import connect, transaction

HOUSES = 600
LONG_S = 90


def asked(installation, query):
    engine = connect(database_url(installation.cluster, "luotu"))
    with transaction(engine) as connection:
        found = connection.execute(text(query)).scalar_one()
    engine.dispose()
    return found


def wait_for(installation, path, is_so):
    """Return a job as soon as something is so of it."""
    deadline = time.monotonic() + LONG_S
    while time.monotonic() < deadline:
        job = installation.get(path).json()
        if is_so(job):
            return job
        time.sleep(0.01)
    raise TimeoutError(job)


def start_without_worker(installation):
    """Serve again, and have no worker that nobody can kill."""
    installation.kill_server()
    installation.start("--no-worker")


def test_a_job_is_done_once_though_its_worker_was_killed(installation):
    start_without_worker(installation)
    content = delivery(houses(HOUSES))
    headers = {"Prefer": "respond-async", "Idempotency-Key": "street"}
    job = installation.post("/uploads", files={"file": ("street.geojson", content)}, headers=headers)
    path = job.headers["location"]
    installation.worker = installation.luotu("worker")
    wait_for(installation, path, lambda job: job["step"] and job["step"]["code"] == "registering")
    installation.kill_worker()
    assert asked(installation, "select count(*) from upload") == 0
    installation.worker = installation.luotu("worker")
    done = wait_for(installation, path, lambda job: job["state"] not in {"waiting", "running"})
    assert (done["state"], done["result"]["accepted"], done["result"]["repeated"]) == ("done", HOUSES, False)
    assert asked(installation, "select count(*) from upload") == 1
    assert asked(installation, "select count(*) from building") == HOUSES
    assert asked(installation, "select count(*) from event where kind = 'registered'") == HOUSES
    assert asked(installation, "select count(*) from procrastinate_jobs") == 0


def test_the_worker_that_comes_with_the_server_does_jobs_and_goes_with_it(installation):
    content = delivery(houses(4))
    headers = {"Prefer": "respond-async"}
    job = installation.post("/uploads", files={"file": ("street.geojson", content)}, headers=headers)
    done = wait_for(installation, job.headers["location"], lambda job: job["state"] not in {"waiting", "running"})
    assert done["result"]["accepted"] == 4
    installation.kill_server()
    held = "select count(*) from pg_stat_activity where application_name = 'luotu worker'"
    deadline = time.monotonic() + 10
    while asked(installation, held) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert asked(installation, held) == 0
