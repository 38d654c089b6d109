"""What can go wrong in a use case.

WorkflowError
├── RefusedDeliveryError (ValueError)   a delivery of which nothing is stored; carries its report
├── RefusedDrawingError (ValueError)    a drawing that is no GeoJSON geometry
├── RefusedOptionError (ValueError)     an option that no delivery could have
├── RefusedParameterError (ValueError)  a parameter of a query that is unknown, or whose value is none
├── RefusedInputsError (ValueError)     inputs that a process does not take; carries their faults
├── RefusedActError (ValueError)        something that cannot happen to a building as it stands
├── RefusedRowsError (ValueError)       a table of which nothing is stored; carries its rows' faults
├── ChangedMeanwhileError (RuntimeError) someone else changed the same thing at the same time
├── ChangedSinceError (RuntimeError)    something that is no longer as the client saw it
├── UnseenStateError (ValueError)       a change that does not say which state it is of
├── UnknownNameError (LookupError)      a text that is the name of nothing under any scheme
├── RefusedEntryError (ValueError)      a stage that a building may not enter, or an entry that must stand; carries why
├── RefusedBackupError (ValueError)     a backup that cannot be made or restored; carries all that is wrong
├── RefusedExportError (ValueError)     a ledger's export or proof that cannot be written or read
├── ReusedKeyError (ValueError)         an idempotency key that was another request's
├── StillRunningError (RuntimeError)    the same request is being answered at this moment
├── UnknownProcessError (LookupError)   a name that no process has
├── UnknownJobError (LookupError)       an id that no process's job of the office has
├── NotReadyError (LookupError)         a result that is not there yet, or never will be; carries why
├── KeysUnreachableError (ConnectionError) an identity provider whose keys cannot be had
└── NotAllowedError (PermissionError)   nobody known
    ├── BadTokenError                   a key or token that says nothing of anybody; `kind` says why
    └── ForbiddenError                  somebody known who may not do this
        ├── NoPlaceError                somebody known to the identity provider alone
        └── HiddenError                 another office's: answered as if it were not there

Errors of the rooms below pass through: `RefusedFile`, `CrsError`, `CodeError`, `NotHereError`, `DatabaseError`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from geocode import Fault, Text

if TYPE_CHECKING:
    from workflows.principals import Principal
    from workflows.reports import UploadReport

__all__ = [
    "BadTokenError",
    "ChangedSinceError",
    "ForbiddenError",
    "HiddenError",
    "KeysUnreachableError",
    "NoPlaceError",
    "NotAllowedError",
    "NotReadyError",
    "RefusedBackupError",
    "RefusedDeliveryError",
    "RefusedDrawingError",
    "RefusedEntryError",
    "RefusedExportError",
    "RefusedInputsError",
    "RefusedOptionError",
    "RefusedParameterError",
    "RefusedRowsError",
    "ReusedKeyError",
    "StillRunningError",
    "UnknownJobError",
    "UnknownNameError",
    "UnknownProcessError",
    "UnseenStateError",
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


class RefusedInputsError(WorkflowError, ValueError):
    """Inputs that a process does not take, each with its JSON Pointer and what is wrong there."""

    kind = "inputs"

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        (pointer, detail), *_ = errors
        super().__init__(
            Text(f"{pointer}:{detail}。", f"{pointer}: {detail}."),
            Text("按该处理的 inputs 说明填写。", "Give the inputs as the description of the process has them."),
        )
        self.errors = [{"pointer": place, "detail": told} for place, told in errors]


class RefusedOptionError(WorkflowError, ValueError):
    """An option that no delivery could have."""


class RefusedParameterError(WorkflowError, ValueError):
    """A parameter of a query that is unknown, or whose value is none; `parameter` is its name."""

    kind = "parameter"

    def __init__(self, parameter: str, text: Text, remedy: Text) -> None:
        super().__init__(text, remedy)
        self.parameter = parameter
        place = parameter.replace("~", "~0").replace("/", "~1")
        self.errors = [{"pointer": f"/query/{place}", "parameter": parameter, "detail": text.en, "zh": text.zh}]


class RefusedActError(WorkflowError, ValueError):
    """Something that cannot happen to a building as it stands; `kind` names the law that is against it."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text, fault.remedy)
        self.kind = fault.kind


class RefusedExportError(WorkflowError, ValueError):
    """An export or a proof of the ledger that cannot be written or read."""


class RefusedBackupError(WorkflowError, ValueError):
    """A backup that cannot be made or restored; `faults` say what is wrong and where, at least one."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults[0].text, faults[0].remedy)
        self.kind = faults[0].kind
        self.faults = tuple(faults)


class RefusedRowsError(WorkflowError, ValueError):
    """A table of which nothing is stored; `rows` say why, as answers hold them: ``row``, ``number`` and the fault."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        first = rows[0]
        where = "" if first["row"] is None else f"{first['row']}"
        zh, en = (f"第 {where} 行:", f"Row {where}: ") if where else ("", "")
        rest = len(rows) - 1
        more = (f"另有 {rest} 处。", f" And {rest} more.") if rest else ("", "")
        super().__init__(
            Text(f"{zh}{first['text']['zh']}{more[0]}", f"{en}{first['text']['en']}{more[1]}"),
            Text(first["remedy"]["zh"], first["remedy"]["en"]),
        )
        self.rows = tuple(rows)


class ChangedMeanwhileError(WorkflowError, RuntimeError):
    """Someone else changed the same thing at the same time; `name` is its code or id."""

    def __init__(self, name: str) -> None:
        super().__init__(
            Text(
                f"{name} 刚被他人更改,没有存储任何内容。", f"Someone else has just changed {name}; nothing is stored."
            ),
            Text("查看现状后重试。", "See how it stands now, and try again."),
        )
        self.name = name


class ChangedSinceError(WorkflowError, RuntimeError):
    """Something that is no longer as the client saw it, is being changed now, or is there though it was not to be."""

    kind = "changed_since"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "它已不是您看到的样子,或他人正在更改它;没有存储任何内容。",
                "It is no longer as you saw it, or somebody else is changing it now; nothing is stored.",
            ),
            Text("重新读取,再以新的 ETag 提交。", "Read it again, and send the new ETag."),
        )


class UnseenStateError(WorkflowError, ValueError):
    """A change that would replace something and does not say which state of it."""

    kind = "precondition_required"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "此更改会替换现有内容,须说明看到的是哪个状态。", "This replaces what is there, and does not say which."
            ),
            Text(
                "在 If-Match 中给出读取时的 ETag;无论现状如何都要替换时,给出 *。",
                "Give the ETag that it was read with in If-Match, or * to replace it whatever it is.",
            ),
        )


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


class RefusedEntryError(WorkflowError, ValueError):
    """A stage that a building may not enter, or an entry that must stand; `faults` say why, at least one."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults[0].text, faults[0].remedy)
        self.kind = faults[0].kind
        self.faults = tuple(faults)


class ReusedKeyError(WorkflowError, ValueError):
    """An idempotency key under which another request was answered."""

    def __init__(self, key: str) -> None:
        super().__init__(
            Text(f"幂等键“{key}”已用于另一请求。", f"The idempotency key “{key}” was used for another request."),
            Text("为新的请求换一个键。", "Take a new key for a new request."),
        )


class StillRunningError(WorkflowError, RuntimeError):
    """The same request is being answered at this moment."""

    def __init__(self, key: str) -> None:
        super().__init__(
            Text(f"幂等键为“{key}”的请求正在处理。", f"The request with the key “{key}” is being answered now."),
            Text("稍后以同一键重试。", "Try again in a moment with the same key."),
        )


class UnknownProcessError(WorkflowError, LookupError):
    """A name that no process has."""

    kind = "no_such_process"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(
            Text(f"没有处理“{name[:60]}”。", f"There is no process “{name[:60]}”."),
            Text(f"可用的有:{'、'.join(known)}。", f"There are {', '.join(known)}."),
        )


class UnknownJobError(WorkflowError, LookupError):
    """An id that no process's job of the office has."""

    kind = "no_such_job"

    def __init__(self, identity: str) -> None:
        super().__init__(
            Text(f"没有编号为 {identity[:60]} 的任务。", f"There is no job {identity[:60]}."),
            Text("查看任务列表。", "Look at the list of jobs."),
        )


class NotReadyError(WorkflowError, LookupError):
    """The result of a job that has not ended, or that failed or was dismissed.

    Attributes
    ----------
    problem
        Why it failed, as jobs tell it; None where it did not.
    """

    def __init__(self, job: str, *, has_ended: bool, problem: Mapping[str, Any] | None = None) -> None:
        zh, en = ("没有结果", "has no result") if has_ended else ("尚未完成", "has not ended yet")
        super().__init__(
            Text(f"任务 {job} {zh}。", f"Job {job} {en}."),
            Text("查看任务的状态。", "Look at the job's state.")
            if has_ended
            else Text("稍后再取。", "Ask again later."),
        )
        self.kind = "no_result" if has_ended else "result_not_ready"
        self.problem = problem


class KeysUnreachableError(WorkflowError, ConnectionError):
    """An identity provider whose keys cannot be had: nobody can be known by a token for now."""

    kind = "token_keys"


class NotAllowedError(WorkflowError, PermissionError):
    """Nobody known.

    Attributes
    ----------
    challenge
        What RFC 6750 calls it; empty where nobody has said who they are.
    """

    challenge = ""


class BadTokenError(NotAllowedError):
    """A key or token that says nothing of anybody; `kind` says why."""

    challenge = "invalid_token"

    def __init__(self, kind: str, text: Text, remedy: Text) -> None:
        super().__init__(text, remedy)
        self.kind = kind


class ForbiddenError(NotAllowedError):
    """Somebody known who may not do this.

    Attributes
    ----------
    principal, action
        Who, and what of `rights.toml`; None where whoever refused does not say.
    """

    challenge = "insufficient_scope"
    principal: "Principal | None" = None
    action: str | None = None


class NoPlaceError(ForbiddenError):
    """Somebody whom the identity provider knows, and who has no office or role here; `kind` says why."""

    def __init__(self, kind: str, text: Text, remedy: Text) -> None:
        super().__init__(text, remedy)
        self.kind = kind


class HiddenError(ForbiddenError):
    """What is another office's; answered as what is not there."""

    kind = "not_here"

    def __init__(self) -> None:
        super().__init__(
            Text("没有此项,或不属于本单位。", "There is no such thing, or it is not your office's."),
            Text("核对编码;必要时请所属单位办理。", "Compare the code, or ask the office that it belongs to."),
        )
