"""What a text is the name of. The register is not asked."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.answers import GeoJson, answer
from api.dependencies import Asking, Configured
from api.told.buildings import NamesFound
from workflows.naming import name_features
from workflows.schemes import configured_schemes

router = APIRouter(tags=["codes"])


@router.get("/names/{text:path}", response_model=NamesFound, response_class=GeoJson)
def read_name(
    text: Annotated[str, Path(max_length=200, description="A code or another name of a building, a project, a place")],
    principal: Asking,
    settings: Configured,
) -> Response:
    """Return everything that a text is the name of by its form, with its parts and, where it names one, its ground."""
    _ = principal
    return answer(name_features(text, schemes=configured_schemes(settings)), media_type="application/geo+json")
