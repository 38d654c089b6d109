"""The description of the API: kept in docs/, whole, and readable without anything from elsewhere."""

import json
import re
from html import unescape

from api.describe import description
from tests.conftest import PROJECT


def test_the_description_in_the_documentation_is_the_newest():
    kept = (PROJECT / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert kept == description(), "run `make openapi`, and look at what has changed"


def test_every_operation_says_what_it_does_and_every_refusal_is_a_problem(client):
    document = client.get("/openapi.json").json()
    for path, item in document["paths"].items():
        for method, told in item.items():
            assert told["description"].strip(), (method, path)
            for status in ("4XX", "5XX", "422"):
                (media_type,) = told["responses"][status]["content"]
                assert media_type == "application/problem+json", (method, path, status)
    assert "HTTPValidationError" not in json.dumps(document)


def test_every_answer_that_is_json_has_a_schema(client):
    document = client.get("/openapi.json").json()
    for path, item in document["paths"].items():
        for method, told in item.items():
            for status, answer in told["responses"].items():
                for media_type, content in answer.get("content", {}).items():
                    assert content.get("schema") or "json" not in media_type, (method, path, status, media_type)


def test_people_read_all_of_it_on_a_page_that_loads_nothing_from_elsewhere(client):
    document = client.get("/openapi.json").json()
    shown = client.get("/openapi.html", headers={"Accept-Language": "en"}).text
    told = {unescape(each) for each in re.findall(r"<code>([A-Z]+ /[^<]*)</code>", shown)}
    assert told == {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert not re.search(r"<script|https?://|url\(", shown)
    assert "whole number, at least 1, at most 1000, else 100" in shown
    assert ">authorization<" not in shown
    assert set(re.findall(r'href="#schema-(\w+)"', shown)) <= set(re.findall(r'<details id="schema-(\w+)"', shown))
    assert client.get("/openapi.html", headers={"Accept-Language": "zh"}).text.count("参数") > 10
