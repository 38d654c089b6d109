"""The ledger outside the database: exports and proofs that anyone verifies offline, with nothing but a public key."""

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

from geocode import Text
from geocode.faults import read_sentences
from registry.errors import HeadError
from registry.ledger.checking import Checked, Finding, Stored, check_log, finding
from registry.ledger.heads import VerifyingKey, read_head, read_key
from registry.ledger.tree import Frontier, hash_leaf, is_included
from store.database import Database, transaction
from store.ledger import checkpoint_rows, events_from, hold_still, ledger_frontier, ledger_size
from store.seals import public_keys
from workflows.errors import RefusedExportError
from workflows.settings import Settings
from workflows.verifying import VerifiedLedger, trusted_heads, verified

__all__ = ["export_ledger", "read_keys", "verify_export", "verify_proof"]

_FORMAT = "luotu-ledger-1"
_EVENTS, _HEADS, _KEYS, _ABOUT, _README = "events.jsonl", "heads.jsonl", "keys.txt", "ledger.json", "README.md"
_SENTENCES = read_sentences("registry.ledger", "faults.toml")
Opener = Callable[[str], IO[bytes]]


def export_ledger(database: Database, settings: Settings, target: Path, *, since: int = 0) -> dict[str, Any]:
    """Write the ledger, its signed heads and the public keys into a new folder or zip file, and return what it says of itself.

    Parameters
    ----------
    since
        The first event that is wanted; the export begins with what the tree over those before it leaves.

    Raises
    ------
    RefusedExportError
        Something of that name is there already, or the ledger has not so many events.
    """
    if target.exists():
        raise _refused(f"{target} 已存在。", f"{target} is there already.", "换一个名称。", "Choose another name.")
    with transaction(database) as connection:
        hold_still(connection)
        size = ledger_size(connection)
        if not 0 <= since <= size:
            raise _refused(
                f"账本只有 {size} 个事件。",
                f"The ledger has {size} events.",
                "改小 --since。",
                "Begin with an earlier one.",
            )
        start = ledger_frontier(connection, since)
        about = {"format": _FORMAT, "since": since, "size": size, "peaks": [peak.hex() for peak in start.peaks]}
        with _writing(target) as open_file:
            with open_file(_EVENTS) as lines:
                for row in events_from(connection, since):
                    lines.write(row.canonical.encode() + b"\n")
            with open_file(_HEADS) as lines:
                for head in checkpoint_rows(connection):
                    lines.write(_line({"size": head.size, "note": head.note}))
            keys = "".join(f"{key}\n" for key in public_keys(settings.keys))
            readme = files("workflows").joinpath("ledger_export.md").read_bytes()
            for name, content in ((_KEYS, keys.encode()), (_ABOUT, _line(about)), (_README, readme)):
                with open_file(name) as file:
                    file.write(content)
    return about


def verify_export(
    path: Path, *, keys: Sequence[VerifyingKey] = (), notes: Sequence[tuple[str, str]] = ()
) -> tuple[VerifiedLedger, list[Text]]:
    """Verify an export, a folder or a zip file, and return what is wrong with it, with remarks.

    Parameters
    ----------
    keys
        Public keys that are trusted; those in the export itself where there are none, which is remarked.
    notes
        Signed heads from elsewhere, each with where it is from.

    Raises
    ------
    RefusedExportError
        It is no export of a ledger.
    """
    with _reading(path) as open_file:
        try:
            about = json.loads(open_file(_ABOUT).read())
            if about["format"] != _FORMAT:
                raise _no_export(path)
            start = Frontier(int(about["since"]), [bytes.fromhex(peak) for peak in about["peaks"]])
            own = [read_key(line) for line in open_file(_KEYS).read().decode().splitlines()]
            told = [(int(row["size"]), str(row["note"])) for row in map(json.loads, open_file(_HEADS))]
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise _no_export(path) from error
        heads, untrusted = trusted_heads([*((f"{_HEADS} ({size})", note) for size, note in told), *notes], keys or own)
        checked = check_log(
            _lines(open_file(_EVENTS), start.size),
            [found for found in heads if found.head.size >= start.size],
            start=start,
        )
    for each in [*untrusted, *_wrong_about(about, checked)]:
        checked.add(each)
    return verified(checked), [
        *([] if keys else [_own_keys(own)]),
        *_unsigned(checked, [each.head.size for each in heads]),
    ]


def verify_proof(
    proof: Mapping[str, Any], *, keys: Sequence[VerifyingKey], notes: Sequence[tuple[str, str]] = ()
) -> VerifiedLedger:
    """Verify that an event is in the ledger, by the proof that `workflows.ledgers.prove_event` makes.

    Parameters
    ----------
    notes
        Signed heads from elsewhere: one of the same size must be the same.

    Raises
    ------
    RefusedExportError
        It is no proof.
    """
    checked = Checked()
    try:
        head, index, path = (
            read_head(proof["head"], keys),
            int(proof["index"]),
            [bytes.fromhex(h) for h in proof["proof"]],
        )
        leaf = hash_leaf(proof["event"].encode()) if proof["event"] is not None else bytes.fromhex(proof["leaf_hash"])
        said = json.loads(proof["event"])["seq"] if proof["event"] is not None else index
    except HeadError as error:
        checked.add(finding("head_untrusted", place="head", reason=str(error)))
        return verified(checked)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise _no_export(Path("proof")) from error
    checked.size, checked.root, checked.heads = head.size, head.root, 1
    if said != index or not is_included(leaf, index, size=head.size, root=head.root, proof=path):
        checked.add(finding("proof_wrong", seq=index, size=head.size))
    others, untrusted = trusted_heads(notes, keys)
    for found in others:
        if found.head.size == head.size and found.head.root != head.root:
            checked.add(finding("rewritten", seq=0, last=head.size - 1, place=found.place))
    for each in untrusted:
        checked.add(each)
    return verified(checked)


def read_keys(text: str) -> list[VerifyingKey]:
    """Return the public keys of a text, one a line.

    Raises
    ------
    HeadError
        A line is no key.
    """
    return [read_key(line) for line in text.splitlines() if line.strip()]


def _lines(lines: IO[bytes], first: int) -> Iterator[Stored]:
    for seq, line in enumerate(lines, first):
        yield Stored(seq, line.removesuffix(b"\n"))


def _wrong_about(about: Mapping[str, Any], checked: Checked) -> Iterator[Finding]:
    """Yield that events are missing at the end, by what the export says of itself; a signed head would say it better."""
    said = int(about["size"])
    if checked.size < said and not any(each.fault.kind == "tail_cut" for each in checked.findings):
        yield finding("tail_cut", seq=checked.size, size=checked.size, signed=said, place=_ABOUT)


def _unsigned(checked: Checked, sizes: Sequence[int]) -> list[Text]:
    covered = max((size for size in sizes if size <= checked.size), default=0)
    if covered == checked.size:
        return []
    return [
        Text(
            f"最后 {checked.size - covered} 个事件尚无签名头。",
            f"No signed head covers the last {checked.size - covered} events.",
        )
    ]


def _own_keys(keys: Sequence[VerifyingKey]) -> Text:
    names = ", ".join(key.id for key in keys)
    return Text(
        f"按文件自带的公钥 {names} 验证:请与该单位公布的公钥比较,或用 --key 指定。",
        f"Verified by the keys in the file itself, {names}: compare them with those that the office published, or name one with --key.",
    )


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


@contextmanager
def _writing(target: Path) -> Iterator[Opener]:
    """Yield what opens the files of an export for writing."""
    if target.suffix == ".zip":
        with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as archive:
            yield lambda name: archive.open(name, "w", force_zip64=True)
    else:
        target.mkdir(parents=True)
        yield lambda name: (target / name).open("wb")


@contextmanager
def _reading(path: Path) -> Iterator[Opener]:
    """Yield what opens the files of an export for reading."""
    with ExitStack() as opened:
        if path.is_dir():
            yield lambda name: opened.enter_context((path / name).open("rb"))
            return
        try:
            archive = opened.enter_context(zipfile.ZipFile(path))
        except zipfile.BadZipFile as error:
            raise _no_export(path) from error
        yield lambda name: opened.enter_context(archive.open(name))


def _no_export(path: Path) -> RefusedExportError:
    return _refused(
        f"{path} 不是账本的导出或证明。",
        f"{path} is no export of a ledger and no proof.",
        "用 `luotu ledger export` 或 `luotu ledger prove` 生成。",
        "Make one with `luotu ledger export` or `luotu ledger prove`.",
    )


def _refused(zh: str, en: str, remedy_zh: str, remedy_en: str) -> RefusedExportError:
    return RefusedExportError(Text(zh, en), Text(remedy_zh, remedy_en))
