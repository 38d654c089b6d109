"""Files that come with a request, kept for as long as it lasts."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import NamedTuple

from fastapi import UploadFile

from workflows.confining import temporary_folder

__all__ = ["DeliveredFile", "delivered_file", "working_folder"]


class DeliveredFile(NamedTuple):
    """A file as it lies here, and what the person calls it."""

    path: Path
    name: str


@contextmanager
def delivered_file(file: UploadFile) -> Iterator[DeliveredFile]:
    """Yield a request's file, written to a folder of its own; its name is told and never used as a path."""
    name = PurePath((file.filename or "delivery").replace("\\", "/")).name or "delivery"
    with temporary_folder() as folder:
        path = folder / "delivery"
        with path.open("wb") as copy:
            shutil.copyfileobj(file.file, copy)
        yield DeliveredFile(path, name)


def working_folder() -> Iterator[Path]:
    """Yield a folder that lasts as long as the answer is being sent."""
    with temporary_folder() as made:
        yield made
