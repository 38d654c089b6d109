"""A delivery against the register: what each of its rows is to the buildings that stand there, and the codes of the new."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geocode import BuildingCode, CodeError, parse
from geocode.codes import grouped
from geocode.faults import read_sentences
from geocode.planes import plane_crs
from registry.fingerprints import fingerprints
from registry.generations import issue_codes
from registry.lives import load_reasons
from registry.relating import Evidence, Relation, Shift, explain
from registry.settling import Settled, settle
from store.buildings import existing_codes, highest_generations, living_footprints, lock_buildings, lock_ground
from store.database import Connection
from store.lives import read_descents, read_lives, read_standings
from workflows.deliveries import PreparedDelivery, in_plane, placed_fault
from workflows.reports import fault_json

__all__ = ["REACH_DEG", "Match", "around", "held_fault", "hold_ground", "match_rows", "measures_json", "settle_rows"]

# the matching takes systematic shifts of up to 8 m away, and looks 3 m around
REACH_DEG = 2e-4
_SENTENCES = read_sentences("registry", "sentences.toml")


@dataclass(frozen=True, slots=True)
class Match:
    """What a delivery is to the register.

    Attributes
    ----------
    done
        The relations to be carried out, by rows and building ids.
    held
        Those that wait for a person.
    faults
        Why the other rows are refused, in their JSON form, by row.
    lives
        The buildings of the relations as `read_standings` returns them, held, by id.
    codes
        Those of new buildings, by row.
    gone
        Codes of buildings that the delivery, complete for its area, does not have.
    shift
        How it lies against the register.
    """

    done: Sequence[Relation]
    held: Sequence[Relation]
    faults: Mapping[int, dict[str, Any]]
    lives: Mapping[str, Mapping[str, Any]]
    codes: Mapping[int, BuildingCode]
    gone: Sequence[str]
    shift: Shift


def match_rows(
    connection: Connection,
    prepared: PreparedDelivery,
    *,
    is_complete: bool = False,
    hold: bool = True,
    shift: Shift | None = None,
    is_built_on: bool = True,
) -> Match:
    """Hold the ground under a delivery's good rows and the buildings there, and decide what becomes of each row.

    Parameters
    ----------
    is_complete
        Whether the delivery claims to have every building of its area, the convex hull of its rows.
    hold
        Whether ground and buildings are held until the transaction ends; not of a delivery that will not be written, or
        where somebody else holds them.
    shift
        How the whole delivery lies, where these are some of its rows; found out where None.
    is_built_on
        Whether buildings may stand there, for all that is known.
    """
    shapes = np.asarray(prepared.ground.geometry.values)
    there = shapes if is_built_on else shapes[:0]
    living = hold_ground(connection, there, is_complete=is_complete, hold=hold)
    stated, faults = _stated_buildings(connection, prepared, living)
    ground = prepared.ground.drop(index=list(faults))
    settled = settle_rows(
        ground,
        living,
        prepared.plane,
        flat=prepared.flat[ground.index].to_numpy(),
        stated=stated,
        is_complete=is_complete,
        shift=shift,
    )
    faults |= {row: placed_fault(fault, prepared.plane) for row, fault in settled.refused.items()}
    touched = {known for each in (*settled.done, *settled.held) for known in each.known}
    # a relation that is held was measured against others too
    touched |= {pair.known for each in settled.held for pair in each.evidence}
    if hold:
        lock_buildings(connection, touched)
    known = living.code.to_dict()
    lives = {row["building_id"]: row for row in read_standings(connection, [known[each] for each in touched])}
    codes, used_up = _issue(connection, prepared, settled.done)
    faults |= used_up
    done = [each for each in settled.done if not used_up.keys() & set(each.delivered)]
    gone = [grouped(known[each]) for each in settled.gone]
    return Match(done, settled.held, faults, lives, codes, gone, settled.shift)


def hold_ground(
    connection: Connection, shapes: NDArray[Any], *, is_complete: bool = False, hold: bool = True
) -> gpd.GeoDataFrame:
    """Hold the ground under and around EPSG:4490 footprints, and return what lives there, as `living_footprints`."""
    there = around(shapes)
    if is_complete and len(shapes):
        there = np.append(there, shapely.box(*shapely.total_bounds(shapes)))
    if hold:
        lock_ground(connection, there)
    return living_footprints(connection, there)


def around(shapes: NDArray[Any]) -> NDArray[Any]:
    """Return the boxes in which buildings are looked for that EPSG:4490 footprints may have to do with."""
    return np.asarray(shapely.box(*(shapely.bounds(shapes).reshape(-1, 4) + REACH_DEG * np.array([-1, -1, 1, 1])).T))


def settle_rows(  # noqa: PLR0913 - what, against what, and what is known of it
    ground: gpd.GeoDataFrame,
    living: gpd.GeoDataFrame,
    plane: str,
    *,
    flat: NDArray[Any] | None = None,
    stated: Mapping[int, Any] | None = None,
    is_complete: bool = False,
    shift: Shift | None = None,
) -> Settled:
    """Decide what becomes of footprints in EPSG:4490, against those that live around them, measured in a plane.

    Parameters
    ----------
    flat
        The footprints in the plane, where somebody has them there already.
    """
    if not living.empty:
        ground = ground.assign(fingerprint=fingerprints(np.asarray(ground.geometry.values)))
    delivered = in_plane(ground, plane) if flat is None else ground.set_geometry(flat, crs=plane_crs(plane))
    codes = [grouped(code) for code in living.code]
    known = in_plane(living.assign(code=codes), plane)
    area = shapely.convex_hull(shapely.union_all(delivered.geometry.values)) if is_complete else None
    return settle(delivered, known, stated=stated, complete=area, shift=shift)


def measures_json(evidence: Iterable[Evidence], codes: Mapping[Any, str]) -> list[dict[str, Any]]:
    """Return what was measured on rows and buildings, as answers hold it: the buildings by their codes."""
    return [
        {
            "row": int(each.delivered),
            "code": str(parse(codes[each.known])),
            "overlap_m2": round(each.overlap_m2, 3),
            **{
                name: round(getattr(each, name), 4)
                for name in ("iou", "raw_iou", "share_of_delivered", "share_of_known")
            },
            "centroid_shift_m": round(each.centroid_shift_m, 3),
            "hausdorff_m": round(each.hausdorff_m, 3),
            "stated": bool(each.stated),
        }
        for each in evidence
    ]


def held_fault(relation: Relation, codes: Mapping[Any, str]) -> dict[str, Any]:
    """Return why a relation is held, as the report of each of its rows says it, with the measures."""
    known = [str(parse(codes[known])) for known in relation.known]
    return {
        **fault_json(explain(relation)),
        "relation": relation.kind,
        "confidence": round(relation.confidence, 4),
        "buildings": known,
        "measures": measures_json(relation.evidence, codes),
    }


def _stated_buildings(
    connection: Connection, prepared: PreparedDelivery, living: gpd.GeoDataFrame
) -> tuple[dict[int, Any], dict[int, dict[str, Any]]]:
    """Return the living building that each row names itself, and the faults of rows that name none that is there."""
    by_code = {code: building for building, code in living.code.items()}
    near = dict(zip(prepared.ground.index.tolist(), around(np.asarray(prepared.ground.geometry.values)), strict=True))
    stated: dict[int, Any] = {}
    faults: dict[int, dict[str, Any]] = {}
    for row, text in prepared.stated.items():
        if row not in prepared.codes:
            continue
        try:
            code = parse(text)
        except CodeError as error:
            faults[row] = fault_json(error.fault)
            continue
        there = by_code.get(code.compact)
        if there is not None and near[row].intersects(living.geometry[there].envelope):
            stated[row] = there
        elif existing_codes(connection, [code.compact]):
            faults[row] = _not_here(connection, code)
        else:
            faults[row] = fault_json(_SENTENCES.fault("stated_unknown", code=text))
    return stated, faults


def _not_here(connection: Connection, code: BuildingCode) -> dict[str, Any]:
    """Return the fault of a row that names a building which does not live where the row is."""
    (life,) = read_lives(connection, [code.compact])
    if life["closed_as"] is None:
        return fault_json(_SENTENCES.fault("stated_elsewhere", code=code, iou=0.0))
    rows = read_descents(connection, [code.compact])
    after = ", ".join(str(parse(row.successor)) for row in rows if row.predecessor == code.compact)
    reason = load_reasons()[life["closed_as"]].name
    return fault_json(_SENTENCES.fault("stated_closed", code=code, reason=reason, successors=after or "–"))


def _issue(
    connection: Connection, prepared: PreparedDelivery, done: Sequence[Relation]
) -> tuple[dict[int, BuildingCode], dict[int, dict[str, Any]]]:
    """Return the codes of new buildings, and the faults of rows whose ground has had all its generations."""
    relations = [each for each in done if each.kind in {"new", "split", "merged"}]
    rows = sorted(int(row) for each in relations for row in each.delivered)
    drawn = [prepared.codes[row] for row in rows]
    issued = issue_codes(drawn, highest_generations(connection, [code.ground for code in drawn]))
    faults = {
        row: fault_json(_SENTENCES.fault("generations_used_up", ground=prepared.codes[row].ground))
        for row, code in zip(rows, issued, strict=True)
        if code is None
    }
    for each in relations:
        found = next((faults[row] for row in each.delivered if row in faults), None)
        if found is not None:
            # what is one of several parts cannot be registered without the others
            faults |= {row: faults.get(row, found) for row in each.delivered}
    return {row: code for row, code in zip(rows, issued, strict=True) if code and row not in faults}, faults
