"""Merkle trees after RFC 9162, 2.1: roots, inclusion and consistency proofs.

Leaf = SHA-256(0x00 || data), node = SHA-256(0x01 || left || right), split at the largest power of
two smaller than n, empty tree = SHA-256(""). Functions take leaf hashes (32 bytes each), so that a
tree of a million lines needs 32 MB, whatever the lines hold. RFC 9162 publishes no vectors; the
tests use those of Certificate Transparency.

A verifier consumes its whole proof and both sizes: a published library once accepted a
consistency proof whose second size was never used up (R-140).
"""

import hashlib
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash of one leaf; `data` is a line without its line feed."""
    return hashlib.sha256(b"\x00" + data).digest()


def leaf_hashes(lines: Iterable[bytes]) -> list[bytes]:
    """Leaf hashes in the order of the lines."""
    return [leaf_hash(line) for line in lines]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Tree head over leaf hashes, RFC 9162 2.1.1. Linear in their number, no recursion."""
    if not leaves:
        return EMPTY
    level = list(leaves)
    while len(level) > 1:
        # Pairing from the left and carrying an odd last node up gives the tree of the RFC: its
        # left part is always the largest full tree.
        paired = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def root_of(lines: Iterable[bytes]) -> tuple[int, bytes]:
    """Number of lines and tree head over them, in memory that grows with the height alone."""
    stack: list[bytes] = []
    count = 0
    for line in lines:
        head, full = leaf_hash(line), count
        while full & 1:
            head, full = node_hash(stack.pop(), head), full >> 1
        stack.append(head)
        count += 1
    if not stack:
        return 0, EMPTY
    head = stack.pop()
    while stack:
        head = node_hash(stack.pop(), head)
    return count, head


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Proof that leaf `index` is in the tree over `leaves`, RFC 9162 2.1.3.1.

    Raises:
        IndexError: `index` is not a leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"expected an index below {len(leaves)}, found {index}")
    return path_in(levels(leaves), index)


def levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Every level of the tree, leaves first: for many proofs out of one tree."""
    made = [list(leaves)]
    while len(made[-1]) > 1:
        level = made[-1]
        paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        made.append(paired + level[len(paired) * 2 :])
    return made


def path_in(tree: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """The proof for leaf `index`, which is there, out of the `levels` of a tree."""
    path, at = [], index
    for level in tree[:-1]:
        sibling = at ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        at //= 2
    return path


def consistency_path(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Proof that the tree over the first `first` leaves is a prefix, RFC 9162 2.1.4.1.

    Empty when `first` is 0 or the whole tree: nothing needs to be shown.

    Raises:
        IndexError: `first` is larger than the tree.
    """
    if not 0 <= first <= len(leaves):
        raise IndexError(f"expected a size up to {len(leaves)}, found {first}")
    if first in (0, len(leaves)):
        return []
    return _subproof(leaves, first, 0, len(leaves), complete=True)


def _subproof(
    leaves: Sequence[bytes], first: int, start: int, end: int, *, complete: bool
) -> list[bytes]:
    """SUBPROOF of the RFC over leaves[start:end]; recursion as deep as the tree (log2 n)."""
    if first == end - start:
        return [] if complete else [root(leaves[start:end])]
    split = _largest_power_below(end - start)
    if first <= split:
        path = _subproof(leaves, first, start, start + split, complete=complete)
        return [*path, root(leaves[start + split : end])]
    path = _subproof(leaves, first - split, start + split, end, complete=False)
    return [*path, root(leaves[start : start + split])]


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], expected_root: bytes
) -> bool:
    """RFC 9162 2.1.3.2: whether `path` leads from `leaf` to the root of a tree of `size` leaves."""
    if not 0 <= index < size:
        return False
    at, last, head = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            head = node_hash(sibling, head)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            head = node_hash(head, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and head == expected_root


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """RFC 9162 2.1.4.2: whether the tree of `first` leaves is a prefix of that of `second`."""
    if not 0 <= first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    if first == 0:
        return not path and first_root == EMPTY
    steps = list(path)
    if first & (first - 1) == 0:
        steps.insert(0, first_root)
    if not steps:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _largest_power_below(count: int) -> int:
    """Largest power of two smaller than `count` (which is at least 2)."""
    return 1 << ((count - 1).bit_length() - 1)
