"""Whatever happens to buildings, in whatever order: the laws of the register hold after every step, and its ledger verifies."""

from collections import Counter
from datetime import date, timedelta
from hashlib import sha256
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
from registry.stages import check_chain, load_stages, next_stages, put_in_order
from store.database import transaction
from store.errors import GroundTakenError
from store.ledger import append_events
from store.lives import read_lives
from store.stages import stage_entries
from tests.conftest import settings_for
from tests.workflows.conftest import house, on_ground
from tests.workflows.test_entering_stages import NUMBERS
from workflows.attaching import AttachOptions, Delivered, attach_file
from workflows.changes import Changes, write_changes
from workflows.delivery_options import DeliveryOptions
from workflows.drawings import draw_footprints
from workflows.errors import ChangedMeanwhileError, RefusedActError, RefusedDeliveryError, RefusedEntryError
from workflows.ground import refuse_taken
from workflows.lives import ActRequest
from workflows.principals import resolve_principal
from workflows.projects import join_project, leave_project, open_project
from workflows.proposals import carry_out
from workflows.resolving import resolve_names
from workflows.reviews import decide_review, find_reviews
from workflows.stages import Asked, EntryRequest, as_entry, enter_stage, standing, withdraw_entry
from workflows.succession import issue_all
from workflows.uploading import upload_file
from workflows.verifying import verify_connection

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
# on a day: what was registered by mistake never was a building
OVERLAPPING_THEN = """
    with standing as (
        select distinct on (f.building_id) f.building_id, f.space, f.geom
        from footprint f
        where f.valid_from <= :day
          and not exists (select from closure c where c.building_id = f.building_id and c.revoked_at is null
                          and (c.closed_on <= :day or c.reason = 'mistaken'))
        order by f.building_id, f.version desc
    )
    select count(*) from standing a
    join standing b on a.geom && b.geom and a.space = b.space and a.building_id < b.building_id
    where ST_Area(ST_Intersection(a.geom, b.geom)) > 0.051 * least(ST_Area(a.geom), ST_Area(b.geom))
"""
AGO = (0, 0, 1, 0, 30, 400, 0)
LINEAGE = """
    select p.code, s.code from lineage l join building p on p.id = l.predecessor_id join building s on s.id = l.successor_id
    where l.revoked_at is null
"""
RETIRED = """
    select b.code from closure c join building b on b.id = c.building_id
    where c.revoked_at is null and c.reason in ('split', 'merged', 'rebuilt')
"""
REFUSALS = (
    ChangedMeanwhileError,
    FootprintError,
    GroundTakenError,
    RefusedActError,
    RefusedDeliveryError,
    RefusedEntryError,
)
PAPER = b"%PDF-1.7 a document of any kind"
STAGES = load_stages()
widths = st.sampled_from([6, 10, 14, 20])
places = st.tuples(st.integers(0, 5), st.integers(0, 2))
shifts = st.sampled_from([0.0, 0.02, 1.5, 9.0])
choices = st.integers(0, 10_000)
days_ago = st.sampled_from([0, 0, 1, 30, 400])


class UndoneDatabase:
    """A database and its only connection: what a transaction commits is a savepoint of one that is undone in the end."""

    def __init__(self, connection):
        self._connection = connection

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def connect(self):
        return self

    def begin(self):
        return self._connection.begin_nested()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


class Register(RuleBasedStateMachine):
    """A quarter of eighteen sites, on which buildings come and go; the steps are undone when the machine ends."""

    opened = settings = None
    happened: ClassVar[Counter[str]] = Counter()

    @initialize()
    def open(self):
        self.connection = self.opened.connect()
        self.whole = self.connection.begin()
        self.database = UndoneDatabase(self.connection)
        self.principal = resolve_principal(self.connection, key=None, local=True)
        self.project = open_project(self.database, name="A quarter", principal=self.principal)["id"]
        self.codes, self.is_sound, self.acts = [], True, 0

    def teardown(self):
        if not hasattr(self, "whole"):
            return
        try:
            if self.is_sound:
                self.the_ledger_verifies_and_codes_resolve()
        finally:
            self.whole.rollback()
            self.connection.close()

    @rule(place=places, width=widths, shift=shifts, ago=st.sampled_from([500, 500, 0]))
    def register(self, place, width, shift, ago):
        shape = on_ground(house(22 * place[0] + shift, 20 * place[1], width))

        def work():
            with transaction(self.database) as connection:
                (drawing,) = draw_footprints(shape)
                refuse_taken(connection, shape, space="surface", plane="EPSG:4551", without=[])
                # long ago, as if it had been delivered then
                changes = Changes(self.principal, date.today() - timedelta(days=ago))
                (code,) = issue_all(connection, [drawing.code])
                changes.register(code, {**drawing.measures, "stage": "design"})
                append_events(connection, write_changes(connection, changes))
            return [str(code)]

        self.attempt(work, "register")

    @rule(
        which=st.lists(choices, max_size=3, unique=True),
        new=st.lists(st.tuples(places, widths), max_size=2),
        shift=shifts,
        stage=st.sampled_from(["design", "design", "completion_survey"]),
    )
    def upload(self, which, new, shift, stage):
        known = [self.pick(each) for each in which if self.codes]
        shapes = [
            shapely.affinity.translate(life["geom"], shift * 1e-5, 0) for life in self.lives(*dict.fromkeys(known))
        ]
        shapes += [on_ground(house(22 * x + shift, 20 * y, width))[0] for (x, y), width in new]
        features = ",".join(
            f'{{"type":"Feature","properties":{{}},"geometry":{shapely.to_geojson(shape)}}}' for shape in shapes
        )
        path = self.settings.home / "survey.geojson"
        path.write_text(f'{{"type":"FeatureCollection","features":[{features}]}}')

        def work():
            report = upload_file(
                self.database,
                path,
                principal=self.principal,
                documents=self.settings.documents,
                options=DeliveryOptions(stage=stage, mode="good"),
            )
            self.happened.update(f"uploaded {row.outcome}" for row in report.results)
            return [row.code for row in report.results if row.code]

        if shapes:
            self.attempt(work, "upload")

    @rule(which=choices, decision=st.sampled_from(["accept", "accept", "reject"]))
    def decide(self, which, decision):
        waiting = find_reviews(self.database, principal=self.principal)
        if waiting:
            review = waiting[which % len(waiting)]["id"]

            def work():
                told = decide_review(self.database, review, principal=self.principal, decision=decision)
                return [code for relation in told["relations"] for code in relation["codes"]]

            self.attempt(work, decision)

    @precondition(lambda self: self.codes)
    @rule(
        which=choices,
        stage=choices,
        fitting=st.sampled_from([True, True, False]),
        ago=days_ago,
        papers=st.sampled_from([True, True, True, False]),
        shift=st.sampled_from([None, 0.0, 0.0, 0.02, 9.0]),
        more=st.integers(0, 5),
    )
    def enter(self, which, stage, fitting, ago, papers, shift, more):
        for step in range(more + 1):
            self.enter_one(which, stage + step, fitting, ago, papers, shift)

    def enter_one(self, which, stage, fitting, ago, papers, shift):
        code = self.pick(which)
        known = self.entries()[code]
        among = (next_stages(known, STAGES) if fitting else None) or STAGES
        wanted = among[stage % len(among)]
        (life,) = self.lives(code)
        drawn = None if shift is None else shapely.affinity.translate(life["geom"], shift * 1e-5, 0)

        def work():
            request = EntryRequest(
                stage=wanted.code,
                occurred_on=date.today() - timedelta(days=ago),
                certificate=NUMBERS.get(wanted.code) if papers else None,
                documents=[self.attach(code, kind) for kind in wanted.documents] if papers else (),
                height_m=12.0 if papers else None,
                geometry=drawn,
            )
            enter_stage(self.database, Asked(name=code, principal=self.principal), request)
            self.happened[f"entered {wanted.code}"] += 1
            return []

        self.attempt(work, "enter")

    @precondition(lambda self: self.codes)
    @rule(which=choices, entry=choices)
    def withdraw(self, which, entry):
        code = self.pick(which)
        known = self.entries()[code]
        if known:
            number, asked = known[entry % len(known)].number, Asked(name=code, principal=self.principal)
            self.attempt(lambda: withdraw_entry(self.database, asked, number, reason="wrong") and [], "withdraw")

    @precondition(lambda self: self.codes)
    @rule(which=choices, joins=st.sampled_from([True, True, False]))
    def join_or_leave(self, which, joins):
        work, code = join_project if joins else leave_project, self.pick(which)
        self.attempt(
            lambda: work(self.database, self.project, [code], principal=self.principal) and [],
            "join" if joins else "leave",
        )

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
        near=st.sampled_from([True, True, False]),
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
        self.is_sound = False
        self.happened["step"] += 1
        found = self.connection.execute(text(LAWS)).one()
        assert dict(zip(LAW_NAMES, found, strict=True)) == dict.fromkeys(LAW_NAMES, 0)
        descents = self.descents()
        assert find_circle(descents) is None
        for (code,) in self.connection.execute(text(RETIRED)):
            assert list(descendants(code, descents)), code
        assert [life["code"] for life in self.lives(*self.codes)] == self.codes
        for code, entries in self.entries().items():
            assert check_chain(entries, STAGES) == [], code
        self.is_sound = True

    def the_ledger_verifies_and_codes_resolve(self):
        assert verify_connection(self.connection, self.settings).findings == []
        for ago in (0, *(days + step for days in AGO[2:] for step in (0, 1))):
            day = date.today() - timedelta(days=ago)
            assert self.connection.execute(text(OVERLAPPING_THEN), {"day": day}).scalar_one() == 0
        rows = resolve_names(self.database, self.codes, principal=self.principal)
        assert [row["code"] and parse(row["code"]).compact for row in rows] == self.codes
        lives = {life["code"]: life for life in self.lives(*self.codes)}
        living = {code for code, life in lives.items() if life["closed_as"] is None}
        descents, entries = self.descents(), self.entries()
        for code, row in zip(self.codes, rows, strict=True):
            after = {parse(each).compact for each in row["successors"]}
            later = living & set(descendants(code, descents)) if code not in living else set()
            assert after <= later
            assert bool(after) == bool(later)
            chain = put_in_order(entries[code], STAGES)
            stage = chain[-1].stage if chain else lives[code]["stage"]
            assert row["building"]["stage"]["code"] == stage

    def entries(self):
        """Return the entries that stand, by the compact codes of the buildings."""
        codes = {life["building_id"]: life["code"] for life in self.lives(*self.codes)}
        found = {code: [] for code in codes.values()}
        for row in standing(stage_entries(self.connection, list(codes))):
            found[codes[row["building_id"]]].append(as_entry(row))
        return found

    def descents(self):
        return [tuple(row) for row in self.connection.execute(text(LINEAGE))]

    def attach(self, code, kind):
        path = self.settings.home / "paper.pdf"
        path.write_bytes(PAPER)
        paper = Delivered(path, sha256(PAPER).hexdigest(), len(PAPER), "application/pdf", "paper.pdf")
        told = attach_file(
            self.database,
            code,
            paper,
            principal=self.principal,
            documents=self.settings.documents,
            options=AttachOptions(kind=kind),
        )
        return told["id"]

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
        self.acts += 1
        on = date.today() - timedelta(days=AGO[self.acts % len(AGO)])
        request = ActRequest(act=what, codes=codes, on=on, **options)
        return carry_out(self.database, request, principal=self.principal)["successors"]

    def attempt(self, work, what):
        """Do something that the laws may refuse; what is refused leaves nothing behind."""
        self.is_sound = False
        try:
            codes = work()
        except REFUSALS:
            self.happened[f"refused {what}"] += 1
        else:
            self.happened[what] += 1
            self.codes += [code for code in (parse(each).compact for each in codes) if code not in self.codes]


def test_the_laws_hold_whatever_happens(database, tmp_path, request):
    Register.opened, Register.happened = database, Counter()
    Register.settings = settings_for(database, tmp_path)
    is_search = request.config.getoption("--hypothesis-profile") == "search"
    examples, steps = (200, 60) if is_search else (6, 30)
    run_state_machine_as_test(
        Register, settings=hypothesis.settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )
    print(dict(sorted(Register.happened.items())))  # noqa: T201 - shown by -s: how often what happened
    assert Register.happened["step"] >= (10_000 if is_search else 100)
    # six short lives need not meet everything
    acts = ("register", "upload", "enter", "split", "merge", "rebuild", "close") if is_search else ("register",)
    assert all(Register.happened[act] for act in acts)
