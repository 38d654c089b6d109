"""Which geometry an entry into a stage has: one drawn for it, a version that is named, or what the stage takes by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geocode import Fault, FootprintError, Text, parse, to_storage
from geocode.faults import read_sentences
from geocode.planes import to_plane
from layers.confined.reading import read_confined
from registry.ground import OVERLAP_TOLERANCE, shared_ground
from registry.stages import Entry, Stage, put_in_order
from store.buildings import add_footprints, close_footprints, living_footprints
from store.database import Connection
from store.descriptions import describe_rows
from store.stages import footprint_versions
from workflows.drawings import Drawing
from workflows.errors import RefusedEntryError, RefusedOptionError
from workflows.ground import find_shared_day

__all__ = ["Scene", "StageGeometry", "add_version", "check_drawing", "choose_geometry", "read_footprint"]

# less of the ground in common and it is another building, as where a row of a delivery states a code
_SAME_BUILDING_IOU = 0.5
# roads cross; two buildings do not stand on one ground
_EXCLUSIVE_SPACES = {"surface", "underground"}
_SENTENCES = read_sentences("registry", "stage_faults.toml")


@dataclass(frozen=True, slots=True)
class Scene:
    """A building as it stands: its life, its standing entries as rows and as the laws read them, the stages there are."""

    life: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    entries: Sequence[Entry]
    stages: Sequence[Stage]

    def around(self, entry: Entry) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        """Return the rows before and after an entry in the order of life."""
        rows = {row["id"]: row for row in self.rows}
        ordered = put_in_order([*self.entries, entry], self.stages)
        place = next(i for i, each in enumerate(ordered) if each is entry)
        before, after = ordered[:place], ordered[place + 1 :]
        return [rows[each.number] for each in before], [rows[each.number] for each in after]


@dataclass(frozen=True, slots=True)
class StageGeometry:
    """The geometry of an entry: its version's number and stage, and the id of its row unless it is to be added."""

    version: int | None = None
    drawn_at: str | None = None
    footprint_id: int | None = None


def read_footprint(path: Path, *, crs: str | None = None) -> Any:
    """Return the one footprint of a file in EPSG:4490.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    FootprintError, RefusedOptionError
        What it holds cannot be read, or is not one feature.
    """
    delivery = read_confined(path, crs=crs)
    found = len(delivery.frame)
    if found != 1:
        said = Text(f"文件中有 {found} 个要素。", f"The file has {found} features.")
        raise RefusedOptionError(said, Text("只保留该建筑的图形。", "Keep the building's own alone."))
    if delivery.faults[0] is not None:
        raise FootprintError(delivery.faults[0])
    return to_storage(np.asarray(delivery.frame.geometry.values, dtype=object), delivery.crs)[0]


def choose_geometry(
    connection: Connection, scene: Scene, entry: Entry, *, version: int | None, drawing: Drawing | None
) -> tuple[StageGeometry, list[Fault]]:
    """Return the geometry of an entry, and what speaks against it.

    Without a drawing and a version, a stage that wants its own takes the newest that was uploaded for it, and one that
    takes the current one that of the entry before it in the building's life.
    """
    versions = footprint_versions(connection, scene.life["building_id"])
    newest = versions[-1]
    stage = next(stage for stage in scene.stages if stage.code == entry.stage)
    if drawing is not None:
        if (newest["fingerprint"], newest["stage"]) == (drawing.measures["fingerprint"], stage.code):
            return _of(newest), []
        faults = check_drawing(connection, scene, entry, drawing)
        return StageGeometry(newest["version"] + 1, stage.code), faults
    if version is not None:
        named = [row for row in versions if row["version"] == version]
        if not named:
            return StageGeometry(), [_fault("version_unknown", version=version)]
        # whoever names a version says that it is the stage's own
        return StageGeometry(version, stage.code, named[0]["id"]), []
    if stage.geometry == "own":
        own = [row for row in versions if row["stage"] == stage.code]
        return (_of(own[-1]) if own else StageGeometry()), []
    if stage.geometry == "current":
        before, _ = scene.around(entry)
        held = [row["footprint_id"] for row in before if row["footprint_id"] is not None]
        return _of(next((row for row in versions if row["id"] == held[-1]), newest) if held else newest), []
    return StageGeometry(), []


def check_drawing(connection: Connection, scene: Scene, entry: Entry, drawing: Drawing) -> list[Fault]:
    """Return why a drawing cannot be a new geometry of the building: another's ground, or a later one is known."""
    life, shape = scene.life, drawing.footprint
    faults = []
    _, after = scene.around(entry)
    later = [row for row in after if row["footprint_id"] is not None]
    if later:
        other = next(stage for stage in scene.stages if stage.code == later[-1]["stage"])
        faults.append(_fault("geometry_late", other=other.name, other_day=later[-1]["occurred_on"]))
    mine, own = to_plane(_array([shape, life["geom"]]), life["plane"])
    area_m2, _ = shared_ground(mine, own)
    iou = area_m2 / (mine.area + own.area - area_m2)
    if iou < _SAME_BUILDING_IOU:
        faults.append(_fault("geometry_elsewhere", code=parse(life["code"]), iou=iou))
    if life["space"] not in _EXCLUSIVE_SPACES:
        return faults
    others = living_footprints(connection, _array([shape]), space=life["space"]).drop(
        index=life["building_id"], errors="ignore"
    )
    for code, other in zip(others.code, to_plane(np.asarray(others.geometry.values), life["plane"]), strict=True):
        overlap_m2, share = shared_ground(mine, other)
        if share > OVERLAP_TOLERANCE:
            faults.append(_fault("geometry_taken", code=parse(code), overlap_m2=overlap_m2, share=share))
    return faults


def add_version(
    connection: Connection, life: Mapping[str, Any], drawing: Drawing, version: Mapping[str, Any]
) -> tuple[int, dict[str, Any]]:
    """Replace a building's current geometry by a drawing and return the new row's id and what its event says.

    Parameters
    ----------
    version
        The columns ``version, stage, office_id, height_m, valid_from``.

    Raises
    ------
    GroundTakenError
        Another building was registered there at the same time.
    RefusedEntryError
        Another stood there on a day gone by on which the version is to have held: nothing may be kept.
    """
    close_footprints(connection, [life["building_id"]])
    kept = {name: life[name] for name in ("building_id", "name", "attributes", "space")}
    (identity,) = add_footprints(connection, [{**kept, **drawing.measures, **version, "upload_id": None}])
    then = find_shared_day(connection, [life["building_id"]])
    if then is not None:
        raise RefusedEntryError([_fault("geometry_then", **then)])
    (said,) = describe_rows(connection, "footprint", [identity])
    return identity, said


def _of(row: Mapping[str, Any]) -> StageGeometry:
    return StageGeometry(row["version"], row["stage"], row["id"])


def _array(shapes: Sequence[Any]) -> NDArray[Any]:
    # numpy would take a multipolygon apart
    return np.array([*shapes, None], dtype=object)[:-1]


def _fault(kind: str, **values: Any) -> Fault:
    return _SENTENCES.fault(kind, **values)
