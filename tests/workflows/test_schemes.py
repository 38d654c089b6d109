"""Schemes of names: what an installation configures, and what deliveries carry of them."""

from importlib.resources import files

import pytest
from sqlalchemy import select

from registry.errors import SchemeFileError
from registry.ledger.events import read_event
from registry.schemes import load_schemes
from store import schema
from store.database import transaction
from tests.workflows.conftest import house
from workflows.delivery_options import DeliveryOptions
from workflows.schemes import configured_schemes
from workflows.settings import Settings
from workflows.uploading import upload_file

EXAMPLE = files("registry").joinpath("city_schemes.example.toml").read_text(encoding="utf-8")


def configured(path):
    return configured_schemes(Settings(city_codes=str(path), _env_file=None))


def test_without_a_file_there_are_the_built_in_schemes():
    assert configured("") == load_schemes()


def test_a_file_saved_by_any_editor_is_read(tmp_path):
    path = tmp_path / "city.toml"
    path.write_text(EXAMPLE, encoding="utf-8-sig")
    assert configured(path)[0].code == "zj_dt"


def test_a_file_that_is_not_there_or_no_text_is_refused_with_its_name(tmp_path):
    path = tmp_path / "city.toml"
    for write in (lambda: None, lambda: path.write_bytes("编码".encode("gbk")), lambda: path.write_text("[", "utf-8")):
        write()
        with pytest.raises(SchemeFileError) as caught:
            configured(path)
        assert caught.value.file == str(path)
        assert caught.value.fault.remedy.zh


def test_a_value_that_is_no_alias_is_told_with_the_reason_in_both_languages(register, deliver):
    report = register(deliver([house(0, 0)], 不动产单元=["37O105012002GB00001F00010751"]))
    (note,) = [note for note in report.notes if "alias" in note.en]
    assert note.zh.startswith("第 0 行的不动产单元号未作为别名:“37O105012002GB00001F00010751”第 3 个字符“O”")
    assert note.en.startswith("Row 0: Real-estate unit code not taken as alias. “O”, character 3 of “37O105012002")


def test_an_alias_is_kept_as_its_scheme_writes_it_and_the_event_says_which_check_fits(register, deliver, database):
    register(deliver([house(0, 0)], 项目代码=["25093201938901544060"], 房屋代码=["37010501200201000010017519"]))
    with transaction(database) as connection:
        kept = connection.execute(select(schema.alias.c.scheme, schema.alias.c.value)).all()
        bodies = connection.execute(
            select(schema.event.c.canonical).where(schema.event.c.kind == "alias_added")
        ).scalars()
        by_scheme = {(body := read_event(said)["body"])["scheme"]: body for said in bodies}
    assert sorted(kept) == [("fwdm", "37010501200201000010017519"), ("xmdm", "2509-320193-89-01-544060")]
    assert by_scheme["fwdm"]["check_variant"] == "without_ten"
    assert by_scheme["xmdm"]["check_variant"] is None


def test_a_delivery_carries_the_citys_own_codes(deliver, database, principal, tmp_path):
    path = tmp_path / "city.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    report = upload_file(
        database,
        deliver([house(0, 0), house(40, 0)], jzwbm=["440306 008001 48 00062", "440106 008001 48 00062"]),
        principal=principal,
        documents=tmp_path / "documents",
        options=DeliveryOptions(),
        schemes=configured(path),
    )
    (note,) = [note.en for note in report.notes if "alias" in note.en]
    assert "Row 1: Shenzhen building code" in note
    with transaction(database) as connection:
        assert connection.execute(select(schema.alias.c.scheme, schema.alias.c.value)).all() == [
            ("sz_jzw", "4403060080014800062")
        ]
