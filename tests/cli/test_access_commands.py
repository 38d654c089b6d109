"""`luotu office`, `luotu key`, `luotu user`, `luotu audit`."""

import json

import pytest

from workflows.errors import NotAllowedError
from workflows.principals import find_principal


def told(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_an_office_gets_a_key_that_lets_in_until_it_is_revoked(luotu, sample_database):
    assert luotu("office", "add", "bureau", "规划局", "--name-en", "Planning", "--division", "220202").exit_code == 0
    assert luotu("office", "set", "bureau", "--name-en", "Planning bureau").exit_code == 0
    issued = luotu(
        "key", "issue", "bureau", "--role", "planner", "--label", "desk 1", "--district", "2202", "--days", "9"
    )
    key = issued.stdout.strip()
    found = find_principal(sample_database, key=key, local=False)
    assert (found.office.en, found.actor, found.role, found.division) == (
        "Planning bureau",
        "desk 1",
        "planner",
        "2202",
    )
    assert found.offices == {found.office_id}
    (row,) = told(luotu("key", "list", "--format", "json"))
    assert (row["office"], row["holds"]) == ("bureau", True)
    assert luotu("key", "revoke", row["id"]).exit_code == 0
    with pytest.raises(NotAllowedError):
        find_principal(sample_database, key=key, local=False)
    assert luotu("key", "revoke", row["id"]).exit_code == 3
    assert "desk 1" in luotu("key", "list").stdout
    assert "Planning bureau" in luotu("office", "list").stdout


def test_the_old_way_to_a_key_still_is_one(luotu, sample_database):
    key = luotu("db", "key", "old", "老单位", "--role", "auditor").stdout.strip()
    assert find_principal(sample_database, key=key, local=False).role == "auditor"
    assert [each["office"] for each in told(luotu("office", "list", "--format", "json"))] == ["local", "old"]


def test_a_user_is_added_by_the_provider_s_names_listed_and_revoked(luotu):
    luotu("office", "add", "bureau", "规划局")
    refused = luotu("user", "add", "bureau", "7f3a")
    assert refused.exit_code == 2
    assert "LUOTU_OIDC_ISSUER" in refused.output
    assert luotu("user", "add", "bureau", "7f3a", "--issuer", "https://id.example", "--label", "desk 2").exit_code == 0
    (row,) = told(luotu("user", "list", "--format", "json"))
    assert (row["subject"], row["issuer"], row["role"], row["label"]) == (
        "7f3a",
        "https://id.example",
        "surveyor",
        "desk 2",
    )
    assert luotu("user", "revoke", row["id"]).exit_code == 0
    assert "no" in luotu("user", "list").stdout


def test_what_is_wrong_is_said_with_its_remedy(luotu):
    for arguments in (
        ("key", "issue", "nowhere"),
        ("office", "add", "a b", "名称"),
        ("office", "set", "nowhere", "--name", "x"),
        ("key", "issue", "local", "--district", "2"),
        ("user", "revoke", "7"),
    ):
        result = luotu(*arguments)
        assert result.exit_code in {2, 3}, result.output
        assert "Refused" in result.output


def test_the_audit_is_a_table_and_json(luotu):
    assert told(luotu("audit", "--format", "json")) == {"rows": [], "next": None}
    assert "outcome" in luotu("audit", "--outcome", "forbidden").stdout
