"""One building from its design to the register, revised twice, split, rebuilt: through the API alone, proved at the end."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
from installation import PROJECT
from streets import PLANE, delivery

from geocode.planes import from_plane

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
TODAY = datetime.now(UTC).date().isoformat()
CORNER = (540_000.0, 4_850_000.0)


def block(x=0.0, y=0.0, width=40.0, depth=14.0):
    """Return a block of houses, placed in metres from a corner."""
    west, south = CORNER[0] + x, CORNER[1] + y
    return shapely.box(west, south, west + width, south + depth)


def drawn(shape):
    """Return a shape in the plane as the GeoJSON geometry that requests hold."""
    return json.loads(shapely.to_geojson(from_plane(shape_column(shape), PLANE)[0]))


def shape_column(shape):
    """Return a shape alone, as an array."""
    return np.array([shape], dtype=object)


class Office:
    """Somebody of an office, who works through the API with a key."""

    def __init__(self, installation, office, role, label):
        self.installation = installation
        asked = ["db", "key", office, office, "--role", role, "--label", label]
        self.key = installation.told(*asked).strip()

    def ask(self, method, path, *, status=(200, 201), **request):
        headers = {"Authorization": f"Bearer {self.key}"} | request.pop("headers", {})
        answered = self.installation.request(method, path, headers=headers, **request)
        assert answered.status_code in status, f"{method} {path}: {answered.status_code} {answered.text[:600]}"
        return answered

    def get(self, path):
        return self.ask("GET", path).json()

    def post(self, path, body, *, status=(200, 201)):
        return self.ask("POST", path, json=body, status=status).json()

    def attach(self, code, kind, stage):
        """Attach a document to the building at a stage and return its id."""
        content = PDF.replace(b"Catalog", f"Catalog/K({kind} {stage})".encode())
        told = self.ask(
            "POST",
            f"/buildings/{code}/documents",
            files={"file": (f"{kind}.pdf", content)},
            data={"kind": kind, "stage": stage, "title": kind},
        ).json()
        return told["id"]

    def enter(self, code, stage, *, document, **entry):
        """Have the building enter a stage, with the document that it asks for."""
        documents = [self.attach(code, document, stage)]
        body = {"stage": stage, "occurred_on": TODAY, "documents": documents, **entry}
        return self.post(f"/buildings/{code}/stages", body)


def entered(office, code):
    chain = office.get(f"/buildings/{code}/stages")
    return [stage["code"] for stage in chain["stages"] if stage["entries"]]


@pytest.fixture
def offices(installation):
    return {
        "survey": Office(installation, "survey", "surveyor", "survey desk"),
        "planning": Office(installation, "planning", "planner", "planning desk"),
        "registry": Office(installation, "registry", "registrar", "first registrar"),
        "second": Office(installation, "registry", "registrar", "second registrar"),
    }


def confirm(somebody, proposed):
    """Have another person confirm what was proposed and return what was done."""
    return somebody.post(f"/reviews/{proposed['review']}/decision", {"decision": "accept", "reason": "seen on site"})


def test_one_building_from_design_to_registration_and_what_came_after(installation, offices, tmp_path):
    code = designed(offices["survey"])
    permitted(offices, code)
    built(offices, code)
    sold(offices["registry"], code)
    west, east = split(offices, code)
    heir = rebuilt(offices, west)
    registry = offices["registry"]
    for name in (code, west, east, heir):
        assert registry.get(f"/buildings/{name}")["properties"]["code"] == name
    answered = registry.post("/resolve", {"names": [code, heir, "nothing at all"]})["rows"]
    assert [row["status"] for row in answered] == ["found", "found", "invalid"]
    assert answered[0]["successors"]
    proved(installation, registry, heir, tmp_path)


def designed(survey):
    """Drawing is coding; a revised design is the same building under the same code."""
    outcomes, codes = [], []
    for number, depth in enumerate((14.0, 14.4)):
        content = delivery(shape_column(block(depth=depth)), 名称=["一号楼"])
        files = {"file": (f"design-{number}.geojson", content)}
        (row,) = survey.ask("POST", "/uploads", files=files).json()["results"]
        outcomes.append(row["outcome"])
        codes.append(row["code"])
    assert outcomes == ["new", "revised"]
    assert codes[0] == codes[1]
    assert entered(survey, codes[0]) == ["design"]
    return codes[0]


def permitted(offices, code):
    """Nobody builds without permits; each is entered with its document and number."""
    survey, planning = offices["survey"], offices["planning"]
    early = {"stage": "construction_permit", "occurred_on": TODAY, "certificate": "220202202602010101"}
    refused = planning.ask("POST", f"/buildings/{code}/stages", json=early, status=(422,)).json()
    assert refused["faults"]
    planning.enter(code, "planning_permit", document="planning_permit", certificate="建字第220202202600012号")
    planning.enter(code, "construction_permit", document="construction_permit", certificate="220202202603150101")
    survey.enter(code, "setting_out", document="survey_report", geometry=drawn(block(depth=14.4)))


def built(offices, code):
    """Built a little wider than permitted: the second revision, kept beside the permit's geometry, and told."""
    survey, planning = offices["survey"], offices["planning"]
    measures = {"height_m": 20.4, "floor_area_m2": 3400}
    as_built = drawn(block(width=40.06, depth=14.42))
    survey.enter(code, "completion_survey", document="survey_report", geometry=as_built, **measures)
    differences = planning.get(f"/buildings/{code}/stages")["differences"]
    assert any("completion_survey" in str(each) for each in differences)
    planning.enter(code, "acceptance", document="acceptance_certificate", certificate="吉验备2026-0123")


def sold(registry, code):
    """Presold, sold and registered."""
    registry.enter(code, "presale", document="presale_permit", certificate="(2026)吉房预售证第0012号")
    registry.enter(code, "transaction", document="contract", certificate="YS2026000123")
    title = "吉(2026)吉林市不动产权第0012345号"
    registry.enter(code, "registration", document="registration_certificate", certificate=title)
    assert entered(registry, code)[-1] == "registration"


def split(offices, code):
    """Split in two: one registrar proposes, another confirms; the code stays, with its successors."""
    registry, second = offices["registry"], offices["second"]
    halves = [drawn(block(width=20.0, depth=14.42)), drawn(block(x=20.0, width=20.06, depth=14.42))]
    proposed = registry.post(f"/buildings/{code}/splits", {"parts": halves}, status=(202,))
    registry.ask("POST", f"/reviews/{proposed['review']}/decision", json={"decision": "accept"}, status=(409,))
    confirm(second, proposed)
    gone = registry.get(f"/buildings/{code}")["properties"]
    assert gone["life"]["state"] == "closed"
    west, east = (each["code"] for each in gone["lineage"]["successors"])
    return (west, east) if _is_west(registry.get(f"/buildings/{west}")) else (east, west)


def rebuilt(offices, code):
    """Pulled down and built anew on its ground: the next generation."""
    body = {"geometry": drawn(block(width=19.9, depth=14.3)), "name": "一号楼西段(重建)"}
    proposed = offices["registry"].post(f"/buildings/{code}/rebuilds", body, status=(202,))
    confirm(offices["second"], proposed)
    (heir,) = offices["registry"].get(f"/buildings/{code}")["properties"]["lineage"]["successors"]
    return heir["code"]


def proved(installation, registry, code, folder):
    """The registry's certificate is verified by anyone, offline; and so is the ledger."""
    paper, keys, false = folder / "certificate.pdf", folder / "keys.txt", folder / "false.pdf"
    paper.write_bytes(registry.ask("POST", f"/buildings/{code}/certificates").content)
    keys.write_text("\n".join(registry.get("/ledger/keys")["keys"]), encoding="utf-8")
    assert verified(paper, keys) == 0
    false.write_bytes(paper.read_bytes()[:-2_000])
    assert verified(false, keys) != 0
    assert installation.luotu("ledger", "verify").wait() == 0


def _is_west(feature):
    middle = from_plane(shape_column(shapely.Point(CORNER[0] + 20.0, CORNER[1])), PLANE)[0]
    return feature["bbox"][0] < middle.x - 1e-5


def verified(paper: Path, keys: Path) -> int:
    """Verify a certificate where there is no database, no network and no installation, and return the exit code."""
    command = [sys.executable, "-m", "cli.main", "certificate", "verify", str(paper), "--key", str(keys)]
    nowhere = {"LUOTU_HOME": str(paper.parent / "nowhere"), "DATABASE_URL": "", "PATH": ""}
    return subprocess.run(command, cwd=PROJECT, env=nowhere, capture_output=True, check=False).returncode
