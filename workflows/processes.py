"""What the service does to order: each process with what goes in, what comes out, and who may have it done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, TypeAlias

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from geocode import Text
from store.database import Database
from workflows.catalogues import configured_catalogue
from workflows.coded_features import code_features
from workflows.conflicts import ConflictQuestion, Reader, find_conflicts
from workflows.errors import RefusedInputsError, RefusedOptionError, UnknownProcessError
from workflows.extract_views import extract_json
from workflows.extracting import Extract, extract_building, extract_drawing, extract_feature
from workflows.previewing import preview_footprint
from workflows.principals import Principal
from workflows.rights import allow
from workflows.rule_sets import rule_set
from workflows.settings import Settings
from workflows.terms import Terms

__all__ = ["PROCESSES", "Process", "allow_process", "find_process", "read_inputs", "run_process"]

Box: TypeAlias = tuple[float, float, float, float]
_LARGEST_M2 = 1e12
_Crs = Annotated[
    str, Field(max_length=100, description="The frame of the coordinates, x = east or longitude 坐标系,x 为东或经度")
]
_Day = Annotated[date | None, Field(description="The day that counts; today 以哪一天为准,缺省今天")]
_Moment = Annotated[
    AwareDatetime | None, Field(description="The time whose knowledge counts; now 以何时所知为准,缺省现在")
]


class _Inputs(BaseModel):
    """What goes into a process; nothing else does."""

    model_config = ConfigDict(extra="forbid")


class CodeInputs(_Inputs):
    """Footprints, of which nothing is stored."""

    features: Annotated[
        dict[str, Any],
        Field(description="GeoJSON: a feature collection, a feature or a geometry GeoJSON 要素集、要素或几何"),
    ]
    crs: _Crs = "EPSG:4490"


class CheckInputs(_Inputs):
    """A footprint that somebody drew."""

    footprint: Annotated[
        dict[str, Any],
        Field(description="A GeoJSON feature or geometry; its properties are known to the rules GeoJSON 要素或几何"),
    ]
    crs: _Crs = "EPSG:4490"
    as_of: _Day = None
    known_at: _Moment = None


class ConflictInputs(_Inputs):
    """The day, the time as whose knowledge, and where; without any of them the standing run is brought up to date."""

    as_of: _Day = None
    known_at: _Moment = None
    bbox: Annotated[Box | None, Field(description="West, south, east, north in degrees 西、南、东、北(度)")] = None


class ExtractInputs(_Inputs):
    """A site: a geometry, a registered building, or a feature of a layer."""

    geometry: Annotated[
        dict[str, Any] | None, Field(description="A GeoJSON feature or geometry: a polygon GeoJSON 面")
    ] = None
    crs: _Crs = "EPSG:4490"
    name: Annotated[str | None, Field(max_length=200, description="What a drawn site is called 名称")] = None
    code: Annotated[
        str | None, Field(max_length=200, description="A building's code, or any of its names 建筑编码或别名")
    ] = None
    layer: Annotated[str | None, Field(max_length=40, description="The layer that the feature is of 图层")] = None
    feature: Annotated[
        str | None, Field(max_length=200, description="Its id, its id at the source, or its name 要素")
    ] = None
    stated_area_m2: Annotated[
        float | None, Field(gt=0, le=_LARGEST_M2, description="The area that a register or permit states 登记面积")
    ] = None
    as_of: _Day = None
    known_at: _Moment = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """Something that the service does to order.

    Attributes
    ----------
    inputs
        What goes in, as a model of it.
    run
        Does it, given the database, the inputs, by whom in which installation, and the client's Idempotency-Key.
    action
        What whoever has it done must have a right to; anyone who is known may where it is None.
    result
        What comes out.
    media_type
        That of the result.
    """

    id: str
    title: Text
    description: Text
    inputs: type[BaseModel]
    run: Callable[[Database, Any, Terms, str | None], dict[str, Any]]
    result: Text
    action: str | None = None
    media_type: str = "application/json"


def find_process(identity: str) -> Process:
    """Return the process of an id.

    Raises
    ------
    UnknownProcessError
        There is none.
    """
    if identity not in PROCESSES:
        raise UnknownProcessError(identity, [*PROCESSES])
    return PROCESSES[identity]


def read_inputs(process: Process, inputs: Mapping[str, Any]) -> BaseModel:
    """Return the inputs of a process as it takes them.

    Raises
    ------
    RefusedInputsError
        One is missing, unknown or not as it should be.
    """
    try:
        # models read dates and boxes from JSON as they do not from Python's own
        return process.inputs.model_validate_json(orjson.dumps(inputs))
    except ValidationError as error:
        raise RefusedInputsError(
            [("/".join(map(str, ("", "inputs", *each["loc"]))), each["msg"]) for each in error.errors()]
        ) from error


def run_process(
    database: Database,
    process: Process,
    inputs: BaseModel,
    *,
    principal: Principal,
    settings: Settings,
    key: str | None = None,
) -> dict[str, Any]:
    """Return what a process makes of its inputs.

    Raises
    ------
    ForbiddenError
        The principal's role has no right to it.
    """
    allow_process(principal, process)
    as_of, known_at = (getattr(inputs, name, None) for name in ("as_of", "known_at"))
    return process.run(database, inputs, Terms(principal, settings, as_of, known_at), key)


def allow_process(principal: Principal, process: Process) -> None:
    """Refuse a principal whose role may not have a process done. Raises ForbiddenError."""
    if process.action is not None:
        allow(principal, process.action)


def _code(_database: Database, inputs: CodeInputs, _terms: Terms, _key: str | None) -> dict[str, Any]:
    return code_features(inputs.features, crs=inputs.crs)


def _check(database: Database, inputs: CheckInputs, terms: Terms, _key: str | None) -> dict[str, Any]:
    return preview_footprint(database, inputs.footprint, crs=inputs.crs, terms=terms)


def _conflicts(database: Database, inputs: ConflictInputs, terms: Terms, key: str | None) -> dict[str, Any]:
    settings = terms.settings
    reader = Reader(terms.principal, rule_set(settings), configured_catalogue(settings), settings.documents)
    question = ConflictQuestion(as_of=inputs.as_of, known_at=inputs.known_at, bbox=inputs.bbox)
    return find_conflicts(database, question, reader=reader, idempotency_key=key)


def _extract(database: Database, inputs: ExtractInputs, terms: Terms, key: str | None) -> dict[str, Any]:
    return extract_json(_extract_of(database, inputs, terms, key))


def _extract_of(database: Database, inputs: ExtractInputs, terms: Terms, key: str | None) -> Extract:
    area = {"stated_area_m2": inputs.stated_area_m2}
    match inputs:
        case ExtractInputs(geometry=dict(drawn), code=None, layer=None, feature=None):
            return extract_drawing(database, drawn, terms=terms, crs=inputs.crs, name=inputs.name, key=key, **area)
        case ExtractInputs(geometry=None, code=str(code), layer=None, feature=None):
            return extract_building(database, code, terms=terms, **area)
        case ExtractInputs(geometry=None, code=None, layer=str(layer), feature=str(feature)):
            return extract_feature(database, layer, feature, terms=terms, **area)
    raise RefusedOptionError(
        Text("须恰好指明一处用地。", "Just one site is to be named."),
        Text("给出 geometry,或 code,或 layer 和 feature。", "Give geometry, or code, or layer and feature."),
    )


PROCESSES: Mapping[str, Process] = {
    process.id: process
    for process in (
        Process(
            id="code",
            title=Text("赋码", "Code footprints"),
            description=Text(
                "返回轮廓的空间编码、网格与面积,或其错误;不存储。",
                "Returns the codes, cells and areas of footprints, or what is wrong with them; nothing is stored.",
            ),
            inputs=CodeInputs,
            run=_code,
            result=Text("带编码的要素集", "The features with their codes"),
            media_type="application/geo+json",
        ),
        Process(
            id="check",
            title=Text("合规核查", "Check a footprint"),
            description=Text(
                "返回一个轮廓的编码、登记簿所知与蓝图上的核查结果;不存储。",
                "Returns the code of a footprint, what the register knows there and what the blueprint finds; nothing is stored.",
            ),
            inputs=CheckInputs,
            run=_check,
            action="read_findings",
            result=Text("编码与核查结果", "The code and the findings"),
        ),
        Process(
            id="conflicts",
            title=Text("规划冲突", "Find conflicts between the layers"),
            description=Text(
                "查找各图层之间的冲突,存为一次运行,返回汇总。",
                "Finds the conflicts between all layers, keeps them as a run and returns its summary.",
            ),
            inputs=ConflictInputs,
            run=_conflicts,
            action="read_blueprint",
            result=Text("运行的汇总", "The summary of the run"),
        ),
        Process(
            id="extract",
            title=Text("一图核查报告", "Extract of a site"),
            description=Text(
                "返回各图层在一处用地上的全部内容,存为一次运行,可以复核。",
                "Returns everything that the layers have on a site, keeps it as a run that can be verified.",
            ),
            inputs=ExtractInputs,
            run=_extract,
            action="read_findings",
            result=Text("核查报告", "The extract"),
        ),
    )
}
