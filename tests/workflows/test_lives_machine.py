"""Whatever happens to buildings, in whatever order: the laws of the register hold after every step."""

from collections import Counter
from datetime import date
from typing import ClassVar

import hypothesis
import shapely
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from geocode import FootprintError, parse
from registry.lineage import descendants, find_circle
from store.errors import GroundTakenError
from store.ledger import append_events
from store.lives import read_lives
from tests.workflows.conftest import house, on_ground
from workflows.changes import Changes, write_changes
from workflows.drawings import draw_footprints
from workflows.errors import RefusedActError
from workflows.lives import ActRequest, perform
from workflows.principals import resolve_principal
from workflows.succession import issue_all, refuse_taken

LAW_NAMES = ("overlapping", "without_state", "untold")
LAWS = """
    select
        (select count(*) from footprint a
         join footprint b on a.geom && b.geom and a.space = b.space and a.building_id < b.building_id
         where a.replaced_at is null and b.replaced_at is null
           and ST_Area(ST_Intersection(a.geom, b.geom)) > 0.05 * least(ST_Area(a.geom), ST_Area(b.geom))),
        -- living, with one current footprint and no closure that stands; or closed, with one and none
        (select count(*) from building b where
            (select count(*) from footprint f where f.building_id = b.id and f.replaced_at is null)
            + (select count(*) from closure c where c.building_id = b.id and c.revoked_at is null) <> 1),
        (select count(*) from footprint f where not exists (select from event e where e.building_id = f.building_id))
"""
LINEAGE = """
    select p.code, s.code from lineage l join building p on p.id = l.predecessor_id join building s on s.id = l.successor_id
    where l.revoked_at is null
"""
RETIRED = """
    select b.code from closure c join building b on b.id = c.building_id
    where c.revoked_at is null and c.reason in ('split', 'merged', 'rebuilt')
"""
widths = st.sampled_from([6, 10, 14, 20])
places = st.tuples(st.integers(0, 5), st.integers(0, 2))
shifts = st.sampled_from([0.0, 0.02, 1.5, 9.0])
choices = st.integers(0, 10_000)


class Register(RuleBasedStateMachine):
    """A quarter of eighteen sites, on which buildings come and go; the steps are undone when the machine ends."""

    database = None
    happened: ClassVar[Counter[str]] = Counter()

    @initialize()
    def open(self):
        self.connection = self.database.connect()
        self.whole = self.connection.begin()
        self.principal = resolve_principal(self.connection, key=None, local=True)
        self.codes = []

    def teardown(self):
        if hasattr(self, "whole"):
            self.whole.rollback()
            self.connection.close()

    @rule(place=places, width=widths, shift=shifts)
    def register(self, place, width, shift):
        shape = on_ground(house(22 * place[0] + shift, 20 * place[1], width))

        def work():
            (drawing,) = draw_footprints(shape)
            refuse_taken(self.connection, shape, space="surface", plane="EPSG:4551", without=[])
            changes = Changes(self.principal, date.today())
            (code,) = issue_all(self.connection, [drawing.code])
            changes.register(code, {**drawing.measures, "stage": "design"})
            append_events(self.connection, write_changes(self.connection, changes))
            return [str(code)]

        self.attempt(work, "register")

    @precondition(lambda self: self.codes)
    @rule(which=choices, shift=shifts)
    def revise(self, which, shift):
        def work():
            (life,) = self.lives(self.pick(which))
            if life["closed_as"] is not None:
                return []
            shape = [shapely.affinity.translate(life["geom"], shift * 1e-5, 0)]
            (drawing,) = draw_footprints(shape)
            refuse_taken(
                self.connection, shape, space=life["space"], plane=life["plane"], without=[life["building_id"]]
            )
            changes = Changes(self.principal, date.today())
            changes.revise(life, {**drawing.measures, "stage": "design", "space": life["space"]})
            append_events(self.connection, write_changes(self.connection, changes))
            return []

        self.attempt(work, "revise")

    @precondition(lambda self: self.codes)
    @rule(which=choices, share=st.sampled_from([0.3, 0.5, 0.7]), survivor=st.sampled_from([None, None, 0, 1]))
    def split(self, which, share, survivor):
        (life,) = self.lives(self.pick(which))
        west, south, east, north = life["geom"].bounds
        wall = west + share * (east - west)
        parts = [
            life["geom"].intersection(shapely.box(*side))
            for side in ((west, south, wall, north), (wall, south, east, north))
        ]
        self.act("split", which, footprints=parts, survivor=survivor)

    @precondition(lambda self: len(self.codes) > 1)
    @rule(
        which=st.lists(choices, min_size=2, max_size=3),
        survivor=st.sampled_from([None, None, 0, 1]),
        near=st.booleans(),
    )
    def merge(self, which, survivor, near):
        codes = [self.pick(each) for each in which]
        if near:
            codes = self.neighbours(codes[0])[:2]
        shape = shapely.union_all([life["geom"] for life in self.lives(*codes)])
        self.attempt(lambda: self.performed("merge", codes, footprints=[shape], survivor=survivor), "merge")

    @precondition(lambda self: self.codes)
    @rule(which=choices, shift=shifts)
    def rebuild(self, which, shift):
        (life,) = self.lives(self.pick(which))
        self.act("rebuild", which, footprints=[shapely.affinity.translate(life["geom"], shift * 1e-5, 0)])

    @precondition(lambda self: self.codes)
    @rule(which=choices, place=places)
    def relocate(self, which, place):
        (life,) = self.lives(self.pick(which))
        west, south = life["geom"].bounds[:2]
        corner = on_ground(house(22 * place[0], 20 * place[1]))[0].bounds
        moved = shapely.affinity.translate(life["geom"], corner[0] - west, corner[1] - south)
        self.act("relocate", which, footprints=[moved])

    @precondition(lambda self: self.codes)
    @rule(which=choices, space=st.sampled_from(["underground", "underground", "surface"]))
    def add_part(self, which, space):
        (life,) = self.lives(self.pick(which))
        self.act("add_part", which, footprints=[life["geom"].buffer(3e-5).envelope], space=space)

    @precondition(lambda self: self.codes)
    @rule(which=choices, reason=st.sampled_from(["demolished", "mistaken", "mistaken"]))
    def close(self, which, reason):
        self.act("close", which, reason=reason)

    @precondition(lambda self: self.codes)
    @rule(which=choices)
    def revive(self, which):
        closed = [life["code"] for life in self.lives(*self.codes) if life["closed_as"]]
        if closed:
            code = closed[which % len(closed)]
            self.attempt(lambda: self.performed("revive", [code]), "revive")

    @invariant()
    def the_laws_hold(self):
        if not hasattr(self, "connection"):
            return
        self.happened["step"] += 1
        found = self.connection.execute(text(LAWS)).one()
        assert dict(zip(LAW_NAMES, found, strict=True)) == dict.fromkeys(LAW_NAMES, 0)
        descents = [tuple(row) for row in self.connection.execute(text(LINEAGE))]
        assert find_circle(descents) is None
        for (code,) in self.connection.execute(text(RETIRED)):
            assert list(descendants(code, descents)), code
        assert [life["code"] for life in self.lives(*self.codes)] == self.codes

    def pick(self, which):
        return self.codes[which % len(self.codes)]

    def lives(self, *codes):
        return read_lives(self.connection, list(codes))

    def neighbours(self, code):
        (life,) = self.lives(code)
        living = [each for each in self.lives(*self.codes) if each["closed_as"] is None]
        return [each["code"] for each in sorted(living, key=lambda each: each["geom"].distance(life["geom"]))]

    def act(self, what, which, **options):
        code = self.pick(which)
        self.attempt(lambda: self.performed(what, [code], **options), what)

    def performed(self, what, codes, **options):
        request = ActRequest(act=what, codes=codes, **options)
        return perform(self.connection, request, principal=self.principal)["successors"]

    def attempt(self, work, what):
        """Do something that the laws may refuse; what is refused leaves nothing behind."""
        attempt = self.connection.begin_nested()
        try:
            codes = work()
        except (RefusedActError, GroundTakenError, FootprintError):
            attempt.rollback()
            self.happened[f"refused {what}"] += 1
        else:
            self.happened[what] += 1
            attempt.commit()
            self.codes += [code for code in (parse(each).compact for each in codes) if code not in self.codes]


def test_the_laws_hold_whatever_happens(database):
    Register.database, Register.happened = database, Counter()
    is_search = hypothesis.settings.get_current_profile_name() == "search"
    examples, steps = (250, 60) if is_search else (10, 30)
    run_state_machine_as_test(
        Register, settings=hypothesis.settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )
    print(dict(Register.happened))  # noqa: T201 - shown by -s: how often what happened
    assert Register.happened["step"] >= (10_000 if is_search else 100)
    assert all(Register.happened[act] for act in ("register", "split", "merge", "rebuild", "close", "revive"))
