"""The rules that the blueprint judges by."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.answers import answer
from api.dependencies import Asking, Configured
from api.told.rules import RuleInFull, Rules
from workflows.rule_sets import list_rules, show_rule

router = APIRouter(prefix="/rules", tags=["rules"])


@router.get("", response_model=Rules)
def read_rules(principal: Asking, settings: Configured) -> Response:
    """Return every rule in short, with the version of the set, what the city has changed, and what is doubtful."""
    _ = principal
    return answer(list_rules(settings))


@router.get("/{rule}", response_model=RuleInFull)
def read_rule(
    rule: Annotated[str, Path(max_length=40, description="The rule's id, such as R03")],
    principal: Asking,
    settings: Configured,
) -> Response:
    """Return one rule with all that it says."""
    _ = principal
    return answer(show_rule(settings, rule))
