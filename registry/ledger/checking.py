"""The log verified: each event, the chain, the tree, every signed head; what is wrong is found with its place.

An event whose bytes were changed is told from its neighbours by the chain: the event after it holds the hash that it had.
So the tree goes on with that hash, and the signed heads still show that nothing else was changed. Who rewrites all events
from one on, with all hashes, is found by the first signed head that covers it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import orjson

from geocode.faults import Fault, read_sentences
from registry.ledger.heads import Head
from registry.ledger.tree import Frontier, Node, hash_leaf

__all__ = ["Checked", "Finding", "Found", "Stored", "check_log", "finding"]

Reader: TypeAlias = Callable[[int, dict[str, Any]], None]
_SENTENCES = read_sentences("registry.ledger", "faults.toml")
_MOST = 1_000


class Stored(NamedTuple):
    """An event as it is kept: its place, its bytes, and what is stored beside them (None where nothing is)."""

    seq: int
    canonical: bytes
    leaf_hash: bytes | None = None


class Finding(NamedTuple):
    """Something that is wrong, and where: an event's number, a table and a row's key, as far as they apply."""

    fault: Fault
    seq: int | None = None
    table: str | None = None
    key: str | None = None


class Found(NamedTuple):
    """A signed head that the log must agree with, and where it was found."""

    head: Head
    place: str


@dataclass(slots=True)
class Checked:
    """What was verified of a log.

    Attributes
    ----------
    size, root
        Number of events, and the root over them; an event that was changed counts with the hash that it had.
    heads
        Number of signed heads that the log agrees with.
    findings
        What is wrong, in order of events; after a thousand only the number is counted, in `more`.
    """

    size: int = 0
    root: bytes = b""
    heads: int = 0
    findings: list[Finding] = field(default_factory=list)
    more: int = 0

    def add(self, found: Finding) -> None:
        """Add something that is wrong."""
        if len(self.findings) < _MOST:
            self.findings.append(found)
        else:
            self.more += 1


class _Link(NamedTuple):
    """An event as the chain sees it; hashes are None where they are not known, because the event is not what it was."""

    seq: int
    leaf: bytes | None
    previous: bytes | None
    is_sound: bool


def finding(
    kind: str, *, seq: int | None = None, table: str | None = None, key: str | None = None, **values: Any
) -> Finding:
    """Return a finding of a kind, its sentence filled in."""
    return Finding(_SENTENCES.fault(kind, seq=seq, table=table, key=key, **values), seq, table, key)


def check_log(
    events: Iterable[Stored],
    heads: Iterable[Found] = (),
    *,
    nodes: Iterable[Node] | None = None,
    start: Frontier | None = None,
    read: Reader | None = None,
) -> Checked:
    """Return what is wrong with a log, and how far it was verified.

    Parameters
    ----------
    events
        In the order of their places.
    heads
        Signed heads, their signatures verified, in any order.
    nodes
        The complete nodes that are stored, in the order in which a growing tree completes them.
    start
        The tree before the first event, where the log is the end of one.
    read
        Called with each event's number and content as it is read, for whoever compares events with something else.
    """
    checked = Checked()
    tree = _Tree(checked, start or Frontier(), heads, nodes)
    links = _read_events(events, checked, tree.frontier.size, read or _ignore)
    for leaf in _settle_leaves(links, checked, tree):
        tree.append(leaf)
    tree.close()
    return checked


def _read_events(events: Iterable[Stored], checked: Checked, first: int, read: Reader) -> Iterator[_Link]:
    """Yield a link for every place from the first on, whatever stands there."""
    expected = first
    for event in events:
        if event.seq > expected:
            checked.add(finding("event_missing", seq=expected, last=event.seq - 1))
            yield from (_Link(seq, None, None, is_sound=False) for seq in range(expected, event.seq))
        if event.seq < expected:
            checked.add(finding("event_misplaced", seq=event.seq, said=event.seq))
            continue
        expected = event.seq + 1
        yield _read_event(event, checked, read)


def _read_event(event: Stored, checked: Checked, read: Reader) -> _Link:
    seq, canonical, stored = event
    leaf = hash_leaf(canonical)
    try:
        content = orjson.loads(canonical)
        said, previous = content["seq"], content["previous"]
        before = None if previous is None else bytes.fromhex(previous)
    except (ValueError, KeyError, TypeError):
        checked.add(finding("event_unreadable", seq=seq))
        return _Link(seq, None, None, is_sound=False)
    if said != seq:
        checked.add(finding("event_misplaced", seq=seq, said=said))
        return _Link(seq, None, None, is_sound=False)
    read(seq, content)
    if stored is not None and stored != leaf:
        checked.add(finding("event_changed", seq=seq))
        return _Link(seq, None, before, is_sound=False)
    return _Link(seq, leaf, before, is_sound=True)


def _settle_leaves(links: Iterator[_Link], checked: Checked, tree: "_Tree") -> Iterator[bytes | None]:
    """Yield each event's leaf hash: that of an event that was changed as the one after it has it, None where nobody has it.

    Where two neighbours disagree, one of them was changed: the second, if the one after it disagrees with it as well.
    """
    blamed = None
    before, event = next(links, None), next(links, None)
    if before is not None and before.seq == 0 and before.previous is not None and before.is_sound:
        checked.add(finding("event_changed", seq=0))
    while before is not None and event is not None:
        after = next(links, None)
        leaf = before.leaf
        if leaf is None or blamed == before.seq:
            leaf = event.previous
        elif event.is_sound and event.previous != leaf:
            is_second = (
                not tree.is_signed(event.previous, event.leaf) if after is None else after.previous != event.leaf
            )
            blamed = event.seq if is_second else before.seq
            checked.add(finding("event_changed", seq=blamed))
            leaf = leaf if is_second else event.previous
        yield leaf
        before, event = event, after
    if before is not None:
        yield before.leaf


class _Tree:
    """The tree as it grows over a log, compared with the nodes that are stored and the heads that were signed."""

    def __init__(
        self, checked: Checked, frontier: Frontier, heads: Iterable[Found], nodes: Iterable[Node] | None
    ) -> None:
        self.checked = checked
        self.frontier = frontier
        self.heads: dict[int, list[Found]] = {}
        for found in heads:
            self.heads.setdefault(found.head.size, []).append(found)
        self.nodes = None if nodes is None else _StoredNodes(iter(nodes), checked)
        self.is_whole = True
        self.signed = frontier.size  # up to here the log is as it was signed
        self._compare_heads()

    def append(self, leaf: bytes | None) -> None:
        """Let the tree grow by a leaf; None ends what can be known of it."""
        if leaf is None:
            self.is_whole = False
        grown = list(self.frontier.append(leaf or b""))
        if self.is_whole:
            if self.nodes is not None:
                self.nodes.compare(grown)
            self._compare_heads()

    def is_signed(self, *leaves: bytes | None) -> bool:
        """Tell whether the tree with some more leaves is one that was signed."""
        longer = Frontier(self.frontier.size, list(self.frontier.peaks))
        for leaf in leaves:
            list(longer.append(leaf or b""))
        return any(found.head.root == longer.root() for found in self.heads.get(longer.size, []))

    def close(self) -> None:
        """Say how far the log goes, and what lies beyond."""
        checked, size = self.checked, self.frontier.size
        checked.size, checked.root = size, self.frontier.root() if self.is_whole else b""
        if self.nodes is not None and self.is_whole:
            self.nodes.refuse_rest()
        if self.heads and max(self.heads) > size:
            beyond = self.heads[max(self.heads)][0]
            checked.add(finding("tail_cut", seq=size, size=size, signed=beyond.head.size, place=beyond.place))

    def _compare_heads(self) -> None:
        size = self.frontier.size
        for found in self.heads.get(size, []):
            if found.head.root == self.frontier.root():
                self.checked.heads += 1
                self.signed = size
            else:
                self.checked.add(finding("rewritten", seq=self.signed, last=size - 1, place=found.place))
                self.is_whole = False
                return


class _StoredNodes:
    """The nodes that are stored, read as the tree completes them."""

    def __init__(self, nodes: Iterator[Node], checked: Checked) -> None:
        self.nodes = nodes
        self.checked = checked
        self.node = next(nodes, None)

    def compare(self, grown: Iterable[Node]) -> None:
        """Compare some new nodes with the next ones that are stored."""
        for node in grown:
            if node == self.node:
                self.node = next(self.nodes, None)
                continue
            while self.node is not None and _completed_by(self.node) < _completed_by(node):
                self._refuse("node_unknown", self.node)
                self.node = next(self.nodes, None)
            if self.node is None or _completed_by(self.node) != _completed_by(node):
                self._refuse("node_missing", node)
                continue
            if self.node.hash != node.hash:
                self._refuse("node_changed", node)
            self.node = next(self.nodes, None)

    def refuse_rest(self) -> None:
        """Refuse the nodes that no event completes."""
        while self.node is not None:
            self._refuse("node_unknown", self.node)
            self.node = next(self.nodes, None)

    def _refuse(self, kind: str, node: Node) -> None:
        first, last = node.position << node.level, ((node.position + 1) << node.level) - 1
        place = {"level": node.level, "position": node.position}
        key = f"{node.level}/{node.position}"
        self.checked.add(finding(kind, seq=first, table="ledger_node", key=key, last=last, **place))


def _completed_by(node: Node) -> tuple[int, int]:
    """Return the number of leaves with which a tree completes a node, and the node's level: nodes' order in a growing tree."""
    return (node.position + 1) << node.level, node.level


def _ignore(_seq: int, _content: dict[str, Any]) -> None:
    """Do nothing with an event."""
