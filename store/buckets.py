"""Documents in a bucket of any S3 (``obstore``, the extra ``s3``): whole under their hashes, read through a folder here."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from geocode import Text
from store.errors import BucketError, DamagedDocumentError

__all__ = ["Bucket", "open_bucket"]

_CHUNK_BYTES = 1 << 20
_UNUSED_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, and the folder on this machine that holds what was read lately: of files alone can GDAL read.

    Attributes
    ----------
    address
        As it was set, such as ``s3://bucket/prefix``; told in errors.
    store
        One of obstore's stores.
    recent
        The folder; whatever is in it may be deleted at any time when nobody reads.
    """

    address: str
    store: Any
    recent: Path

    def keep(self, source: Path, sha256: str) -> None:
        """Put a file into the bucket under its hash, acknowledged as a whole when this returns; the same bytes are put once.

        Raises
        ------
        BucketError
            The bucket cannot be reached or refuses. Parts of a file that were sent are no document.
        """
        size = source.stat().st_size
        with _told(self):
            if self._size(sha256) != size:
                _obstore().put(self.store, _key(sha256), source)
            self._refuse_other(sha256, size)

    def stream(self, sha256: str) -> Iterator[bytes]:
        """Yield the bytes under a hash, which nobody has compared with it yet.

        Raises
        ------
        DamagedDocumentError
            There are none.
        BucketError
            The bucket cannot be reached or refuses.
        """
        with _told(self):
            try:
                yield from _obstore().get(self.store, _key(sha256)).stream(min_chunk_size=_CHUNK_BYTES)
            except FileNotFoundError as error:
                raise DamagedDocumentError(sha256, None) from error

    def fetch(self, sha256: str) -> Path:
        """Return a file on this machine with the bytes of a hash, compared with it when they came.

        Raises
        ------
        DamagedDocumentError
            They are gone, or no longer those that were kept.
        BucketError
            The bucket cannot be reached or refuses.
        """
        target = self.recent / _key(sha256)
        with suppress(FileNotFoundError):
            os.utime(target)
            return target
        self._forget_unused()
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=target.parent, delete=False) as copy:
            try:
                found = hashlib.sha256()
                for chunk in self.stream(sha256):
                    found.update(chunk)
                    copy.write(chunk)
                _compare(sha256, found.hexdigest())
                copy.flush()
                Path(copy.name).replace(target)
            except BaseException:
                Path(copy.name).unlink()
                raise
        return target

    def _refuse_other(self, sha256: str, size: int) -> None:
        if self._size(sha256) != size:
            raise BucketError(_refused(self.address, f"{sha256} ≠ {size} B"))

    def _size(self, sha256: str) -> int | None:
        try:
            return int(_obstore().head(self.store, _key(sha256))["size"])
        except FileNotFoundError:
            return None

    def _forget_unused(self) -> None:
        """Delete what nobody has read for a week."""
        for path in self.recent.glob("??/*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - _UNUSED_S:
                    path.unlink()


@cache
def open_bucket(address: str, recent: Path) -> Bucket:
    """Return the bucket of an address; its credentials are those of the environment, as of every S3 client (``AWS_…``).

    Raises
    ------
    BucketError
        The extra is not installed, or the address is none.
    """
    try:
        return Bucket(address, _obstore().store.from_url(address), recent)
    except ImportError as error:
        missing = Text(
            f"LUOTU_DOCUMENTS 为 {address},但未安装 obstore:用 `pip install luotu[s3]` 安装。",
            f"LUOTU_DOCUMENTS is {address}, and obstore is not installed: run `pip install luotu[s3]`.",
        )
        raise BucketError(missing) from error
    except (ValueError, _failure()) as error:
        raise BucketError(_refused(address, str(error).splitlines()[0])) from error


def _compare(sha256: str, found: str) -> None:
    if found != sha256:
        raise DamagedDocumentError(sha256, found)


@contextmanager
def _told(bucket: Bucket) -> Iterator[None]:
    """Turn what the bucket's client says into an error of the store."""
    try:
        yield
    except (BucketError, DamagedDocumentError):
        raise
    except (OSError, _failure()) as error:
        raise BucketError(_refused(bucket.address, str(error).splitlines()[0])) from error


def _key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def _obstore() -> Any:
    """Return the client, loaded when it is asked for: most installations have none."""
    import_module("obstore.store")
    return import_module("obstore")


def _failure() -> type[Exception]:
    failure: type[Exception] = import_module("obstore.exceptions").BaseError
    return failure


def _refused(address: str, reason: str) -> Text:
    return Text(
        f"文件库 {address} 无法使用:{reason}。检查 LUOTU_DOCUMENTS 及 AWS_… 环境变量。",
        f"The documents in {address} cannot be used: {reason}. See LUOTU_DOCUMENTS and the variables AWS_….",
    )
