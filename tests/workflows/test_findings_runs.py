"""Findings that are kept: computed again to the same hash, and if not, the finding and the field are named."""

import json
from datetime import date

import pytest
from sqlalchemy import text

from store.database import transaction
from store.runs import canonical_sha256
from tests.conftest import SAMPLES, principal_in
from tests.samples.conftest import read_delivery
from workflows.checking import check_file
from workflows.delivery_options import DeliveryOptions
from workflows.recomputing import verify_run
from workflows.runs import show_run
from workflows.terms import Terms

DAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """Return a delivery of two buildings of the survey."""
    folder = tmp_path_factory.mktemp("survey")
    rows = read_delivery(SAMPLES / "survey.zip", folder)
    rows[rows["建筑名称"].isin(["滨溪4号楼", "望溪4号楼"])].to_file(folder / "two.gpkg")
    return folder / "two.gpkg"


@pytest.fixture
def kept(sample_database, settings, survey):
    """Return the terms, and what was said of the survey's footprints, kept."""
    terms = Terms(principal_in(sample_database), settings, DAY)
    _, told = check_file(sample_database, survey, options=DeliveryOptions(), terms=terms, keep=True)
    return terms, told


def test_kept_findings_are_computed_again_to_the_same_hash(sample_database, settings, kept):
    terms, told = kept
    assert len({row["run"] for row in told}) == 1
    verified = verify_run(sample_database, told[0]["run"], principal=terms.principal, settings=settings)
    assert (verified["verdict"], verified["differences"]) == ("same", [])
    run = show_run(sample_database, told[0]["run"], principal=terms.principal)
    assert run["sha256"] == told[0]["sha256"]
    assert len(run["result"]["footprints"]) == len(told) == 2
    assert run["inputs"]["editions"]["GH2209"]


def test_the_finding_and_the_field_that_differ_are_named(sample_database, settings, kept, as_owner):
    terms, told = kept
    run = show_run(sample_database, told[0]["run"], principal=terms.principal)
    forged = json.loads(json.dumps(run["result"]))
    footprint = next(row for row in forged["footprints"] if row["name"] == "滨溪4号楼")
    finding = next(row for row in footprint["findings"] if row["rule"] == "R15")
    assert finding["outcome"] == "fail"
    finding["outcome"] = "pass"
    with transaction(as_owner(sample_database)) as connection:
        connection.execute(text("set local session_replication_role = replica"))
        values = {"result": json.dumps(forged), "sha256": canonical_sha256(forged), "id": run["id"]}
        change = "update run set result = cast(:result as jsonb), result_sha256 = :sha256 where id = :id"
        connection.execute(text(change), values)
    verified = verify_run(sample_database, run["id"], principal=terms.principal, settings=settings)
    path = f"footprints[{footprint['code']}]/findings[R15 GH2209]/outcome"
    assert verified["verdict"] == "differs"
    assert verified["differences"] == [{"path": path, "kept": "pass", "recomputed": "fail"}]


def test_findings_that_are_not_kept_name_no_run(sample_database, settings, survey):
    terms = Terms(principal_in(sample_database), settings, DAY)
    _, told = check_file(sample_database, survey, options=DeliveryOptions(), terms=terms)
    assert "run" not in told[0]
