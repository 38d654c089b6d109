"""Conflicts as answers hold them: their rules named, their features called by name, the ground of secret layers left out."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from blueprint.rule_sets import RuleSet
from layers.catalogue_entries import Catalogue
from store.database import Connection
from store.documents import Documents
from store.editions import feature_names
from workflows.conflict_layers import shapes_of
from workflows.layer_rights import may_see
from workflows.principals import Principal
from workflows.reports import geometry_json, text_json

__all__ = ["Reader", "Teller"]

_MEASURES = ("area_m2", "ellipsoid_area_m2", "width_m", "certainty")


class Reader(NamedTuple):
    """Who asks, and what is known here: the rules and the catalogue of the installation, the folder of its documents."""

    principal: Principal
    rules: RuleSet
    catalogue: Catalogue
    documents: Documents

    @property
    def teller(self) -> "Teller":
        """What tells conflicts to this reader."""
        return Teller(self.rules, self.catalogue, self.principal)


class Teller:
    """Tells conflicts to a principal: of a layer that it may not see, verdict and area are told and the ground is not."""

    def __init__(self, rules: RuleSet, catalogue: Catalogue, principal: Principal) -> None:
        self._rules = {rule.id: rule for rule in rules.rules}
        self._catalogue = catalogue
        self._principal = principal

    def rows(self, connection: Connection, conflicts: Sequence[Any], *, shapes: bool = True) -> list[dict[str, Any]]:
        """Return stored conflicts, given as rows, as JSON holds them, in their order.

        Parameters
        ----------
        shapes
            Whether the ground is told, as GeoJSON in ``geometry``.
        """
        ids = {each for row in conflicts for each in (row.left_id, row.right_id) if each is not None}
        names = feature_names(connection, ids) if ids else {}
        told = [self._row(row, names) for row in conflicts]
        if shapes:
            for row, ground in zip(told, shapes_of(conflicts), strict=True):
                row["geometry"] = None if row["secret"] else geometry_json(ground)
        return told

    def groups(self, counted: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the numbers and areas of conflicts by rule and outcome, by rule."""
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in counted:
            key = (row.rule, row.left_layer, row.right_layer)
            group = found.setdefault(
                key, {**self._rule(row.rule, row.severity, advisory=row.advisory), **self._layers(row)}
            )
            group.setdefault("outcomes", {})[row.outcome] = {
                "conflicts": row.conflicts,
                "area_m2": row.area_m2,
                "ellipsoid_area_m2": row.ellipsoid_area_m2,
            }
        return list(found.values())

    def sees(self, code: str) -> bool:
        """Return whether the principal may see a layer."""
        return code in self._catalogue and may_see(self._principal, self._catalogue.layer(code))

    def _row(self, row: Any, names: Mapping[int, str | None]) -> dict[str, Any]:
        seen = [self.sees(layer) for layer in (row.left_layer, row.right_layer)]
        left, right = (
            None if feature is None else {"id": feature, "name": names.get(feature) if may_see else None}
            for feature, may_see in zip((row.left_id, row.right_id), seen, strict=True)
        )
        return {
            "id": row.id,
            **self._rule(row.rule, row.severity, advisory=row.advisory),
            "outcome": row.outcome,
            "left": {"layer": self._layer(row.left_layer), "feature": left},
            "right": {"layer": self._layer(row.right_layer), "feature": right},
            **{name: getattr(row, name) for name in _MEASURES},
            "reason": row.reason,
            "valid_from": _day(row.valid_from),
            "valid_to": _day(row.valid_to),
            "secret": not all(seen),
        }

    def _rule(self, rule_id: str, severity: str, *, advisory: bool) -> dict[str, Any]:
        rule = self._rules.get(rule_id)
        return {
            "rule": rule_id,
            "title": None if rule is None else text_json(rule.title),
            "severity": severity,
            "advisory": advisory,
        }

    def _layers(self, row: Any) -> dict[str, Any]:
        return {"left_layer": self._layer(row.left_layer), "right_layer": self._layer(row.right_layer)}

    def _layer(self, code: str) -> dict[str, Any]:
        name = text_json(self._catalogue.layer(code).name) if code in self._catalogue else None
        return {"code": code, "name": name}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
