"""The documentation names what there is."""

import doctest
import re
from importlib.resources import files
from pathlib import Path

import layers.accessor
from blueprint import load_rules
from geocode.names import load_name_schemes
from layers.formats import Format
from layers.writing import SUFFIXES
from registry.procedures import load_procedure
from registry.schemes import load_schemes
from registry.stages import load_stages
from workflows.settings import Settings

DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_every_setting_is_documented():
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"`{field.validation_alias or f'LUOTU_{name.upper()}'}`" in text


def test_every_format_is_documented_with_how_it_is_written_and_the_tests_that_show_it():
    lines = (DOCS / "formats.md").read_text(encoding="utf-8").splitlines()
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in lines if line.startswith("| ")}
    named = {kind.value for kind in Format if kind not in {Format.ZIP, Format.GZIP}}
    assert named <= rows.keys()
    written = " ".join(row.split(" | ")[2] for row in rows.values())
    assert {f"`{suffix}`" for suffix in SUFFIXES} - set(re.findall(r"`\.[a-z.]+`", written)) <= {
        "`.json`",
        "`.geojsons`",
        "`.geoparquet`",
        "`.csv`",
    }
    tests = DOCS.parent / "tests" / "layers"
    for name in named:
        shown = re.findall(r"test_\w+", rows[name].rsplit(" | ", 1)[-1])
        assert shown
        assert all((tests / f"{test}.py").is_file() for test in shown), name


def test_every_stage_has_a_name_in_both_languages():
    assert all(stage.name.zh and stage.name.en for stage in load_stages())


def test_the_sentences_of_every_room_are_installed_with_it():
    for room, name in (("geocode", "faults.toml"), ("layers", "refusals.toml"), ("registry", "sentences.toml")):
        assert files(room).joinpath(name).is_file()


def test_every_rule_is_documented_with_its_title_and_severity():
    lines = (DOCS / "rules.md").read_text(encoding="utf-8").splitlines()
    for rule in load_rules():
        (line,) = [line for line in lines if line.startswith(f"| {rule.id} |")]
        assert rule.title.en in line
        assert rule.title.zh in line
        assert f"| {rule.severity} |" in line


def test_every_stage_deadline_and_tolerance_is_documented_with_its_basis_and_how_sure_it_is():
    lines = (DOCS / "stages.md").read_text(encoding="utf-8").splitlines()
    procedure = load_procedure()
    rows = [(f"`{stage.code}`", stage.name, stage) for stage in procedure.stages]
    rows += [(each.id, each.name, each) for each in procedure.deadlines]
    rows += [(each.id, each.title, each) for each in procedure.tolerances]
    for key, name, row in rows:
        english, chinese = [line for line in lines if line.startswith(f"| {key} |")]
        assert f"| {name.en} |" in english
        assert f"| {name.zh} |" in chinese
        basis = "; ".join(f"{each.doc} {each.article}".strip() for each in row.basis)
        assert english.endswith(f"| {basis} | {row.confidence} |")
        assert chinese.endswith(f"| {basis} | {row.confidence} |")


def test_every_scheme_of_names_is_documented_with_its_fields_and_its_example():
    lines = (DOCS / "names.md").read_text(encoding="utf-8").splitlines()
    for scheme in load_schemes():
        english, chinese = [line for line in lines if line.startswith(f"| `{scheme.code}` |")]
        assert scheme.name.en in english
        assert all(f"`{field}`" in english for field in scheme.fields)
        assert scheme.name.zh in chinese
    for computed in load_name_schemes():
        (line,) = [line for line in lines if line.startswith(f"| `{computed.code}` |")]
        assert f"`{computed.example}`" in line


def test_the_examples_of_names_and_of_the_accessor_are_what_python_prints():
    page = doctest.testfile(str(DOCS / "names.md"), module_relative=False, encoding="utf-8")
    assert page.attempted > 20
    assert page.failed == 0
    assert doctest.testmod(layers.accessor).failed == 0
