"""What can go wrong in the store.

StoreError
├── ClusterError (RuntimeError)      the private PostGIS cluster
├── DatabaseError (ConnectionError)  a database that cannot be reached
├── BucketError (ConnectionError)    documents in a bucket that cannot be used
├── OtherSchemaError (RuntimeError)  a database that another version of the program made
├── DamagedDocumentError (OSError)   a document whose bytes are gone or changed
├── NotHereError (LookupError)       nothing bears that name, or nothing you may see
├── UnfitValueError (ValueError)     a value that no column holds
├── QueryError (ValueError)          a question about a collection's items that cannot be asked; carries its fault
└── GroundTakenError (ValueError)    another building stands there: the database refused the row
"""

from collections.abc import Sequence

from geocode import Fault, Text

__all__ = [
    "BucketError",
    "ClusterError",
    "DamagedDocumentError",
    "DatabaseError",
    "GroundTakenError",
    "NotHereError",
    "OtherSchemaError",
    "StoreError",
    "UnfitValueError",
]

_LOOK = Text("核对名称或编号;他单位的不可见。", "Check the name or the id; those of other offices are not to be seen.")


class StoreError(Exception):
    """The root of the errors of this package."""


class ClusterError(StoreError, RuntimeError):
    """The private PostGIS cluster cannot be made, started, stopped or reached; the message says why and what to do."""


class DatabaseError(StoreError, ConnectionError):
    """The database cannot be reached; the text says why and what to do."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class BucketError(StoreError, ConnectionError):
    """Documents in a bucket that cannot be reached or used; the text says why and what to do."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class OtherSchemaError(StoreError, RuntimeError):
    """The database is not as this version of the program knows it; the text says which is older and what to do."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class DamagedDocumentError(StoreError, OSError):
    """A document whose bytes are gone or changed; `found` is their hash now, None where there are none."""

    def __init__(self, sha256: str, found: str | None) -> None:
        self.text = Text(
            f"文件 {sha256} 已损坏:现有内容的 SHA-256 为 {found}。请从备份恢复。"
            if found
            else f"文件 {sha256} 无法读取。请从备份恢复。",
            f"The document {sha256} is damaged: what is there has the SHA-256 {found}. Restore it from a backup."
            if found
            else f"The document {sha256} cannot be read. Restore it from a backup.",
        )
        super().__init__(self.text.en)
        self.sha256 = sha256
        self.found = found


class NotHereError(StoreError, LookupError):
    """Nothing bears that name; `remedy` is what to do, `suggestions` are names near it that something bears."""

    def __init__(self, text: Text, suggestions: Sequence[str] = (), *, remedy: Text | None = None) -> None:
        super().__init__(text.en)
        self.text = text
        self.remedy = remedy or _LOOK
        self.suggestions = tuple(suggestions)


class UnfitValueError(StoreError, ValueError):
    """A value that no column holds: text with a NUL character or half a character, a number or a day beyond all bounds."""

    def __init__(self) -> None:
        self.text = Text(
            "请求中有无法存储的值:含空字符(NUL)或残缺字符的文本,或超出范围的数。没有存储任何内容。",
            "A value cannot be stored: a text with a NUL character or half a character, or a number out of range. "
            "Nothing is stored.",
        )
        super().__init__(self.text.en)


class QueryError(StoreError, ValueError):
    """A question about a collection's items that cannot be asked.

    Attributes
    ----------
    fault
        What is wrong, and what to do about it.
    parameter
        The parameter of the request that is wrong, such as ``filter``.
    errors
        Its place as problems have it: a pointer to the parameter; the property, operator or value in it, and the character
        of its text from 1, where it has one.
    """

    def __init__(
        self, fault: Fault, *, parameter: str = "filter", place: str | None = None, position: int | None = None
    ) -> None:
        super().__init__(f"{fault.text.en} {fault.remedy.en}")
        self.fault = fault
        self.parameter = parameter
        told = {"parameter": parameter, "place": place, "position": position}
        known = {name: value for name, value in told.items() if value is not None}
        self.errors = [{"pointer": f"/query/{parameter}", **known, "detail": fault.text.en}]


class GroundTakenError(StoreError, ValueError):
    """Another building stands on the ground; `code` is its code."""

    def __init__(self, code: str) -> None:
        self.text = Text(f"该处已有在册建筑 {code}。", f"The ground is taken by building {code}.")
        super().__init__(self.text.en)
        self.code = code
