"""The sample district: the engine finds exactly what was planted in it."""

import datetime as dt
import json
import zipfile
from pathlib import Path

import pyogrio
import pytest
import shapely

from blueprint import Edition, LayerState, find_conflicts, find_findings, load_rules

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
MANIFEST = json.loads((SAMPLES / "layers.json").read_text(encoding="utf-8"))
TODAY = dt.date(2026, 6, 1)


def read_layer(entry):
    frame = pyogrio.read_dataframe(SAMPLES / MANIFEST["file"], layer=entry["table"])
    own = frame.columns.difference(["name", "valid_from", "valid_to", "geometry"])
    rows = frame[own].astype(object).where(frame[own].notna(), None)
    features = frame[["name", "valid_from", "valid_to", "geometry"]].assign(attrs=rows.to_dict("records"))
    edition = Edition(entry["table"], entry["title"])  # older days are asked about than the editions' own
    complete = shapely.from_wkt(MANIFEST["areas"][entry["completeness"]])
    return LayerState(entry["layer"], edition, entry["accuracy_m"], features.set_index("name", drop=False), complete)


@pytest.fixture(scope="module")
def layers():
    return {entry["layer"]: read_layer(entry) for entry in MANIFEST["layers"]}


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    folder = tmp_path_factory.mktemp("survey")
    with zipfile.ZipFile(SAMPLES / "survey.zip") as archive:  # its names are GBK: give it plain ones
        for member in archive.infolist():
            (folder / f"survey{Path(member.filename).suffix}").write_bytes(archive.read(member))
    return pyogrio.read_dataframe(folder / "survey.shp", encoding="GBK").set_index("建筑名称")


@pytest.fixture(scope="module")
def found(layers, survey):
    accuracy_m = EXPECTED["accuracy_m"]["footprint"]
    # the district was planted for rules about ground, and its roads and blocks were not drawn for distances
    rules = [rule for rule in load_rules() if rule.predicate.measures_ground]

    def on(day):
        findings = find_findings(survey, layers, rules, as_of=day, footprint_accuracy_m=accuracy_m)
        return {(finding.footprint, finding.rule.id, finding.layer): finding for finding in findings}

    return {day: on(day) for day in {dt.date.fromisoformat(case["as_of"]) for case in EXPECTED["footprint_cases"]}}


@pytest.fixture(scope="module")
def conflicts(layers):
    return find_conflicts(layers, load_rules(), as_of=None)


@pytest.mark.parametrize("case", EXPECTED["footprint_cases"], ids=lambda case: case["id"])
def test_a_planted_finding_is_found_as_it_was_planted(case, found):
    finding = found[dt.date.fromisoformat(case["as_of"])][case["building"], case["rule"], case["layer"]]
    assert finding.outcome == case["outcome"]
    assert finding.certainty == case["certainty"]
    assert finding.area_m2 == pytest.approx(case["area_m2"], abs=1e-6)
    assert finding.width_m == pytest.approx(case["width_m"], abs=1e-6)
    if case["parts"]:
        assert [feature.name for feature in finding.features] == case["features"]
        assert shapely.get_num_geometries(finding.witness) == len(case["parts"])


def test_nothing_else_breaks_a_rule_today(found):
    planted = {(c["building"], c["rule"]) for c in EXPECTED["footprint_cases"] if c["as_of"] == TODAY.isoformat()}
    broken = {(name, rule) for (name, rule, _), finding in found[TODAY].items() if finding.outcome.breaks}
    assert broken <= planted


def test_clean_buildings_break_nothing(found):
    clean = set(EXPECTED["clean"])
    assert not [key for key, finding in found[TODAY].items() if key[0] in clean and finding.outcome.breaks]


@pytest.mark.parametrize("case", EXPECTED["no_data"], ids=lambda case: case["rule"])
def test_where_a_layer_is_not_complete_nothing_found_is_not_evaluated(case, found):
    outcomes = {found[TODAY][name, case["rule"], case["layer"]].outcome for name in case["buildings"]}
    assert outcomes == {case["outcome"]}


@pytest.mark.parametrize("case", EXPECTED["layer_cases"], ids=lambda case: case["id"])
def test_a_planted_conflict_is_found_as_it_was_planted(case, conflicts):
    names = {case["left"]["name"], *case["right"]["names"]}
    rows = [row for row in conflicts.itertuples() if row.rule == case["rule"] and {row.left, row.right} == names]
    assert len(rows) == (1 if case["conflict"] else 0)
    for row in rows:
        assert row.area_m2 == pytest.approx(case["area_m2"], abs=1e-6)
        assert row.width_m == pytest.approx(case["width_m"], abs=1e-6)
        assert row.certainty == case["certainty"]


def test_no_other_layers_conflict(conflicts):
    planted = {(c["rule"], frozenset({c["left"]["name"], *c["right"]["names"]})) for c in EXPECTED["layer_cases"]}
    planted.add(
        ("C44", frozenset({"东郊永农02", "东岸七街"}))
    )  # the strip of C03 lies on a street of the land survey too
    broken = [row for row in conflicts.itertuples() if row.outcome.breaks]
    assert {(row.rule, frozenset({row.left, row.right})) for row in broken} <= planted
