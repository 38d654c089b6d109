"""Requests with values that nothing can hold: refused with a sentence, and never the server's own failure."""

import pytest

HALF = '"\\ud800"'
LONG = "1" * 30
DEEP = "[" * 300 + "]" * 300


@pytest.mark.parametrize("value", [HALF, LONG, DEEP])
def test_a_body_that_no_answer_could_say_again_is_refused(client, value):
    headers = {"Content-Type": "application/json"}
    answer = client.post("/resolve", content=f'{{"names": [{value}]}}', headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unfit_value")
    assert answer.json()["zh"]["detail"]


def test_a_body_that_is_no_json_is_refused_as_such(client):
    answer = client.post("/resolve", content="{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request")


@pytest.mark.parametrize(
    ("method", "path", "request_"),
    [
        ("GET", "/projects?q=a%00b", {}),
        ("GET", "/projects/a%00b", {}),
        ("GET", "/projects/a%00b/documents", {}),
        ("GET", "/packages?project=a%00b", {}),
        ("POST", "/projects", {"json": {"name": "a\0b"}}),
        ("POST", "/projects/a%00b/buildings", {"json": {"buildings": ["x"]}}),
    ],
)
def test_a_text_with_a_nul_is_refused(client, method, path, request_):
    answer = client.request(method, path, **request_)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unfit_value")


@pytest.mark.parametrize("path", ["/packages?after=18446744073709551616", "/deadlines?on=12345-01-01"])
def test_a_number_out_of_range_is_refused_by_its_place(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_there_is_can_be_asked_about(client, day):
    assert client.get(f"/deadlines?on={day}&everything=true").status_code == 200


@pytest.mark.parametrize("crs", ["EPSG:4551", "EPSG:3857"])
def test_a_drawing_of_which_another_crs_leaves_nothing_is_refused(client, crs):
    speck = [[126.55, 43.85], [126.550000000001, 43.85], [126.55, 43.850000000001], [126.55, 43.85]]
    drawn = {"geometry": {"type": "Polygon", "coordinates": [speck]}, "crs": crs}
    answer = client.post("/extracts", json=drawn)
    assert answer.status_code == 422
    assert answer.json()["detail"]
