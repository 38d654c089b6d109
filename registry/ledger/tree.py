"""The Merkle tree of RFC 9162, section 2.1: roots, inclusion proofs, consistency proofs.

Nodes are addressed by level and position: a leaf is ``(0, index)``, and the node ``(level, position)`` is the root over the
``2**level`` leaves from ``position * 2**level``. Only such complete nodes are stored; they never change when the tree grows.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple, TypeAlias

__all__ = [
    "EMPTY_ROOT",
    "Frontier",
    "Node",
    "Range",
    "complete_nodes",
    "consistency_ranges",
    "hash_leaf",
    "hash_nodes",
    "hash_range",
    "inclusion_ranges",
    "is_consistent",
    "is_included",
]

EMPTY_ROOT = sha256(b"").digest()
HASH_BYTES = 32
Range: TypeAlias = tuple[int, int]
"""Leaves from the first to before the last."""


class Node(NamedTuple):
    """A complete node of the tree and where it is."""

    level: int
    position: int
    hash: bytes


def hash_leaf(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def hash_nodes(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node over two."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """The right edge of a tree: all that is needed to append to it and to tell its root.

    Attributes
    ----------
    size
        Number of leaves.
    peaks
        Roots of the complete subtrees that the leaves make up, from the largest to the smallest: one for each bit of `size`.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> Iterator[Node]:
        """Append a leaf's hash and yield the nodes above it that are now complete, from the lowest; read them all."""
        level, position, node = 0, self.size, leaf
        while position & 1:
            node = hash_nodes(self.peaks.pop(), node)
            level, position = level + 1, position >> 1
            yield Node(level, position, node)
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree."""
        return _fold(self.peaks) if self.peaks else EMPTY_ROOT


def complete_nodes(leaves: Range) -> list[tuple[int, int]]:
    """Return level and position of the complete nodes that make up some leaves, from left to right.

    The range is one that a proof or a frontier is made of: it begins at a multiple of a power of two not below its length.
    """
    start, end = leaves
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def hash_range(leaves: Range, node: Callable[[tuple[int, int]], bytes]) -> bytes:
    """Return the root over some leaves, from the complete nodes that make them up."""
    return _fold([node(place) for place in complete_nodes(leaves)])


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return what the inclusion proof of a leaf is made of: the leaves under each of its hashes, in the proof's order.

    Raises
    ------
    ValueError
        The tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"A tree of {size} leaves has no leaf {index}.")
    start, end = 0, size
    ranges = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(first: int, second: int) -> list[Range]:
    """Return what the proof is made of that a tree of `second` leaves is one of `first` leaves that has grown.

    Raises
    ------
    ValueError
        The first is larger than the second, or empty: RFC 9162 knows no proof from nothing.
    """
    if not 0 < first <= second:
        raise ValueError(
            f"There is no proof from {first} to {second} leaves: the first is at least 1, the second not less."
        )
    start, end = 0, second
    ranges = []
    while first < end:
        middle = start + _split(end - start)
        if first <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:
        ranges.append((start, end))
    return ranges[::-1]


def is_included(leaf: bytes, index: int, *, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether a proof shows that a leaf's hash is in the tree at an index (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = hash_nodes(other, node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = hash_nodes(node, other)
        position, last = position >> 1, last >> 1
    return last == 0 and node == root


def is_consistent(*, first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether a proof shows that the second tree is the first one, grown (RFC 9162, 2.1.4.2).

    Every tree is the empty one, grown; no proof is needed for that, nor between a tree and itself.
    """
    if first in {0, second}:
        return not proof and first_root == (second_root if first else EMPTY_ROOT)
    if not 0 < first < second:
        return False
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    if not path:
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = hash_nodes(other, old), hash_nodes(other, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = hash_nodes(new, other)
        position, last = position >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _fold(hashes: Iterable[bytes]) -> bytes:
    """Return the root over complete subtrees, from the largest to the smallest."""
    *others, node = hashes
    for other in reversed(others):
        node = hash_nodes(other, node)
    return node


def _split(size: int) -> int:
    """Return the largest power of two below a size above one."""
    return 1 << (size - 1).bit_length() - 1
