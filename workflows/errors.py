"""What can go wrong in a use case.

WorkflowError
├── RefusedDeliveryError (ValueError)   a delivery of which nothing is stored; carries its report
├── RefusedDrawingError (ValueError)    a drawing that is no GeoJSON geometry
├── RefusedOptionError (ValueError)     an option that no delivery could have
├── UnknownNameError (LookupError)      a text that is the name of nothing under any scheme
└── NotAllowedError (PermissionError)   nobody known, or nobody who may do this

Errors of the rooms below pass through: `RefusedFile`, `CrsError`, `CodeError`, `NotHereError`, `DatabaseError`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from geocode import Text

if TYPE_CHECKING:
    from workflows.reports import UploadReport

__all__ = [
    "NotAllowedError",
    "RefusedDeliveryError",
    "RefusedDrawingError",
    "RefusedOptionError",
    "UnknownNameError",
    "WorkflowError",
]

_SHOWN = 60
_COLONS = (("zh", ":"), ("en", ": "))


class WorkflowError(Exception):
    """The root of the errors of this package; says itself in both languages."""

    def __init__(self, text: Text, remedy: Text) -> None:
        super().__init__(f"{text.en} {remedy.en}")
        self.text = text
        self.remedy = remedy


class RefusedDeliveryError(WorkflowError, ValueError):
    """A delivery of which nothing is stored, because rows of it are refused; the report says which and why."""

    def __init__(self, report: "UploadReport") -> None:
        super().__init__(
            Text(
                f"{report.rows} 行中有 {report.refused} 行被拒绝,没有存储任何内容。",
                f"{report.refused} of {report.rows} rows are refused, so nothing is stored.",
            ),
            Text(
                "改正这些行后重新上传,或选择只登记合格的行。",
                "Mend those rows and deliver again, or choose to register the good rows alone.",
            ),
        )
        self.report = report


class RefusedDrawingError(WorkflowError, ValueError):
    """A drawing that is no GeoJSON geometry."""

    kind = "no_geojson"

    def __init__(self) -> None:
        super().__init__(
            Text("请求中没有 GeoJSON 图形。", "The request holds no GeoJSON geometry."),
            Text(
                "发送一个 Polygon、MultiPolygon 或含此图形的 Feature。",
                "Send a Polygon, a MultiPolygon, or a Feature of one.",
            ),
        )


class RefusedOptionError(WorkflowError, ValueError):
    """An option that no delivery could have."""


class UnknownNameError(WorkflowError, LookupError):
    """A text that is the name of nothing under any scheme.

    Attributes
    ----------
    nearest
        Why the schemes refuse it that it was perhaps meant for, as answers hold it: scheme, label, and the fault.
    suggestions
        The building codes one keystroke away.
    """

    kind = "unknown_name"

    def __init__(self, text: str, nearest: Sequence[dict[str, Any]], suggestions: Sequence[str]) -> None:
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        said = Text(f"“{shown}”不是任何一种已知的名称。", f"“{shown}” is no name of any kind that is known.")
        remedy = Text(
            "检查是否抄录完整;城市自己的编码由管理员配置。",
            "See whether it was copied whole; a city's own codes are for the administrator to configure.",
        )
        if nearest:
            first = nearest[0]
            said = Text(*(f"{first['label'][tongue]}{colon}{first['text'][tongue]}" for tongue, colon in _COLONS))
            remedy = Text(first["remedy"]["zh"], first["remedy"]["en"])
        super().__init__(said, remedy)
        self.nearest = tuple(nearest)
        self.suggestions = tuple(suggestions)


class NotAllowedError(WorkflowError, PermissionError):
    """Nobody known, or nobody who may do this."""
