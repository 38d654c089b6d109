"""What happens to buildings by hand, as a registrar lives it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from geocode import parse
from registry.lineage import present_of
from registry.procedures import read_procedure
from store.buildings import add_aliases
from store.database import transaction
from store.errors import GroundTakenError, NotHereError
from store.lives import read_descents, read_lives
from store.units import add_units, held_units
from tests.workflows.conftest import house, on_ground
from workflows.errors import RefusedActError, RefusedEntryError
from workflows.lives import ActRequest
from workflows.projects import join_project, leave_project, list_projects_of, open_project, read_project
from workflows.proposals import carry_out
from workflows.resolving import resolve_building, resolve_names
from workflows.stages import Asked, EntryRequest, enter_stage

LEFT, RIGHT, WHOLE = house(0, 0, 10), house(10, 0, 10), house(0, 0, 20)


@pytest.fixture
def act(database, principal):
    """Return what carries out an act, its footprints in EPSG:4551."""

    def run(what, *codes, footprints=(), **options):
        request = ActRequest(act=what, codes=codes, footprints=on_ground(*footprints), **options)
        return carry_out(database, request, principal=principal)

    return run


@pytest.fixture
def standing(register, deliver):
    """Return what registers houses and returns their codes."""

    def run(*shapes):
        return [row.code for row in register(deliver(list(shapes), f"{len(shapes)}.gpkg")).results]

    return run


def life(database, code):
    with transaction(database) as connection:
        return read_lives(connection, [parse(code).compact])[0]


def refusal(run):
    with pytest.raises(RefusedActError) as caught:
        run()
    assert caught.value.text.zh
    assert caught.value.remedy.en
    return caught.value.kind


def test_a_split_building_has_successors_and_new_codes(database, act, standing):
    (code,) = standing(WHOLE)
    done = act("split", code, footprints=[LEFT, RIGHT])
    assert done["predecessors"] == [code]
    assert len(set(done["successors"]) - {code}) == 2
    old = life(database, code)
    assert (old["closed_as"], old["version"]) == ("split", 1)
    assert [life(database, each)["closed_as"] for each in done["successors"]] == [None, None]
    with transaction(database) as connection:
        descents = read_descents(connection, [parse(code).compact])
    assert {(row.predecessor, row.successor, row.relation) for row in descents} == {
        (parse(code).compact, parse(each).compact, "split") for each in done["successors"]
    }


def test_who_comes_after_a_building_joins_its_projects(database, act, standing, principal):
    one, two, other = standing(LEFT, RIGHT, house(60, 0))
    first, second, left = (open_project(database, name=name, principal=principal)["id"] for name in ("A", "B", "C"))
    join_project(database, first, [one, two], principal=principal, valid_from=date.today() - timedelta(days=9))
    join_project(database, second, [two, other], principal=principal)
    join_project(database, left, [one], principal=principal)
    leave_project(database, left, [one], principal=principal)
    (whole,) = act("merge", one, two, footprints=[WHOLE])["successors"]
    parts = act("split", whole, footprints=[LEFT, RIGHT], survivor=0)["successors"]
    (again,) = act("rebuild", parts[1], footprints=[house(11, 0, 9)])["successors"]
    for code in (whole, parts[1], again):
        with transaction(database) as connection:
            held = {str(row["id"]) for row in list_projects_of(connection, parse(code).compact)}
        assert held == {first, second}
    told = {row["code"]: row for row in read_project(database, first, principal=principal)["buildings"]}
    assert told[whole]["valid_from"] == date.today().isoformat()
    assert told.keys() == {one, two, whole, parts[1], again}


def test_units_and_names_stay_with_a_retired_code_and_are_told(database, act, standing, principal):
    code, _ = standing(WHOLE, house(60, 0))
    with transaction(database) as connection:
        owner = life(database, code)["building_id"]
        common = {"building_id": owner, "office_id": principal.office_id}
        unit = {"id": str(uuid4()), "number": "101", "storey": "1", "area_m2": 80.0, "use": "residential"}
        add_units(connection, [{**common, **unit, "attributes": {}, "salt": "s", "valid_from": date.today()}])
        add_aliases(connection, [{**common, "scheme": "local", "value": "LT-1", "source": "test"}])
    done = act("split", code, footprints=[LEFT, RIGHT])
    assert done["units"] == [{"building": code, "number": "101"}]
    assert done["aliases"] == [{"building": code, "scheme": "local", "value": "LT-1", "unit": None}]
    with transaction(database) as connection:
        assert [row.number for row in held_units(connection, [owner])] == ["101"]
    revised = act("relocate", done["successors"][0], footprints=[house(30, 0, 10)])
    assert revised["units"] == revised["aliases"] == []


def test_a_survivor_of_a_split_keeps_its_code(database, act, standing):
    (code,) = standing(WHOLE)
    done = act("split", code, footprints=[LEFT, RIGHT], survivor=1)
    assert done["survivor"] == done["successors"][1] == code
    now = life(database, code)
    assert (now["closed_as"], now["version"]) == (None, 2)
    assert now["plane_area_m2"] == pytest.approx(120, rel=1e-3)


def test_merged_buildings_lead_to_the_one_they_became(database, act, standing):
    codes = standing(LEFT, RIGHT)
    done = act("merge", *codes, footprints=[WHOLE])
    assert [life(database, code)["closed_as"] for code in codes] == ["merged", "merged"]
    with transaction(database) as connection:
        descents = read_descents(connection, [parse(codes[0]).compact])
    (now,) = {parse(each).compact for each in done["successors"]}
    pairs = [(row.predecessor, row.successor) for row in descents]
    assert present_of(parse(codes[1]).compact, pairs, {now}) == (now,)


def test_a_survivor_of_a_merger_keeps_its_code(database, act, standing):
    first, second = standing(LEFT, RIGHT)
    done = act("merge", first, second, footprints=[WHOLE], survivor=1)
    assert done["successors"] == [second]
    assert (life(database, first)["closed_as"], life(database, second)["closed_as"]) == ("merged", None)
    assert life(database, second)["version"] == 2


def test_a_part_that_was_split_off_comes_back_under_its_own_code_or_a_new_one(database, act, standing):
    (code,) = standing(WHOLE)
    kept, off = act("split", code, footprints=[LEFT, RIGHT], survivor=0)["successors"]
    assert refusal(lambda: act("merge", kept, off, footprints=[WHOLE], survivor=0)) == "came_after"
    assert act("merge", kept, off, footprints=[WHOLE], survivor=1)["successors"] == [off]
    assert (life(database, kept)["closed_as"], life(database, off)["closed_as"]) == ("merged", None)


def test_a_building_rebuilt_on_its_ground_is_the_next_generation(database, act, standing):
    (code,) = standing(WHOLE)
    done = act("rebuild", code, footprints=[house(0.1, 0, 20)], name="新楼", stage="design")
    (new,) = map(parse, done["successors"])
    assert (new.ground, new.generation) == (parse(code).ground, 1)
    assert (life(database, code)["closed_as"], life(database, str(new))["name"]) == ("rebuilt", "新楼")


def test_what_is_built_elsewhere_is_not_rebuilt(act, standing):
    (code,) = standing(WHOLE)
    assert refusal(lambda: act("rebuild", code, footprints=[house(100, 0)])) == "rebuilt_elsewhere"


def test_a_closed_building_gives_up_its_ground_and_is_revived_under_its_code(
    database, act, standing, register, deliver
):
    (code,) = standing(WHOLE)
    act("close", code, reason="demolished")
    assert life(database, code)["closed_as"] == "demolished"
    assert act("revive", code)["successors"] == [code]
    now = life(database, code)
    assert (now["closed_as"], now["version"]) == (None, 2)
    assert refusal(lambda: act("revive", code)) == "still_living"


def test_a_building_cannot_be_revived_where_another_lives(act, standing, register, deliver):
    (code,) = standing(WHOLE)
    act("close", code, reason="demolished")
    (other,) = (row.code for row in register(deliver([house(5, 0, 20)], "later.gpkg")).results)
    with pytest.raises(GroundTakenError, match=other):
        act("revive", code)


def test_a_split_by_mistake_is_undone(database, act, standing):
    (code,) = standing(WHOLE)
    parts = act("split", code, footprints=[LEFT, RIGHT])["successors"]
    assert refusal(lambda: act("revive", code)) == "successor_lives"
    act("close", parts[0], reason="mistaken")
    act("close", parts[1], reason="demolished")
    assert refusal(lambda: act("revive", code)) == "successor_was"
    act("revive", parts[1])
    act("close", parts[1], reason="mistaken")
    act("revive", code)
    with transaction(database) as connection:
        assert read_descents(connection, [parse(code).compact]) == []


def test_a_merger_with_a_survivor_is_undone_when_the_survivor_has_shrunk(database, act, standing, register, deliver):
    first, second = standing(LEFT, RIGHT)
    act("merge", first, second, footprints=[WHOLE], survivor=1)
    with pytest.raises(GroundTakenError):
        act("revive", first)
    register(deliver([RIGHT], "shrunk.gpkg", code=[second]))
    act("revive", first)
    assert life(database, first)["closed_as"] is None


def test_a_moved_building_keeps_its_code(database, act, standing):
    (code,) = standing(WHOLE)
    act("relocate", code, footprints=[house(300, 40)])
    now = life(database, code)
    assert (now["version"], now["closed_as"]) == (2, None)
    assert refusal(lambda: act("relocate", code, footprints=[house(600, 40, 30)])) == "resized"
    assert refusal(lambda: act("relocate", code, footprints=[house(300, 40)])) == "not_moved"


def test_a_basement_that_reaches_beyond_its_house_has_a_code_of_its_own(database, act, standing):
    (code,) = standing(WHOLE)
    (basement,) = act("add_part", code, footprints=[house(-5, -5, 40, 30)], name="地下室")["successors"]
    found = life(database, basement)
    assert (found["kind"], found["part_of"], found["space"]) == ("part", parse(code).compact, "underground")
    assert refusal(lambda: act("close", code, reason="mistaken")) == "parts_live"
    assert refusal(lambda: act("add_part", code, footprints=[house(100, 0)])) == "part_apart"
    assert refusal(lambda: act("add_part", code, footprints=[WHOLE], space="heaven")) == "unknown_space"
    assert refusal(lambda: act("relocate", basement, footprints=[house(300, 0, 40, 30)])) == "wrong_kind"


def test_what_is_below_ground_is_in_nobodys_way_above_it(act, standing, register, deliver):
    (code,) = standing(WHOLE)
    act("add_part", code, footprints=[house(-30, -30, 80, 80)])
    assert [row.outcome for row in register(deliver([house(25, 0)], "beside.gpkg")).results] == ["new"]


def test_nothing_but_a_revival_happens_to_the_closed(act, standing):
    (code,) = standing(WHOLE)
    act("close", code, reason="demolished")
    for what, drawn in (("split", [LEFT, RIGHT]), ("rebuild", [WHOLE]), ("relocate", [house(90, 0)])):
        assert refusal(lambda what=what, drawn=drawn: act(what, code, footprints=drawn)) == "not_living"
    assert refusal(lambda: act("close", code, reason="demolished")) == "not_living"


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ([LEFT], "too_few"),
        ([LEFT, house(200, 0)], "part_elsewhere"),
        ([LEFT, house(8, 0, 12)], "parts_overlap"),
    ],
)
def test_parts_share_out_the_ground_of_the_building(act, standing, parts, kind):
    (code,) = standing(WHOLE)
    assert refusal(lambda: act("split", code, footprints=parts)) == kind


def test_a_merger_is_of_several_buildings_that_it_covers(act, standing):
    first, second, far = standing(LEFT, RIGHT, house(100, 0))
    assert refusal(lambda: act("merge", first, footprints=[WHOLE])) == "too_few"
    assert refusal(lambda: act("merge", first, first, footprints=[WHOLE])) == "named_twice"
    assert refusal(lambda: act("merge", first, far, footprints=[WHOLE])) == "left_out"
    assert refusal(lambda: act("merge", first, second, footprints=[WHOLE], survivor=2)) == "no_such_survivor"


def test_only_what_has_happened_is_registered_and_for_a_reason_that_there_is(act, standing):
    (code,) = standing(WHOLE)
    tomorrow = date.today() + timedelta(days=1)
    assert refusal(lambda: act("close", code, reason="demolished", on=tomorrow)) == "not_yet"
    assert refusal(lambda: act("close", code, reason="split")) == "unknown_reason"


def days_ago(count):
    return date.today() - timedelta(days=count)


@pytest.fixture
def long_standing(database, standing, as_owner):
    """Return what registers houses as if they had been delivered a year ago."""

    def run(*shapes):
        codes = standing(*shapes)
        with transaction(as_owner(database)) as connection:
            connection.execute(text("alter table footprint disable trigger user"))
            connection.execute(text("update footprint set valid_from = current_date - 365"))
            connection.execute(text("alter table footprint enable trigger user"))
        return codes

    return run


def living_on(database, codes, day):
    """Return which of some codes are those of living buildings on a day."""
    rows = resolve_names(database, codes, as_of=day)
    return {row["code"] for row in rows if row["code"] and row["building"]["life"]["state"] == "living"}


def test_an_act_of_before_the_newest_drawing_counts_from_its_day_on(database, act, long_standing, register, deliver):
    (code,) = long_standing(WHOLE)
    assert register(deliver([house(0, 0, 21)], "again.gpkg")).results[0].outcome == "revised"
    halves = act("split", code, footprints=[LEFT, RIGHT], on=days_ago(30))["successors"]
    codes = [code, *halves]
    assert living_on(database, codes, days_ago(31)) == {code}
    for day in (days_ago(30), days_ago(1), date.today()):
        assert living_on(database, codes, day) == set(halves)


def test_a_move_of_before_the_newest_drawing_counts_from_its_day_on(database, act, long_standing, register, deliver):
    (code,) = long_standing(WHOLE)
    register(deliver([house(0, 0, 21)], "again.gpkg"))
    moved = house(90, 0, 21)
    act("relocate", code, footprints=[moved], on=days_ago(30))
    areas = [resolve_building(database, code, as_of=days_ago(n))["properties"]["version"] for n in (31, 30, 0)]
    assert areas == [1, 3, 3]


def test_a_demolition_may_be_known_late(database, act, long_standing, register, deliver):
    left, right = long_standing(house(0, 0, 20), house(20, 0, 20))
    moved = register(deliver([house(0, 0, 17), house(17, 0, 23)], "moved.gpkg"))
    assert [row.code for row in moved.results] == [left, right]
    act("close", right, reason="demolished", on=days_ago(30))
    assert living_on(database, [left, right], days_ago(31)) == {left, right}
    assert living_on(database, [left, right], date.today()) == {left}


def test_nothing_stood_where_another_building_ended_later(database, act, long_standing):
    code, far = long_standing(WHOLE, house(90, 0, 20))
    halves = act("split", code, footprints=[LEFT, RIGHT], on=days_ago(30))["successors"]
    early = days_ago(60)
    assert refusal(lambda: act("merge", *halves, footprints=[WHOLE], on=early)) == "ground_then"
    for half in halves:
        act("close", half, reason="demolished", on=days_ago(10))
    assert refusal(lambda: act("relocate", far, footprints=[WHOLE], on=days_ago(20))) == "ground_then"
    act("relocate", far, footprints=[WHOLE], on=days_ago(10))
    codes = [code, far, *halves]
    assert [len(living_on(database, codes, days_ago(n))) for n in (40, 20, 10, 0)] == [2, 3, 1, 1]


def test_what_never_was_a_building_is_in_nobodys_way(act, long_standing):
    code, wrong = long_standing(WHOLE, house(90, 0, 20))
    act("close", wrong, reason="mistaken")
    act("relocate", code, footprints=[house(90, 0, 20)], on=days_ago(10))


def test_nobody_is_revived_where_another_building_stood_meanwhile(act, long_standing):
    code, other = long_standing(WHOLE, house(90, 0, 20))
    act("close", code, reason="demolished", on=days_ago(40))
    act("relocate", other, footprints=[WHOLE], on=days_ago(30))
    act("close", other, reason="demolished", on=days_ago(10))
    assert refusal(lambda: act("revive", code)) == "ground_meanwhile"


def test_a_mistaken_closure_is_not_revoked_where_another_was_registered_for_the_days_before_it(act, long_standing):
    code, other = long_standing(WHOLE, house(90, 0, 20))
    act("close", code, reason="mistaken", on=days_ago(5))
    act("relocate", other, footprints=[WHOLE], on=days_ago(40))
    act("relocate", other, footprints=[house(90, 0, 20)], on=days_ago(30))
    with pytest.raises(RefusedActError) as refused:
        act("revive", code)
    assert refused.value.kind == "ground_meanwhile"
    assert f"{days_ago(40)} until {days_ago(30)}" in refused.value.text.en


def test_nobody_is_revived_before_they_were_closed(act, long_standing):
    (code,) = long_standing(WHOLE)
    act("close", code, reason="mistaken", on=days_ago(5))
    assert refusal(lambda: act("revive", code, on=days_ago(6))) == "revived_early"
    assert act("revive", code, on=days_ago(5))["successors"] == [code]


def test_a_part_is_not_dated_to_when_its_own_building_stood_there(act, long_standing):
    (code,) = long_standing(house(0, 0, 20))
    act("relocate", code, footprints=[house(22, 0, 20)], on=days_ago(10))
    part = house(12, 0, 10)
    assert refusal(lambda: act("add_part", code, footprints=[part], space="surface", on=days_ago(11))) == "ground_then"
    assert len(act("add_part", code, footprints=[part], space="surface", on=days_ago(10))["successors"]) == 1


def test_a_stage_has_no_geometry_where_a_neighbour_still_stood(database, principal, act, long_standing):
    code, neighbour = long_standing(LEFT, RIGHT)
    act("close", neighbour, reason="demolished", on=days_ago(10))
    procedure = read_procedure('[[stage]]\ncode = "completion_survey"\nafter = []\ndocuments = []', file="stages.toml")
    asked = Asked(name=code, principal=principal, procedure=procedure)

    def survey(day):
        geometry = on_ground(house(0, 0, 12))[0]
        return EntryRequest(stage="completion_survey", occurred_on=day, height_m=9.0, geometry=geometry)

    with pytest.raises(RefusedEntryError) as refused:
        enter_stage(database, asked, survey(days_ago(20)))
    assert [fault.kind for fault in refused.value.faults] == ["geometry_then"]
    assert enter_stage(database, asked, survey(days_ago(10)))["version"] == 2


def test_an_act_upon_nobody_is_told_so(act, standing):
    (code,) = standing(WHOLE)
    with pytest.raises(NotHereError):
        act("close", str(parse(code).with_generation(7)), reason="demolished")


def test_of_two_who_split_a_building_at_once_one_wins_and_the_other_is_told(database, act, standing):
    for place in range(4):
        (code,) = standing(house(0, 60 * place))
        parts = [house(0, 60 * place, 10), house(10, 60 * place, 10)]

        def split(_, code=code, parts=parts):
            try:
                return act("split", code, footprints=parts)["successors"]
            except RefusedActError as error:
                return error.kind

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(split, range(2)))
        assert sorted(map(type, answers), key=str) == [list, str]
        assert "not_living" in answers
    with transaction(database) as connection:
        assert connection.execute(text("select count(*) from footprint where replaced_at is null")).scalar_one() == 8
