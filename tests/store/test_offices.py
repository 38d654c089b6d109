"""Offices and their keys."""

from sqlalchemy import text

from store.offices import add_key, find_key, have_office


def test_an_office_is_there_once(connection):
    first = have_office(connection, code="jl", name_zh="勘测院", name_en="Survey")
    again = have_office(connection, code="jl", name_zh="另一名", name_en="Another name")
    assert again == first
    assert (first.code, first.name_zh) == ("jl", "勘测院")


def test_a_key_is_known_by_its_office_role_and_label(connection, desk):
    key = add_key(connection, office_id=desk.office_id, role="planner", label="field laptop").key
    found = find_key(connection, key)
    assert (found.id, found.name_en, found.role, found.label) == (
        desk.office_id,
        "survey office",
        "planner",
        "field laptop",
    )


def test_a_key_itself_is_stored_nowhere(connection, desk):
    key = add_key(connection, office_id=desk.office_id, role="planner", label="field laptop").key
    stored = connection.execute(text("select row_to_json(k)::text from api_key k")).scalar_one()
    assert key not in stored
    assert key.removeprefix("luotu_") not in stored


def test_keys_differ(connection, desk):
    keys = {add_key(connection, office_id=desk.office_id, role="admin", label="x").key for _ in range(20)}
    assert len(keys) == 20
    assert min(map(len, keys)) > 40


def test_a_revoked_key_is_unknown(connection, desk):
    kept, revoked = (add_key(connection, office_id=desk.office_id, role="planner", label=label).key for label in "ab")
    connection.execute(text("update api_key set revoked_at = now() where label = 'b'"))
    assert find_key(connection, revoked) is None
    assert find_key(connection, kept).label == "a"


def test_what_is_no_key_is_unknown(connection, desk):
    key = add_key(connection, office_id=desk.office_id, role="planner", label="field laptop").key
    stored = connection.execute(text("select key_sha256 from api_key")).scalar_one()
    for wrong in ("", key[:-1], key + " ", key.upper(), stored, "' or true --", "\0", "钥匙"):
        assert find_key(connection, wrong) is None
