"""How much ground somebody takes out of the register: every export is counted, and above a cap it names its approval."""

from datetime import UTC, datetime
from typing import Any

from numpy.typing import NDArray

from geocode import Text
from registry.coverage import area_km2, cells_covered
from registry.ledger.events import NewEvent
from store.database import Connection
from store.exchange import exported_cells
from workflows.errors import ForbiddenError
from workflows.principals import Principal
from workflows.rights import find_right

__all__ = ["count_export", "export_event"]


def count_export(
    connection: Connection, principal: Principal, footprints: NDArray[Any], *, cap_km2: float, approval: str | None
) -> dict[str, Any]:
    """Return what the event of an export says of its ground: ``area_km2``, ``cells`` and ``approval``.

    Together with what the same person exported before without an approval, once each cell, it may be as large as the cap.

    Parameters
    ----------
    footprints
        In EPSG:4490.
    approval
        Number of the document by which a larger one is approved; its cells are not held against later exports.

    Raises
    ------
    ForbiddenError
        It is larger, and names no approval, or the role may not go beyond the cap at all.
    """
    cells = cells_covered(footprints)
    own_km2 = round(area_km2(cells), 3)
    if approval and find_right(principal, "export", kind="approved"):
        return {"area_km2": own_km2, "cells": [], "approval": approval}
    taken = exported_cells(connection, office_id=principal.office_id, actor=principal.actor)
    whole_km2 = area_km2(cells | taken)
    if whole_km2 > cap_km2 and not find_right(principal, "export"):
        raise ForbiddenError(
            Text(
                f"连同此前的导出共 {whole_km2:.1f} 平方公里,超过 {cap_km2:g} 平方公里,须经批准。",
                f"With what was exported before it is {whole_km2:.1f} km²: above {cap_km2:g} km² an approval is needed.",
            ),
            Text("注明批准文件的编号(approval)。", "Name the number of the approval (approval)."),
        )
    return {"area_km2": own_km2, "cells": sorted(cells), "approval": None}


def export_event(principal: Principal, sha256: str, body: dict[str, Any]) -> NewEvent:
    """Return the event of an export, by the SHA-256 of what was exported."""
    return NewEvent(
        kind="package_exported",
        subject=f"package/{sha256}",
        office_id=principal.office_id,
        actor=principal.actor,
        occurred_at=datetime.now(UTC),
        body=body,
    )
