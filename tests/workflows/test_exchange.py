"""Packages: what one register tells another, proved, taken over once, and refused with the reason where it cannot stand."""

import zipfile

import pytest
import shapely
from sqlalchemy import text

from registry.errors import PackageError
from registry.ledger.heads import read_key
from store.database import transaction
from tests.workflows.conftest import on_ground
from workflows.exporting import export_package
from workflows.importing import import_package
from workflows.ledgers import show_keys
from workflows.lives import ActRequest
from workflows.principals import resolve_principal
from workflows.proposals import carry_out
from workflows.resolving import resolve_building
from workflows.settings import Settings
from workflows.uploading import DeliveryOptions, upload_file
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
