"""The whole of the API as its own description has it: whatever anybody asks, no role finds a defect, nor another office.

Each operation in the suite, by one of the roles in turn; ``--full-size`` asks more than twenty thousand times, all of all.
"""

from collections import Counter
from contextlib import suppress
from itertools import count
from unittest import SkipTest

import pytest
import schemathesis
import shapely
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as trying
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from api.app import create_app
from store.database import transaction
from store.offices import add_key, add_office, find_office
from tests.api.test_every_role import HOUSE, house_file
from tests.conftest import serving, settings_for

ROLES = ("surveyor", "planner", "registrar", "auditor", "admin", "nobody")
FEW, MANY = 1, 20
CHECKED = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# each office works in a district of its own, and whoever sees a district sees that
DISTRICTS = {"first": "220204", "other": "220302"}


@pytest.fixture(scope="module")
def installation(new_database, district, tmp_path_factory):
    """Serve two offices that have each brought something, and yield the settings and the address of it."""
    database = new_database(district)
    settings = settings_for(database, tmp_path_factory.mktemp("whole"))
    settings = settings.model_copy(update={"public": True, "local_principal": False})
    with transaction(database) as connection:
        for code, division in DISTRICTS.items():
            add_office(connection, code=code, name_zh=code, name_en=code, division=division)
    with serving(settings) as address:
        yield database, settings, address
    database.dispose()


@pytest.fixture(scope="module")
def lived_in(installation):
    """Return names of what the first office has, and marks of what the other has."""
    database, settings, _ = installation
    with TestClient(create_app(settings), base_url="http://127.0.0.1", client=("192.0.2.7", 50000)) as far:
        own = furnish(far, database, "first", HOUSE, "滨溪")
        others = furnish(far, database, "other", shapely.affinity.translate(HOUSE, 0, -0.02), "别家")
    # codes are no secret
    return own, {each for name, each in others.items() if name != "code"} | {"别家"}


def key_of(database, office, role):
    """Return what somebody shows who works in an office, and sees its district if that is theirs."""
    division = None if role == "surveyor" else DISTRICTS[office]
    with transaction(database) as connection:
        number = find_office(connection, office).id
        key = add_key(connection, office_id=number, role=role, label=role, division=division).key
    return {"Authorization": f"Bearer {key}"}


def furnish(far, database, office, ground, name):
    """Register a house with a project, a document and a review, and return what each is called."""

    shown = {role: key_of(database, office, role) for role in ("surveyor", "planner")}

    def call(role, path, **request):
        said = far.post(path, headers=shown[role], **request)
        assert said.status_code < 300, said.text
        return said.json()

    upload = call("surveyor", "/uploads", files=house_file(ground, f"{name}1号楼"))
    code = upload["results"][0]["code"]
    project = call("surveyor", "/projects", json={"name": f"{name}花园"})["id"]
    document = call("surveyor", f"/projects/{project}/documents", files={"file": ("a.txt", name.encode())})["id"]
    part = {"geometry": shapely.geometry.mapping(ground.buffer(1e-5)), "name": f"{name}地下室"}
    review = call("surveyor", f"/buildings/{code}/parts", json=part)["review"]
    box = {"bbox": [126.56, 43.84, 126.561, 43.841]}
    run = call("planner", "/conflicts", json=box)["run"]
    return {
        "code": code,
        "upload": upload["id"],
        "project": project,
        "document": document,
        "review": review,
        "run": run,
    }


def names_of(own):
    """Return values of parameters at which there is something."""
    names = dict.fromkeys(("name", "code", "text", "item_id"), own["code"])
    names |= {"collection_id": "buildings", "layer": "GH2303", "part": "coded", "seq": 0, "entry": 1, "number": 1}
    names |= {"upload_id": own["upload"], "document_id": own["document"], "review_id": own["review"]}
    names |= {"process": "code", "run": own["run"], "identity": own["run"], "key": own["project"], "rule": "R01"}
    names |= {"matrix_set": "WebMercatorQuad", "form": "json", "event": 0, "alias_id": 1}
    return names | {"z": 12, "x": 3488, "y": 1495, "level": 12, "row": 1495, "column": 3488}


@pytest.mark.parametrize("role", ROLES)
def test_whatever_is_asked_no_role_finds_a_defect(installation, lived_in, role, full_size):
    (database, settings, address), (own, marks) = installation, lived_in
    headers = {} if role == "nobody" else key_of(database, "first", role)
    asking, found = Asking(address, headers, names_of(own), marks), {}
    described = schemathesis.openapi.from_dict(create_app(settings).openapi())
    # whoever revokes the key that it is asked by is not heard any more
    operations = sorted(
        (each.ok() for each in described.get_all_operations()), key=lambda each: each.method == "delete"
    )
    for each in operations if full_size else operations[ROLES.index(role) :: len(ROLES)]:
        for mode in GenerationMode:
            found.setdefault(each.label, set()).update(asking.ask(each, mode, examples=MANY if full_size else FEW))
    print(f"{role}: {asking.asked.total()} cases, by status {dict(sorted(asking.asked.items()))}")  # noqa: T201
    assert {label: wrong for label, wrong in found.items() if wrong} == {}


class Asking:
    """Asks as somebody, and looks for defects, and for marks of what another office has."""

    def __init__(self, address, headers, names, marks):
        self.address, self.headers, self.names, self.marks = address, headers, names, marks
        self.asked = Counter()

    def ask(self, operation, mode, *, examples):
        """Ask an operation for whatever its description allows, or does not, and return what is wrong with its answers."""
        wrong, turns = set(), count()

        @given(case=operation.as_strategy(generation_mode=mode))
        @trying(
            max_examples=examples,
            phases=[Phase.generate],
            suppress_health_check=[*HealthCheck],
            deadline=None,
            derandomize=True,
        )
        def each(case):
            # something that is there, every other time
            if next(turns) % 2 == 0:
                case.path_parameters |= {name: self.names[name] for name in case.path_parameters if name in self.names}
            wrong.update(self._defects(case))

        # an operation that takes nothing has nothing that it does not allow
        with suppress(SkipTest, Unsatisfiable):
            each()
        return wrong

    def _defects(self, case):
        answer = case.call(base_url=self.address, headers=self.headers)
        self.asked[answer.status_code] += 1
        told = answer.content.decode(errors="replace")
        # nothing that was asked for holds a mark
        yield from (f"tells {mark}" for mark in self.marks if mark in told)
        try:
            case.validate_response(answer, checks=CHECKED)
        except FailureGroup as group:
            yield from (str(error) for error in group.exceptions)


def test_marks_of_an_office_are_told_to_its_own_auditor_and_not_to_anothers(installation, lived_in):
    (database, settings, _), (_, marks) = installation, lived_in
    with TestClient(create_app(settings), base_url="http://127.0.0.1", client=("192.0.2.7", 50000)) as far:
        for office, are_told in (("other", True), ("first", False)):
            shown = key_of(database, office, "auditor")
            told = "".join(far.get(path, headers=shown).text for path in ("/ledger/events", "/reviews?everything=true"))
            assert any(mark in told for mark in marks) is are_told
