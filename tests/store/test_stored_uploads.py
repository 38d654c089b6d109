"""Uploads: one delivery, what became of each of its rows, and who may see it."""

import hashlib
import uuid

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from store.database import transaction
from store.errors import NotHereError
from store.uploads import (
    add_account,
    add_upload,
    add_upload_rows,
    claim_content,
    find_upload,
    get_upload,
    upload_rows,
)

HASH = hashlib.sha256(b"delivery").hexdigest()
OPTIONS = {"n": "survey"}


def row(desk, number, *, outcome="refused", **values):
    empty = {"source_id": None, "name": None, "building_id": None, "area_m2": None, "fault": None}
    return {
        **empty,
        "upload_id": desk.upload_id,
        "office_id": desk.office_id,
        "row_number": number,
        "outcome": outcome,
        **values,
    }


def columns(rows):
    return {name: [each[name] for each in rows] for name in rows[0]}


def test_an_upload_is_found_by_its_content_and_options(connection, desk):
    wanted = {"office_id": desk.office_id, "sha256": HASH, "options": OPTIONS}
    assert find_upload(connection, **wanted) == desk.upload_id
    assert find_upload(connection, **{**wanted, "options": {"n": "survey", "mode": "good"}}) is None
    assert find_upload(connection, **{**wanted, "sha256": "0" * 64}) is None


def test_the_order_of_options_does_not_matter(connection, desk):
    values = {"office_id": desk.office_id, "document_id": desk.document_id, "actor": "a", "report": {}}
    added = add_upload(connection, {**values, "options": {"crs": None, "mode": "all"}})
    options = {"mode": "all", "crs": None}
    assert find_upload(connection, office_id=desk.office_id, sha256=HASH, options=options) == added


def test_the_same_content_with_the_same_options_is_uploaded_once(connection, desk):
    values = {"office_id": desk.office_id, "document_id": desk.document_id, "actor": "a", "report": {}}
    with pytest.raises(IntegrityError, match="upload_office_id_document_id_options_key"):
        add_upload(connection, {**values, "options": OPTIONS})


def test_an_upload_comes_with_its_rows_in_file_order(connection, desk, on_ground, house_codes):
    ((code, building),) = desk.add(connection, on_ground(shapely.box(0, 0, 20, 10)), house_codes(1)).items()
    fault = {"kind": "self_intersection", "x": 126.5}
    rows = [row(desk, 2, fault=fault), row(desk, 0, outcome="new", building_id=building, area_m2=200.0), row(desk, 1)]
    add_upload_rows(connection, columns(rows))
    found = get_upload(connection, desk.upload_id, office_id=desk.office_id)
    assert (found["file"], found["sha256"], found["actor"]) == ("a.zip", HASH, "test")
    kept = list(upload_rows(connection, desk.upload_id))
    assert [(each["row_number"], each["outcome"], each["code"]) for each in kept] == [
        (0, "new", code),
        (1, "refused", None),
        (2, "refused", None),
    ]
    assert kept[2]["fault"] == fault


def test_what_is_told_at_the_end_counts_before_what_was_said_at_the_beginning(connection, desk):
    add_account(connection, desk.upload_id, office_id=desk.office_id, told={"rows": 7, "notes": ["n"]})
    report = get_upload(connection, desk.upload_id, office_id=desk.office_id)["report"]
    assert (report["rows"], report["notes"]) == (7, ["n"])


def test_an_upload_without_rows_is_an_upload(connection, desk):
    add_upload_rows(connection, dict.fromkeys(row(desk, 0), ()))
    assert list(upload_rows(connection, desk.upload_id)) == []


def test_a_row_has_one_outcome(connection, desk):
    with pytest.raises(IntegrityError, match="upload_row_pkey"):
        add_upload_rows(connection, columns([row(desk, 0), row(desk, 0)]))


def test_an_outcome_is_one_of_four(connection, desk):
    with pytest.raises(IntegrityError, match="upload_row_outcome_check"):
        add_upload_rows(connection, columns([row(desk, 0, outcome="perhaps")]))


def test_another_office_sees_nothing(connection, desk, other_desk):
    with pytest.raises(NotHereError) as theirs:
        get_upload(connection, desk.upload_id, office_id=other_desk.office_id)
    missing = str(uuid.uuid4())
    with pytest.raises(NotHereError) as nobodys:
        get_upload(connection, missing, office_id=other_desk.office_id)
    # word for word as for an upload that never was
    assert str(theirs.value).replace(desk.upload_id, "") == str(nobodys.value).replace(missing, "")
    assert find_upload(connection, office_id=other_desk.office_id, sha256=HASH, options=OPTIONS) is None


@pytest.mark.parametrize("identity", ["", "1", "not-an-id", "' or true --", "\0", "%s", "建筑"])
def test_what_is_no_id_is_the_id_of_nothing(connection, desk, identity):
    with pytest.raises(NotHereError):
        get_upload(connection, identity, office_id=desk.office_id)
    assert connection.execute(text("select 1")).scalar_one() == 1  # the transaction lives


def test_an_id_is_read_however_it_is_written(connection, desk):
    for written in (desk.upload_id.upper(), f"{{{desk.upload_id}}}", f"urn:uuid:{desk.upload_id}"):
        assert get_upload(connection, written, office_id=desk.office_id)["id"] == desk.upload_id


def test_the_twin_of_a_delivery_waits_until_it_is_answered(scratch):
    def claim(connection, *, office_id=1, sha256=HASH):
        claim_content(connection, office_id=office_id, sha256=sha256)

    with transaction(scratch) as first, transaction(scratch) as second:
        claim(first)
        second.execute(text("set local lock_timeout = '50ms'"))
        claim(second, office_id=2)
        claim(second, sha256="0" * 64)
        with pytest.raises(DBAPIError, match="lock timeout"), second.begin_nested():
            claim(second)
