"""Packages: what one register tells another, proved, taken over once, and refused with the reason where it cannot stand."""

import zipfile
from datetime import date, timedelta
from functools import partial
from itertools import pairwise

import pytest
import shapely
from sqlalchemy import text

from registry.errors import PackageError
from registry.ledger.heads import read_key
from store.database import transaction
from tests.workflows.conftest import on_ground
from workflows.chains import read_chain
from workflows.delivery_options import DeliveryOptions
from workflows.errors import ForbiddenError, RefusedOptionError
from workflows.exporting import export_package
from workflows.importing import import_package
from workflows.ledgers import show_keys
from workflows.lives import ActRequest
from workflows.principals import Principal, resolve_principal
from workflows.proposals import carry_out
from workflows.resolving import resolve_building
from workflows.settings import Settings
from workflows.stages import Asked, withdraw_entry
from workflows.uploading import upload_file
from workflows.verifying import verify_database

PLACES = [(0, 0), (60, 0), (120, 0)]


class Register:
    """One installation of two: its database, its home, and who works there."""

    def __init__(self, database, home):
        self.database, self.home = database, home
        url = database.url.render_as_string(hide_password=False)
        self.settings = Settings(DATABASE_URL=url, home=home, _env_file=None)
        with transaction(database) as connection:
            self.principal = resolve_principal(connection, key=None, local=True)

    def upload(self, deliver, shapes, name="survey.gpkg", **columns):
        path = deliver(shapes, name, **columns)
        return upload_file(
            self.database,
            path,
            principal=self.principal,
            documents=self.settings.documents,
            options=DeliveryOptions(mode="good"),
        )

    def act(self, what, *codes, footprints, **options):
        request = ActRequest(act=what, codes=codes, footprints=on_ground(*footprints), **options)
        return carry_out(self.database, request, principal=self.principal)

    def export(self, name, **wanted):
        path = self.home / name
        return path, export_package(self.database, self.settings, path, principal=self.principal, **wanted)

    def take(self, path, sender):
        keys = [read_key(line) for line in show_keys(sender.settings)]
        return import_package(self.database, self.settings, path, principal=self.principal, keys=keys)

    def codes(self):
        with transaction(self.database) as connection:
            return connection.execute(text("select code from building order by code")).scalars().all()

    def is_sound(self):
        verified = verify_database(self.database, self.settings)
        assert verified.findings == []
        return True


@pytest.fixture
def registers(new_database, tmp_path):
    made = []
    for name in ("survey", "registry"):
        home = tmp_path / name
        home.mkdir()
        made.append(Register(new_database(), home))
    return made


def house(x, y, width=20.0, depth=12.0):
    return shapely.box(544_000 + x, 4_856_000 + y, 544_000 + x + width, 4_856_000 + y + depth)


def houses(depth=12.0):
    return [house(x, y, depth=depth) for x, y in PLACES]


def test_everything_that_happened_is_told_and_stands_in_the_other_register(registers, deliver):
    here, there = registers
    here.upload(deliver, houses(), zrzh=["1", "2", "3"], 名称=["一号楼", "二号楼", "三号楼"])
    path, told = here.export("all.zip")
    taken = there.take(path, here)
    assert taken["refused"] == 0, taken["results"]
    assert taken["taken"] == told["events"]
    assert there.codes() == here.codes()
    for code in here.codes():
        mine, theirs = (resolve_building(r.database, code)["properties"] for r in (here, there))
        for name in ("code", "area_m2", "name", "stage", "attributes", "version"):
            assert mine[name] == theirs[name]
    assert here.is_sound()
    assert there.is_sound()


def test_taking_over_the_same_package_again_changes_nothing(registers, deliver):
    here, there = registers
    here.upload(deliver, houses())
    path, _ = here.export("all.zip")
    first = there.take(path, here)
    again = there.take(path, here)
    assert (again["taken"], again["known"]) == (0, first["taken"])
    assert there.is_sound()


def test_a_feed_goes_on_where_the_last_package_ended(registers, deliver):
    here, there = registers
    here.upload(deliver, houses())
    path, first = here.export("first.zip")
    there.take(path, here)
    here.upload(deliver, houses(depth=12.5), "again.gpkg")
    path, _ = here.export("second.zip", after=first["to"])
    taken = there.take(path, here)
    assert taken["refused"] == 0, taken["results"]
    versions = {resolve_building(there.database, code)["properties"]["version"] for code in there.codes()}
    assert versions == {2}
    assert there.is_sound()


@pytest.mark.parametrize("is_in_parts", [False, True])
def test_a_stage_that_an_upload_entered_is_withdrawn_in_the_other_register_as_well(registers, deliver, is_in_parts):
    here, there = registers
    # the two number their entries differently
    there.upload(deliver, [house(300, 0), house(360, 0)], "own.gpkg")
    here.upload(deliver, houses())
    packages = [here.export("entered.zip")] if is_in_parts else []
    code = here.codes()[1]
    asked = partial(Asked, name=code)
    (entry,) = entries(here, code, "design")
    for role in ("planner", "registrar"):
        principal = Principal(here.principal.office_id, here.principal.office, role, role)
        withdraw_entry(here.database, asked(principal=principal), entry["id"], reason="another building's")
    after = {"after": packages[0][1]["to"]} if is_in_parts else {}
    packages.append(here.export("withdrawn.zip", **after))
    for path, _ in packages:
        taken = there.take(path, here)
        assert taken["refused"] == 0, taken["results"]
    (other,) = entries(there, code, "design")
    assert other["id"] != entry["id"]
    assert other["withdrawn_at"]
    assert [each["withdrawn_at"] for each in entries(there, here.codes()[0], "design")] == [None]
    assert here.is_sound()
    assert there.is_sound()


def entries(register, code, stage):
    """Return the entries of a building into a stage, as a register reads them."""
    read = read_chain(register.database, Asked(name=code, principal=register.principal), day=date.today())
    return next(each["entries"] for each in read["stages"] if each["code"] == stage)


def test_a_building_that_stands_in_the_way_refuses_that_one_alone(registers, deliver):
    here, there = registers
    there.upload(deliver, [house(66, 1)], "own.gpkg")
    here.upload(deliver, houses())
    path, _ = here.export("all.zip")
    taken = there.take(path, here)
    refused = [row for row in taken["results"] if row["outcome"] == "refused"]
    assert {row["fault"]["kind"] for row in refused} <= {"ground_taken", "follows_refused"}
    assert len({row["subject"] for row in refused}) == 1
    assert len(there.codes()) == 1 + 2
    assert there.is_sound()


def test_a_building_that_stood_in_the_way_on_a_day_gone_by_is_refused(registers, deliver):
    here, there = registers
    place, elsewhere = house(300, 0), [house(500, 0), house(600, 0)]
    for register, stands_until in ((there, 10), (here, 5)):
        (code,) = [row.code for row in register.upload(deliver, [elsewhere.pop()], f"{stands_until}.gpkg").results]
        for shape, ago in ((place, 20), (house(300, 100 + stands_until * 10), stands_until)):
            register.act("relocate", code, footprints=[shape], on=date.today() - timedelta(days=ago))
    path, _ = here.export("all.zip")
    taken = there.take(path, here)
    refused = [row for row in taken["results"] if row["outcome"] == "refused"]
    assert {row["fault"]["kind"] for row in refused} == {"ground_then", "follows_refused"}
    assert there.is_sound()


@pytest.mark.parametrize("survivor", [None, 0])
def test_splits_mergers_and_rebuilds_are_taken_over_with_their_lineage(registers, deliver, survivor):
    here, there = registers
    (row, *_) = here.upload(deliver, houses()).results
    halves, whole = [house(0, 0, 10), house(10, 0, 10)], house(0, 0)
    split = here.act("split", row.code, footprints=halves, survivor=survivor)
    merged = here.act("merge", *split["successors"], footprints=[whole])
    (rebuilt,) = here.act("rebuild", *merged["successors"], footprints=[whole])["successors"]
    path, _ = here.export("all.zip")
    taken = there.take(path, here)
    assert taken["refused"] == 0, taken["results"]
    assert [each["seq"] for each in taken["results"]] == sorted(each["seq"] for each in taken["results"])
    assert there.codes() == here.codes()
    assert resolve_building(there.database, row.code)["properties"]["lineage"]["living"] == [rebuilt]
    assert there.is_sound()


def registrar_of(register):
    return Principal(register.principal.office_id, register.principal.office, "registrar", "registrar")


def exports(register):
    with transaction(register.database) as connection:
        told = connection.execute(
            text(
                "select cast(canonical as jsonb) -> 'body' as body from event where kind = 'package_exported' order by seq"
            )
        )
        return told.scalars().all()


def test_above_a_cap_an_export_names_its_approval(registers, deliver):
    here, _ = registers
    here.settings = here.settings.model_copy(update={"export_area_km2": 0.15})
    here.upload(deliver, houses())
    local, here.principal = here.principal, registrar_of(here)
    _, first = here.export("first.zip")
    assert 0.05 < first["area_km2"] < 0.15
    # the same ground again is no more ground
    here.export("again.zip")
    here.principal = local
    here.upload(deliver, [house(2_000, 0), house(4_000, 0)], "far.gpkg")
    here.principal = registrar_of(here)
    with pytest.raises(ForbiddenError, match="approval"):
        here.export("second.zip", after=first["to"])
    assert not (here.home / "second.zip").exists()
    _, approved = here.export("second.zip", after=first["to"], approval="吉自然资批〔2026〕12号")
    assert approved["area_km2"] > 0.15
    here.export("third.zip", after=-1, approval="吉自然资批〔2026〕12号")
    said = exports(here)
    assert [each["approval"] for each in said] == [None, None, *["吉自然资批〔2026〕12号"] * 2]
    assert [len(each["cells"]) for each in said] == [1, 1, 0, 0]
    assert here.is_sound()


def test_many_small_exports_are_counted_together(registers, deliver):
    here, _ = registers
    here.settings = here.settings.model_copy(update={"export_area_km2": 0.2})
    upload, registrar = here.upload, registrar_of(here)
    position = -1
    for turn in range(3):
        upload(deliver, [house(2_000 * turn, 0)], f"{turn}.gpkg")
        here.principal, local = registrar, here.principal
        if turn < 2:
            _, told = here.export(f"{turn}.zip", after=position)
            position = told["to"]
        else:
            with pytest.raises(ForbiddenError):
                here.export("2.zip", after=position)
        here.principal = local
    here.export("3.zip")


def test_a_package_does_not_tell_of_the_one_before(registers, deliver):
    here, _ = registers
    here.upload(deliver, houses())
    _, first = here.export("first.zip")
    with pytest.raises(RefusedOptionError):
        here.export("second.zip", after=first["to"])


def row_of_houses(*walls):
    """Houses wall to wall, between walls at some metres."""
    return [house(west, 0, east - west) for west, east in pairwise(walls)]


@pytest.mark.parametrize("walls", [(0, 23, 40, 60), (0, 17, 40, 60), (0, 23, 43, 63), (0, 17, 37, 60)])
def test_neighbours_that_move_their_walls_in_one_delivery_are_taken_over_together(registers, deliver, walls):
    here, there = registers
    here.upload(deliver, row_of_houses(0, 20, 40, 60))
    path, first = here.export("first.zip")
    there.take(path, here)
    moved = here.upload(deliver, row_of_houses(*walls), "moved.gpkg")
    assert "new" not in {row.outcome for row in moved.results}
    path, _ = here.export("second.zip", after=first["to"])
    taken = there.take(path, here)
    assert taken["refused"] == 0, taken["results"]
    for code in here.codes():
        mine, theirs = (resolve_building(r.database, code)["properties"] for r in (here, there))
        assert mine["area_m2"] == theirs["area_m2"]
    assert there.is_sound()


def test_a_split_and_the_neighbour_that_takes_a_strip_of_it_are_taken_over_together(registers, deliver):
    here, there = registers
    here.upload(deliver, row_of_houses(0, 20, 60))
    path, first = here.export("first.zip")
    there.take(path, here)
    moved = here.upload(deliver, row_of_houses(0, 24, 42, 60), "moved.gpkg")
    assert [row.outcome for row in moved.results] == ["revised", "split", "split"]
    path, _ = here.export("second.zip", after=first["to"])
    taken = there.take(path, here)
    assert taken["refused"] == 0, taken["results"]
    assert there.codes() == here.codes()
    assert there.is_sound()


def test_neighbours_that_move_their_walls_are_refused_together_and_no_others(registers, deliver):
    here, there = registers
    here.upload(deliver, [*row_of_houses(0, 20, 40), house(100, 0)])
    path, first = here.export("first.zip")
    there.take(path, here)
    there.upload(deliver, [house(41, 0, 8)], "own.gpkg")
    moved = here.upload(deliver, [*row_of_houses(0, 23, 44), house(100, 0, 21)], "moved.gpkg")
    assert {row.outcome for row in moved.results} == {"revised"}
    path, _ = here.export("second.zip", after=first["to"])
    taken = there.take(path, here)
    refused = [row for row in taken["results"] if row["outcome"] == "refused"]
    assert {row["fault"]["kind"] for row in refused if row["kind"] == "revised"} == {"ground_taken"}
    assert {row["subject"].removeprefix("building/") for row in refused} == {
        row.code.replace("-", "") for row in moved.results[:2]
    }
    assert there.is_sound()


def test_a_split_whose_ground_is_taken_is_refused_as_a_whole(registers, deliver):
    here, there = registers
    (row, *_) = here.upload(deliver, houses()).results
    path, first = here.export("first.zip")
    there.take(path, here)
    there.upload(deliver, [house(22, 0, 8)], "own.gpkg")
    here.act("split", row.code, footprints=[house(0, 0, 10), house(10, 0, 14)])
    path, _ = here.export("second.zip", after=first["to"])
    taken = there.take(path, here)
    assert (taken["taken"], taken["refused"]) == (0, 3)
    assert resolve_building(there.database, row.code)["properties"]["life"]["state"] == "living"
    assert there.is_sound()


def test_a_first_event_that_is_refused_refuses_no_other(registers, deliver):
    here, there = registers
    there.upload(deliver, [house(1, 1)], "own.gpkg")
    here.upload(deliver, houses())
    path, _ = here.export("all.zip")
    taken = there.take(path, here)
    assert len({row["subject"] for row in taken["results"] if row["outcome"] == "refused"}) == 1


def rewritten(path, target, **changed):
    """Copy a package with some of its files changed."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, changed[name](content) if name in changed else content)
    return target


@pytest.mark.parametrize(
    ("name", "change", "kind"),
    [
        ("events.jsonl", lambda raw: raw.replace(b"design", b"dosign"), "part_changed"),
        ("content.gpkg", lambda raw: raw[:-1] + b"!", "part_changed"),
        ("manifest.json", lambda raw: raw.replace(b'"after":-1', b'"after":-2'), "manifest_changed"),
        ("manifest.sig", lambda raw: raw[:30] + b"x" + raw[31:], "manifest_changed"),
        ("manifest.sig", lambda _raw: b"luotu+00000000 AAAA", "signer_unknown"),
    ],
)
def test_a_package_that_was_changed_is_not_taken_over(registers, deliver, name, change, kind):
    here, there = registers
    here.upload(deliver, houses())
    path, _ = here.export("all.zip")
    false = rewritten(path, here.home / "false.zip", **{name: change})
    with pytest.raises(PackageError) as refused:
        there.take(false, here)
    assert refused.value.fault.kind == kind
    assert there.codes() == []


def test_a_package_of_a_stranger_is_not_taken_over(registers, deliver):
    here, there = registers
    here.upload(deliver, houses())
    there.upload(deliver, [house(500, 500)], "own.gpkg")
    there.export("own.zip")
    path, _ = here.export("all.zip")
    with pytest.raises(PackageError) as refused:
        there.take(path, there)
    assert refused.value.fault.kind == "signer_unknown"


def test_what_is_no_package_is_told(registers, tmp_path):
    here, there = registers
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK")
    here.home.joinpath("keys").mkdir(exist_ok=True)
    with pytest.raises(PackageError, match="no package"):
        there.take(path, here)
