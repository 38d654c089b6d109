"""Two plans compared over HTTP."""

from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

WITHIN = {
    "type": "Polygon",
    "coordinates": [[[126.56, 43.84], [126.57, 43.84], [126.57, 43.85], [126.56, 43.85], [126.56, 43.84]]],
}
ASKED = {"first": "XZ1201", "second": "GH2303", "as_of": "2026-06-01", "within": WITHIN}


def test_plans_are_compared_and_the_answer_is_kept(client):
    made = client.post("/differences", json=ASKED)
    assert made.status_code == 201
    told = made.json()
    assert sum(row["area_m2"] for row in told["by_class"]) == pytest.approx(told["area_m2"])
    assert client.get(made.headers["Location"]).json() == told
    assert client.get(f"/runs/{told['run']}").json()["sha256"] == told["sha256"]


def test_pieces_and_the_workbook_of_a_comparison_are_read(client):
    run = client.post("/differences", json=ASKED).json()["run"]
    pieces = client.get(f"/differences/{run}/pieces", params={"class": "both", "slivers": False}).json()
    assert pieces["type"] == "FeatureCollection"
    assert {each["properties"]["class"] for each in pieces["features"]} == {"both"}
    book = client.get(f"/differences/{run}/workbook")
    assert CalamineWorkbook.from_filelike(BytesIO(book.content)).sheet_names[0].endswith("statistics")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"second": "GH2209"}, 422),
        ({"second": "GH99"}, 404),
        ({"within": {"type": "Point", "coordinates": [1, 2]}}, 422),
        ({"min_area_m2": -1}, 422),
        ({"second": "GH2103@999999"}, 404),
    ],
)
def test_what_cannot_be_compared_is_a_problem(client, change, status):
    refused = client.post("/differences", json=ASKED | change)
    assert refused.status_code == status
    assert refused.json()["detail"]


def test_a_run_that_is_no_comparison_is_not_found(client):
    assert client.get("/differences/f163da1b-5dba-4440-b4b3-d2217e43d6a5").status_code == 404
    assert client.get("/differences/nonsense/pieces").status_code == 404
