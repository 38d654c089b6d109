"""How far a long piece of work has come: told as it goes on, to whoever listens, who may end it."""

from typing import Protocol

from geocode import Text

__all__ = ["STEPS", "Progress", "unheard"]

STEPS = {
    "reading": Text("读取", "reading"),
    "checking": Text("检查并编码", "checking and coding"),
    "matching": Text("与登记册比对", "matching with the register"),
    "registering": Text("登记", "registering"),
    "recording": Text("记入账本", "recording in the ledger"),
    "processing": Text("处理", "processing"),
}


class Progress(Protocol):
    """Listens to how far a piece of work has come; what it raises ends the work, and nothing of it is stored."""

    def __call__(self, step: str, done: int = 0, total: int | None = None) -> None:
        """Hear that a step (`STEPS`) has begun, or how many of its rows are done."""


def unheard(step: str, done: int = 0, total: int | None = None) -> None:
    """Hear nothing."""
