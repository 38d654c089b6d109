"""What is logged: lines of JSON on standard error, text on a terminal; by our own code and by libraries, in one way.

Code logs by `logging`; what belongs to a line goes into ``extra``. No key, token or body ever does, and no name of a person.
"""

import logging
import sys
from contextvars import ContextVar
from typing import Any, BinaryIO

import orjson
import structlog

from workflows.settings import Settings

__all__ = ["REQUEST_ID", "start_logs"]

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being answered; it stands in every line that is logged meanwhile."""

# of libraries that tell of every step
_QUIET = ("procrastinate", "httpx2", "httpcore2", "alembic", "asyncio", "fontTools")
# what fails in answering a request is logged where it is answered, with its id
_ALREADY = "Exception in ASGI application"


def start_logs(settings: Settings, *, stream: BinaryIO | None = None) -> None:
    """Have this process log as its settings say, from now on, to standard error or a stream."""
    level = getattr(logging, settings.log_level.upper())
    handler = _Lines(stream or sys.stderr.buffer)
    is_text = settings.log_format == "text" or (not settings.log_format and handler.is_terminal)
    handler.setFormatter(_text_form() if is_text else _json_form())
    handler.addFilter(lambda record: not str(record.msg).startswith(_ALREADY))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _form(*last: Any) -> structlog.stdlib.ProcessorFormatter:
    first: list[Any] = [
        structlog.stdlib.ExtraAdder(),
        _drop_colours,
        _add_request_id,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=first, processors=[meta, *last])


def _text_form() -> structlog.stdlib.ProcessorFormatter:
    return _form(structlog.dev.ConsoleRenderer(timestamp_key="time"))


def _json_form() -> structlog.stdlib.ProcessorFormatter:
    return _form(structlog.processors.format_exc_info, _as_json)


class _Lines(logging.Handler):
    """Writes each record at once and whole: several processes write to the same place."""

    def __init__(self, out: BinaryIO) -> None:
        super().__init__()
        self._out = out
        self.is_terminal = out.isatty()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        try:
            self._out.write(f"{self.format(record)}\n".encode(errors="backslashreplace"))
            self._out.flush()
        except Exception:  # noqa: BLE001 - as logging has it: what cannot be logged stops nobody
            self.handleError(record)


def _drop_colours(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    event.pop("color_message", None)
    return event


def _add_request_id(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    if "request_id" not in event and (identity := REQUEST_ID.get()):
        event["request_id"] = identity
    return event


def _as_json(_logger: Any, _method: str, event: dict[str, Any]) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
