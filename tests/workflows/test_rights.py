"""Who may do what: every role, every action, own and other, as the table of docs/stages.md has it."""

import pytest

from geocode import Text
from registry.stages import load_stages
from workflows.errors import ForbiddenError, HiddenError, NotAllowedError
from workflows.principals import Principal
from workflows.rights import allow, find_right, load_rights, shown_to

ROLES = ("public", "surveyor", "planner", "registrar", "auditor", "admin", "local")
OFFICE = Text("某单位", "Some office")
# one letter a role in the order above: d whatever there is, o the own office's, n not the own office's, - nothing
TABLE = {
    ("see", None): "-odddod",
    ("resolve", None): "-oddddd",
    ("resolve", "code"): "doddddd",
    ("upload", None): "-o----d",
    ("upload", "read"): "-oddd-d",
    ("propose", None): "-o----d",
    ("issue_code", None): "--n---d",
    ("issue_code", "clear"): "-on---d",
    ("enter_stage", "survey"): "-od---d",
    ("enter_stage", "planning"): "--d---d",
    ("enter_stage", "registry"): "---d--d",
    ("enter_stage", None): "------d",
    ("keep", "read"): "-oddd-d",
    ("keep", "project"): "-odd--d",
    ("keep", "alias"): "-odd--d",
    ("keep", "unit"): "-o-d--d",
    ("keep", None): "-o-d--d",
    ("read_chain", None): "-oddd-d",
    ("withdraw", "propose"): "--dd--d",
    ("withdraw", "confirm"): "---d--d",
    ("withdraw", "alone"): "------d",
    ("withdraw", None): "-------",
    ("read_findings", None): "-oddd-d",
    ("read_runs", None): "-oddd-d",
    ("compare_plans", None): "--dd--d",
    ("read_blueprint", None): "--ddd-d",
    ("publish", None): "--d---d",
    ("coordinate", None): "--dd--d",
    ("read_layers", "public"): "-dddd-d",
    ("read_layers", "internal"): "-dddd-d",
    ("read_layers", "restricted"): "--ddd-d",
    ("read_layers", None): "-------",
    ("read_documents", None): "-oddd-d",
    ("attach_document", None): "-odd--d",
    ("issue_certificate", None): "-odd--d",
    ("exchange", None): "---d--d",
    ("export", None): "------d",
    ("export", "approved"): "--dd--d",
    ("audit", None): "-o--d-d",
    ("read_audit", None): "----d-d",
    ("verify", None): "ddddddd",
    ("observe", None): "----ddd",
    ("administer", None): "-----od",
}


def outcome(role, action, kind, *, own):
    try:
        allow(Principal(1, OFFICE, "x", role), action, own=own, kind=kind)
    except HiddenError:
        return "hidden"
    except ForbiddenError:
        return "forbidden"
    return "allowed"


EXPECTED = {
    "d": ("allowed", "allowed"),
    "o": ("allowed", "hidden"),
    "n": ("forbidden", "allowed"),
    "-": ("forbidden", "forbidden"),
}


@pytest.mark.parametrize(("action", "kind"), TABLE)
@pytest.mark.parametrize("role", ROLES)
def test_a_cell_of_the_table_is_what_is_allowed(action, kind, role):
    cell = TABLE[action, kind][ROLES.index(role)]
    assert (outcome(role, action, kind, own=True), outcome(role, action, kind, own=False)) == EXPECTED[cell]


def test_the_table_above_has_every_action_and_every_kind():
    kinds = {
        (action, kind)
        for action, rights in load_rights().items()
        for each in rights.values()
        for kind in each.kinds or ()
    }
    assert TABLE.keys() >= kinds | {(action, None) for action in load_rights()}


@pytest.mark.parametrize("action", load_rights())
def test_a_role_that_nobody_knows_may_do_nothing(action):
    kinds = {kind for right in load_rights()[action].values() for kind in right.kinds or ()}
    assert {outcome("king", action, kind, own=own) for kind in (None, *kinds) for own in (True, False)} == {"forbidden"}


def test_every_action_is_of_known_roles():
    assert {role for rights in load_rights().values() for role in rights} == set(ROLES)


def test_the_public_and_administrators_resolve_what_is_public_alone():
    redacted = {
        role
        for role in ROLES
        if (right := find_right(Principal(1, OFFICE, "x", role), "resolve", kind="code")) and right.redacted
    }
    assert redacted == {"public", "admin"}


def test_every_stage_may_be_entered_by_somebody():
    for stage in load_stages():
        roles = [role for role in ROLES[:-1] if outcome(role, "enter_stage", stage.kind, own=True) == "allowed"]
        assert roles


def test_what_is_not_allowed_says_so_in_both_languages():
    with pytest.raises(NotAllowedError, match="“auditor”") as refused:
        allow(Principal(1, OFFICE, "x", "auditor"), "propose")
    assert "auditor" in refused.value.text.zh


@pytest.mark.parametrize(
    ("role", "division", "shown"),
    [
        ("public", None, set()),
        ("king", None, set()),
        ("surveyor", None, {1}),
        ("surveyor", "22", {1}),
        ("planner", None, None),
        ("planner", "22", {1, 2, 3}),
        ("auditor", "22", {1, 2, 3}),
        ("admin", None, {1}),
        ("admin", "22", {1, 2, 3}),
        ("local", None, None),
    ],
)
def test_the_database_shows_the_rows_of_the_offices_that_a_role_may_see_at_all(role, division, shown):
    offices = None if division is None else frozenset({2, 3})
    assert shown_to(Principal(1, OFFICE, "x", role, division, offices)) == shown


def test_while_nobody_is_known_the_database_shows_nothing():
    assert shown_to(None) == frozenset()


# what no office has for itself: codes, layers, the ledger, and what the blueprint says
OF_ALL = {"resolve", "read_layers", "verify", "observe"}


@pytest.mark.parametrize("role", ROLES)
def test_no_right_goes_beyond_what_the_database_shows(role):
    seen = find_right(Principal(1, OFFICE, "x", role), "see")
    for action, rights in load_rights().items():
        if action not in OF_ALL and role in rights:
            right = rights[role]
            assert seen is not None
            assert seen.reach == "district" or right.reach == "own"
            assert right.bound or not seen.bound
