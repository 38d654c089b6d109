"""The tree is RFC 9162's: known roots, and proofs that hold for what is so and for nothing else."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_ranges,
    hash_leaf,
    hash_nodes,
    hash_range,
    inclusion_ranges,
    is_consistent,
    is_included,
)

# the leaves of the test vectors that implementations of RFC 6962 share, and the roots over the first n of them
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = st.integers(1, 200)


def grown(count):
    """Return a tree of some leaves, and its complete nodes by place."""
    frontier, nodes = Frontier(), {}
    for i in range(count):
        nodes[0, i] = hash_leaf(str(i).encode())
        nodes |= {(level, position): node for level, position, node in frontier.append(nodes[0, i])}
    return frontier, nodes


def root_of(leaves):
    """Return the root as the RFC defines it, by recursion."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    return hash_nodes(root_of(leaves[:middle]), root_of(leaves[middle:]))


def included(index, size):
    frontier, nodes = grown(size)
    proof = [hash_range(leaves, nodes.__getitem__) for leaves in inclusion_ranges(index, size)]
    return {"leaf": nodes[0, index], "index": index, "size": size, "root": frontier.root(), "proof": proof}


def consistent(first, second):
    frontier, nodes = grown(second)
    proof = [hash_range(leaves, nodes.__getitem__) for leaves in consistency_ranges(first, second)]
    roots = {"first_root": grown(first)[0].root(), "second_root": frontier.root()}
    return {"first": first, "second": second, **roots, "proof": proof}


@pytest.mark.parametrize("count", range(len(ROOTS)))
def test_roots_are_those_that_everybody_computes(count):
    frontier = Frontier()
    for leaf in LEAVES[:count]:
        list(frontier.append(hash_leaf(leaf)))
    assert frontier.root().hex() == ROOTS[count]
    assert frontier.size == count


def test_the_empty_tree_has_the_hash_of_nothing():
    assert sha256(b"").digest() == EMPTY_ROOT


@given(st.integers(0, 200))
def test_a_tree_that_grows_has_the_root_of_the_definition_and_every_complete_node(count):
    frontier, nodes = grown(count)
    leaves = [nodes[0, i] for i in range(count)]
    assert frontier.root() == root_of(leaves)
    assert len(nodes) == sum(count >> level for level in range(count.bit_length()))
    for (level, position), node in nodes.items():
        assert node == root_of(leaves[position << level : (position + 1) << level])


@given(SIZES, st.data())
def test_a_leaf_is_proved_at_its_index_and_nowhere_else(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof = included(index, size)
    assert is_included(**proof)
    assert len(proof["proof"]) <= size.bit_length()
    others = [other for other in range(-1, size + 2) if other != index]
    assert not any(is_included(**{**proof, "index": other}) for other in others)


@given(SIZES, st.data())
def test_whatever_is_changed_in_an_inclusion_proof_it_holds_no_more(size, data):
    proof = included(data.draw(st.integers(0, size - 1)), size)
    for changed in changes(proof, "leaf", "root", data=data):
        assert not is_included(**changed)


@given(SIZES, st.data())
def test_a_tree_is_proved_to_be_an_older_one_grown(second, data):
    first = data.draw(st.integers(1, second))
    proof = consistent(first, second)
    assert is_consistent(**proof)
    assert not is_consistent(**{**proof, "first": first + second, "second": first + second - 1})


@given(SIZES, st.data())
def test_whatever_is_changed_in_a_consistency_proof_it_holds_no_more(second, data):
    proof = consistent(data.draw(st.integers(1, second)), second)
    for changed in changes(proof, "first_root", "second_root", data=data):
        assert not is_consistent(**changed)


def changes(proof, *hashes, data):
    """Return a proof with one thing changed, for each thing that there is."""
    bit = data.draw(st.integers(0, 255))
    for name in hashes:
        yield {**proof, name: flipped(proof[name], bit)}
    path = proof["proof"]
    for i in range(len(path)):
        yield {**proof, "proof": [*path[:i], flipped(path[i], bit), *path[i + 1 :]]}
        yield {**proof, "proof": [*path[:i], *path[i + 1 :]]}
        if i and path[i] != path[i - 1]:
            yield {**proof, "proof": [*path[: i - 1], path[i], path[i - 1], *path[i + 1 :]]}
    yield {**proof, "proof": [*path, bytes(32)]}
    yield {**proof, "proof": [bytes(32), *path]}


def flipped(value, bit):
    return (int.from_bytes(value) ^ 1 << bit).to_bytes(32)


def test_every_tree_is_the_empty_one_grown_and_itself():
    root = grown(5)[0].root()
    assert is_consistent(first=0, first_root=EMPTY_ROOT, second=5, second_root=root, proof=[])
    assert not is_consistent(first=0, first_root=root, second=5, second_root=root, proof=[])
    assert not is_consistent(first=5, first_root=root, second=5, second_root=EMPTY_ROOT, proof=[])
    assert not is_consistent(first=6, first_root=root, second=5, second_root=root, proof=[])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index, size):
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_ranges(index, size)


@pytest.mark.parametrize(("first", "second"), [(0, 5), (6, 5), (-1, 5)])
def test_there_is_no_proof_from_nothing_or_backwards(first, second):
    with pytest.raises(ValueError, match="no proof"):
        consistency_ranges(first, second)
