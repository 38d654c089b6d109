"""Certificates: issued with an event and its proof, kept, verified offline and by the register."""

import json
from io import BytesIO

import geopandas as gpd
import pytest
from pypdf import PdfReader
from sqlalchemy import text

from registry.certificates.errors import FontError
from registry.certificates.fonts import find_chinese
from store.database import transaction
from store.documents import document_path
from store.errors import NotHereError
from tests.conftest import principal_in, settings_for
from tests.workflows.conftest import house
from workflows.attaching import list_documents
from workflows.certifying import find_issue, issue_certificate, verify_certificate, verify_paper
from workflows.delivery_options import DeliveryOptions
from workflows.errors import ForbiddenError, HiddenError
from workflows.ledgers import seal_ledger, show_keys
from workflows.principals import find_principal, issue_key
from workflows.uploading import upload_file
from workflows.verifying import verify_database


def has_chinese():
    try:
        find_chinese()
    except FontError:
        return False
    return True


pytestmark = pytest.mark.skipif(not has_chinese(), reason="no Chinese font is installed")


@pytest.fixture(scope="module")
def database(new_database):
    return new_database()


@pytest.fixture(scope="module")
def principal(database):
    return principal_in(database)


@pytest.fixture(scope="module")
def settings(database, tmp_path_factory):
    return settings_for(database, tmp_path_factory.mktemp("installation"))


@pytest.fixture(scope="module")
def register(database, principal, settings):
    """Return the function that registers geometries in EPSG:4551 and returns their codes."""

    def run(*geometries, **options):
        path = settings.home / f"{len(list(settings.home.glob('*.gpkg')))}.gpkg"
        gpd.GeoDataFrame(
            {"名称": [f"{i + 1}号楼" for i in range(len(geometries))]}, geometry=list(geometries), crs=4551
        ).to_file(path)
        report = upload_file(
            database, path, principal=principal, documents=settings.documents, options=DeliveryOptions(**options)
        )
        return [row.code for row in report.results]

    return run


@pytest.fixture(scope="module")
def code(register):
    """Return the code of a house between two others."""
    return register(house(0, 0), house(30, 0), house(0, 18, 60, 10))[0]


@pytest.fixture(scope="module")
def issued(database, principal, settings, code):
    return issue_certificate(database, code, principal=principal, settings=settings)


def events(database):
    with transaction(database) as connection:
        return [
            tuple(row)
            for row in connection.execute(
                text("select seq, kind, cast(canonical as jsonb) -> 'body' as body from event order by seq")
            )
        ]


def test_a_certificate_says_what_the_register_says(issued, code, principal):
    content = issued.record["content"]
    assert content["code"] == code
    assert (content["version"], content["stage"], content["plane"]) == (1, "design", "EPSG:4551")
    assert content["plane_area_m2"] == pytest.approx(240, abs=1e-3)
    assert content["perimeter_m"] == pytest.approx(64, abs=1e-3)
    assert content["office"] == {"zh": principal.office.zh, "en": principal.office.en}
    assert {"ubid", "beidou", "pluscode", "h3"} <= {name["scheme"] for name in content["names"]}
    assert len(content["extract"]["footprint"]) == 1
    assert len(content["extract"]["neighbours"]) == 2


def test_stages_are_called_as_the_city_calls_them(database, principal, settings, register):
    path = settings.home / "stages.toml"
    path.write_text('[[stage]]\ncode = "design"\nname = { zh = "方案", en = "Scheme" }\n', encoding="utf-8")
    (own,) = register(house(0, 300))
    made = issue_certificate(
        database, own, principal=principal, settings=settings.model_copy(update={"stages": str(path)})
    )
    content = made.record["content"]
    assert content["stage_name"] == {"zh": "方案", "en": "Scheme"}
    assert [stage["zh"] for stage in content["stages"]] == ["方案"]
    assert made.document["stage"]["en"] == "Scheme"


def test_its_event_and_its_document_are_in_the_ledger(issued, code, database, principal, settings):
    seq = issued.record["event"]["seq"]
    (_, _, body), (_, kind, told) = [event for event in events(database) if event[0] in {seq, seq + 1}]
    assert body.keys() == {"code", "version", "fingerprint", "stage", "content_sha256"}
    assert (kind, told["kind"], told["stage"]) == ("document_attached", "code_certificate", "design")
    (kept,) = list_documents(database, code, principal=principal)["documents"]
    assert document_path(settings.documents, kept["sha256"]).read_bytes() == issued.pdf
    assert issued.file_name == f"{code}-{seq}.pdf"


def test_the_ledger_verifies_with_its_certificates(issued, database, settings):
    seal_ledger(database, settings)
    found = verify_database(database, settings)
    assert found.is_sound, found.as_json()


def test_it_verifies_offline_by_the_offices_key(issued, settings):
    told = verify_certificate(issued.pdf, keys=show_keys(settings))
    assert told["verdict"] == "genuine"
    assert [check["passed"] for check in told["checks"]] == [True] * 5
    alone = verify_certificate(json.dumps(issued.record).encode())
    assert alone["verdict"] == "consistent"
    assert [check["passed"] for check in alone["checks"]] == [True, True, True, None]


def test_a_changed_digit_makes_it_false(issued, settings):
    record = json.loads(json.dumps(issued.record))
    record["content"]["version"] = 2
    told = verify_certificate(json.dumps(record).encode(), keys=show_keys(settings))
    assert told["verdict"] == "false"
    assert "“version” is “2”" in told["checks"][0]["faults"][0]["text"]["en"]


def test_the_register_knows_the_paper_and_what_became_of_the_building(database, principal, settings, register):
    (lonely,) = register(house(500, 0))
    paper = issue_certificate(database, lonely, principal=principal, settings=settings).pdf
    told = verify_paper(database, paper, settings=settings)
    assert (told["verdict"], told["in_ledger"], told["is_kept"]) == ("genuine", True, True)
    assert told["present"]["is_current"]
    register(house(500, 0, 20.1), stage="completion_survey")
    later = verify_paper(database, paper, settings=settings)
    assert later["verdict"] == "genuine"
    assert (later["present"]["is_current"], later["present"]["version"]) == (False, 2)


def test_a_paper_of_another_ledger_is_false(issued, new_database, tmp_path):
    elsewhere = new_database()
    told = verify_paper(elsewhere, issued.pdf, settings=settings_for(elsewhere, tmp_path / "elsewhere"))
    assert (told["verdict"], told["in_ledger"], told["is_kept"]) == ("false", False, False)


def test_the_qr_code_is_answered_to_who_holds_the_certificate(issued, database):
    seq = issued.record["event"]["seq"]
    _, _, leaf, size, root = _qr(issued)
    told = find_issue(database, seq, leaf, size=int(size), root=root)
    assert (told["verdict"], told["differences"]) == ("genuine", [])
    assert told["event"] == issued.record["event"]
    assert told["present"]["is_current"]
    wrong = find_issue(database, seq, leaf, size=int(size), root="0" * 64)
    assert (wrong["verdict"], wrong["differences"]) == ("false", ["root"])
    guessed = find_issue(database, seq, "0" * 64)
    assert guessed == {
        "verdict": "false",
        "differences": ["leaf"],
        "event": None,
        "proof": None,
        "head": None,
        "present": None,
    }
    for other in (0, 10**6, -1):
        with pytest.raises(NotHereError):
            find_issue(database, other, leaf)


def test_the_page_is_one_and_names_the_code(issued, code):
    (page,) = PdfReader(BytesIO(issued.pdf)).pages
    assert code.replace("-", "") in "".join(page.extract_text().replace("–", "").split())


@pytest.mark.parametrize(
    ("role", "office", "wanted"), [("surveyor", "jl", HiddenError), ("auditor", "jl", ForbiddenError)]
)
def test_who_may_not_issues_none(code, database, settings, role, office, wanted):
    key = issue_key(database, office=office, name=office, role=role, label=role)
    before = len(events(database))
    with pytest.raises(wanted):
        issue_certificate(database, code, principal=find_principal(database, key=key, local=False), settings=settings)
    assert len(events(database)) == before


def test_without_a_chinese_font_no_event_is_written(code, database, principal, settings, monkeypatch):
    monkeypatch.setattr("registry.certificates.fonts.CHINESE", ("No such family",))
    before = len(events(database))
    with pytest.raises(FontError):
        issue_certificate(database, code, principal=principal, settings=settings)
    assert len(events(database)) == before


def _qr(issued):
    from registry.certificates.pages import qr_text  # noqa: PLC0415

    head, *rest = qr_text(issued.record).split("/")
    return head, *rest
