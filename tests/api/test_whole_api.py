"""The whole of the API as its own description has it: whatever anybody asks, no role finds a defect.

Five hundred cases in the suite, of two roles; ``--full-size`` asks more than twenty thousand, of all.
"""

from contextlib import suppress
from itertools import count
from unittest import SkipTest

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as trying
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from api.app import create_app
from tests.conftest import SAMPLES, serving
from workflows.delivery_options import DeliveryOptions
from workflows.principals import find_principal, issue_key
from workflows.uploading import upload_file

ROLES = ("surveyor", "planner", "registrar", "auditor", "admin")
FEW = ("planner", "nobody")
EXAMPLES, MANY = 1, 16
CHECKED = [not_a_server_error, status_code_conformance, content_type_conformance]


@pytest.fixture
def lived_in(settings, sample_database):
    """Register the sample survey for an office, and return the office's keys by role, and names of what is there."""
    keys = {role: issue_key(sample_database, office="first", name="first", role=role, label=role) for role in ROLES}
    report = upload_file(
        sample_database,
        SAMPLES / "survey.zip",
        principal=find_principal(sample_database, key=keys["surveyor"], local=False),
        documents=settings.documents,
        options=DeliveryOptions(mode="good"),
    )
    code = next(row.code for row in report.results if row.code)
    names = dict.fromkeys(("name", "code", "text", "item_id"), code)
    names |= {
        "collection_id": "buildings",
        "layer": "GH2303",
        "upload_id": report.id,
        "part": "coded",
        "seq": 0,
        "entry": 1,
    }
    names |= {"process": "code", "run": "standing", "matrix_set": "WebMercatorQuad", "rule": "R01", "number": 1}
    names |= {"z": 12, "x": 3488, "y": 1495, "level": 12, "row": 1495, "column": 3488}
    return keys, names


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_whatever_is_asked_no_role_finds_a_defect(settings, lived_in, role, full_size):
    if role not in FEW and not full_size:
        pytest.skip("asked at full size")
    keys, names = lived_in
    headers = {"Authorization": f"Bearer {keys[role]}"} if role in keys else {}
    settings.local_principal = False
    found = {}
    with serving(settings) as address:
        schema = schemathesis.openapi.from_dict(create_app(settings).openapi())
        for each in schema.get_all_operations():
            for mode in GenerationMode:
                wrong = ask(each.ok(), mode, address, headers, names, examples=MANY if full_size else EXAMPLES)
                found.setdefault(each.ok().label, set()).update(wrong)
    assert {label: wrong for label, wrong in found.items() if wrong} == {}


def ask(operation, mode, address, headers, names, *, examples):
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
            case.path_parameters |= {name: names[name] for name in case.path_parameters if name in names}
        try:
            case.validate_response(case.call(base_url=address, headers=headers), checks=CHECKED)
        except FailureGroup as group:
            wrong.update(str(error) for error in group.exceptions)

    # an operation that takes nothing has nothing that it does not allow
    with suppress(SkipTest, Unsatisfiable):
        each()
    return wrong
