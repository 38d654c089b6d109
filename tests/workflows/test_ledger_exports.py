"""The ledger outside the database: exports and proofs, verified with a public key alone; none that was tampered with passes."""

import json
import zipfile

import pytest

from registry.errors import HeadError
from registry.ledger.heads import read_key
from registry.ledger.tree import is_consistent
from store.database import transaction
from store.errors import NotHereError
from store.ledger import append_events
from tests.conftest import principal_in, settings_for
from tests.store.conftest import open_desk
from workflows.errors import RefusedExportError
from workflows.ledger_exports import export_ledger, read_keys, verify_export, verify_proof
from workflows.ledgers import (
    prove_consistency,
    prove_event,
    prove_name,
    read_events,
    read_proof,
    seal_ledger,
    show_keys,
)
from workflows.principals import Principal

SIZE = 13


class Log:
    """A ledger of some events, signed after the sixth and the last."""

    def __init__(self, database, home):
        self.database, self.settings = database, settings_for(database, home)
        self.principal = principal_in(database)
        with transaction(database) as connection:
            self.desk = open_desk(connection)
        self.older = self.add(6)
        self.add(SIZE - 6)
        self.keys = read_keys("\n".join(show_keys(self.settings)))

    def add(self, count):
        with transaction(self.database) as connection:
            append_events(connection, [self.desk.new_event(number=i) for i in range(count)])
        return seal_ledger(self.database, self.settings)


@pytest.fixture(scope="module")
def log(new_database, tmp_path_factory):
    database = new_database()
    yield Log(database, tmp_path_factory.mktemp("log"))
    database.dispose()


@pytest.fixture(params=["folder", "zip"])
def exported(request, log, tmp_path):
    """Return an export and what writes one of its files anew."""
    target = tmp_path / ("export.zip" if request.param == "zip" else "export")
    export_ledger(log.database, log.settings, target)

    def rewrite(name, change):
        if target.is_dir():
            (target / name).write_bytes(change((target / name).read_bytes()))
            return
        with zipfile.ZipFile(target) as archive:
            files = {each: archive.read(each) for each in archive.namelist()}
        with zipfile.ZipFile(target, "w") as archive:
            for each, content in files.items():
                archive.writestr(each, change(content) if each == name else content)

    return target, rewrite


def kinds(found):
    return [(each.fault.kind, each.seq) for each in found.findings]


def test_an_export_is_verified_by_a_public_key_alone(log, exported):
    found, remarks = verify_export(exported[0], keys=log.keys)
    assert (found.findings, found.size, found.heads, remarks) == ([], SIZE, 2, [])


def test_by_its_own_keys_an_export_is_verified_with_a_remark(exported):
    found, (remark,) = verify_export(exported[0])
    assert found.is_sound
    assert "--key" in remark.en


def lines(change):
    return lambda content: b"".join(change(content.splitlines(keepends=True)))


@pytest.mark.parametrize("seq", [0, 4, 5, 6, 11])
def test_a_changed_event_is_named(log, exported, seq):
    path, rewrite = exported
    rewrite("events.jsonl", lines(lambda all_: [*all_[:seq], all_[seq].replace(b"test", b"rest"), *all_[seq + 1 :]]))
    assert kinds(verify_export(path, keys=log.keys)[0]) == [("event_changed", seq)]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda all_: all_[:-1], "tail_cut"),
        (lambda all_: all_[:2], "tail_cut"),
        (lambda all_: [], "tail_cut"),
        (lambda all_: [*all_[:3], *all_[4:]], "event_misplaced"),
        (lambda all_: [*all_[:3], all_[4], all_[3], *all_[5:]], "event_misplaced"),
        (lambda all_: [*all_[:3], all_[2], *all_[3:]], "event_misplaced"),
        (lambda all_: [*all_[:3], b"\n", *all_[4:]], "event_unreadable"),
        (lambda all_: [*all_[:-1], all_[-1].replace(b"test", b"rest")], "rewritten"),
    ],
)
def test_events_that_were_cut_off_taken_out_swapped_or_put_in_are_found(log, exported, change, kind):
    path, rewrite = exported
    rewrite("events.jsonl", lines(change))
    assert kind in {kind for kind, _ in kinds(verify_export(path, keys=log.keys)[0])}


def test_without_its_heads_an_export_is_verified_by_one_from_elsewhere(log, exported):
    path, rewrite = exported
    rewrite("heads.jsonl", lambda _: b"")
    rewrite("events.jsonl", lines(lambda all_: all_[:4]))
    rewrite("ledger.json", lambda content: content.replace(b"13", b"4"))
    found, remarks = verify_export(path, keys=log.keys)
    assert found.is_sound
    assert "No signed head" in remarks[0].en
    found, _ = verify_export(path, keys=log.keys, notes=[("a certificate", log.older.note)])
    assert kinds(found) == [("tail_cut", 4)]


@pytest.mark.parametrize("name", ["events.jsonl", "heads.jsonl", "keys.txt", "ledger.json"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_any_letter_that_was_changed_is_found(log, exported, name, share):
    path, rewrite = exported

    def flip(content):
        place = int(share * len(content))
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    rewrite(name, flip)
    try:
        found, _ = verify_export(path)
    except RefusedExportError:
        return
    assert not found.is_sound


def test_the_end_of_a_ledger_is_verified_without_its_beginning(log, tmp_path):
    for since in (0, 1, 5, 6, 12, SIZE):
        about = export_ledger(log.database, log.settings, tmp_path / str(since), since=since)
        assert about["since"] == since
        found, _ = verify_export(tmp_path / str(since), keys=log.keys)
        assert (found.findings, found.size) == ([], SIZE)


def test_an_export_overwrites_nothing_and_begins_within_the_ledger(log, tmp_path):
    with pytest.raises(RefusedExportError):
        export_ledger(log.database, log.settings, tmp_path)
    with pytest.raises(RefusedExportError):
        export_ledger(log.database, log.settings, tmp_path / "new", since=SIZE + 1)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"PK\x03\x04"])
def test_what_is_no_export_is_refused(tmp_path, content):
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(RefusedExportError):
        verify_export(path)
    with pytest.raises(RefusedExportError):
        verify_export(tmp_path)


@pytest.mark.parametrize("seq", range(SIZE))
def test_every_event_is_proved_under_the_newest_head(log, seq):
    proof = prove_name(log.database, log.settings, str(seq))
    assert json.loads(proof["event"])["seq"] == seq
    assert verify_proof(proof, keys=[read_key(line) for line in proof["keys"]]).is_sound
    without = {**proof, "event": None, "leaf_hash": read_proof(log.database, seq, principal=log.principal)["leaf_hash"]}
    assert verify_proof(without, keys=log.keys).is_sound


def test_whatever_is_changed_in_a_proof_it_holds_no_more(log):
    proof = prove_name(log.database, log.settings, "4")
    path = proof["proof"]
    changed = [
        {"event": proof["event"].replace("test", "rest")},
        {"index": 5},
        {"index": 99},
        {"proof": path[:-1]},
        {"proof": [*path, path[0]]},
        {"proof": [path[1], path[0], *path[2:]]},
        {"proof": ["00" * 32, *path[1:]]},
        {"head": log.older.note},
        {"head": proof["head"].replace("13\n", "14\n")},
        {"head": ""},
        {"event": None, "leaf_hash": "00" * 32},
    ]
    for change in changed:
        assert not verify_proof({**proof, **change}, keys=log.keys).is_sound, change
    assert not verify_proof(proof, keys=[]).is_sound


def test_a_proof_under_another_ledgers_head_of_the_same_size_is_told(log, new_database, tmp_path):
    other = Log(new_database(), tmp_path)
    proof = prove_name(log.database, log.settings, "4")
    note = seal_ledger(other.database, other.settings).note
    found = verify_proof(proof, keys=[*log.keys, *other.keys], notes=[("theirs", note)])
    assert kinds(found) == [("rewritten", 0)]
    other.database.dispose()


@pytest.mark.parametrize("proof", [{}, {"head": 1}, {"head": None, "index": 0}])
def test_what_is_no_proof_is_refused(log, proof):
    with pytest.raises(RefusedExportError):
        verify_proof(proof, keys=log.keys)


def test_what_is_not_in_the_signed_ledger_is_not_proved(log):
    with transaction(log.database) as connection, pytest.raises(NotHereError):
        prove_event(connection, SIZE)
    with pytest.raises(NotHereError):
        prove_name(log.database, log.settings, "no such building")


@pytest.mark.parametrize(("first", "second"), [(1, 1), (1, 13), (6, 13), (8, 12), (12, 13)])
def test_an_older_ledger_is_proved_to_have_grown(log, first, second):
    told = prove_consistency(log.database, first, second)
    assert is_consistent(
        first=first,
        first_root=bytes.fromhex(told["from_root"]),
        second=second,
        second_root=bytes.fromhex(told["to_root"]),
        proof=[bytes.fromhex(node) for node in told["proof"]],
    )


@pytest.mark.parametrize(("first", "second"), [(0, 5), (6, 5), (5, 14)])
def test_nothing_is_proved_of_what_is_not_there(log, first, second):
    with pytest.raises(NotHereError):
        prove_consistency(log.database, first, second)


def test_an_office_reads_its_own_events_and_an_auditor_all(log):
    def read(role, office, **page):
        principal = Principal(office, log.principal.office, "x", role)
        return read_events(log.database, principal=principal, **{"after": -1, "most": 100, **page})

    assert len(read("auditor", log.principal.office_id)["events"]) == SIZE
    assert len(read("surveyor", log.desk.office_id)["events"]) == SIZE
    assert read("surveyor", log.principal.office_id) == {"events": [], "next": None}
    page = read("auditor", log.desk.office_id, after=3, most=2)
    assert [json.loads(event)["seq"] for event in page["events"]] == [4, 5]
    assert page["next"] == 5
    with pytest.raises(PermissionError):
        read("planner", log.desk.office_id)


def test_who_may_not_read_an_event_gets_the_proof_of_its_hash(log):
    planner = Principal(log.desk.office_id, log.principal.office, "x", "planner")
    proof = read_proof(log.database, 4, principal=planner)
    assert proof["event"] is None
    assert verify_proof(proof, keys=log.keys).is_sound


def test_a_ledger_that_did_not_grow_is_not_signed_again(log):
    assert seal_ledger(log.database, log.settings) == seal_ledger(log.database, log.settings)


def test_a_key_that_is_not_the_ledgers_is_no_key(log):
    with pytest.raises(HeadError):
        read_keys("luotu+00000000+AAAA")
