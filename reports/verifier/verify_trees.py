"""Merkle trees after RFC 9162, section 2.1."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from verify_report import sha256


def leaf(line: bytes) -> bytes:
    """Merkle leaf hash of a line."""
    return hashlib.sha256(b"\x00" + line).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Merkle node hash."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def roots(lines: Sequence[bytes]) -> Iterator[str]:
    """Root of the first 0, 1, 2 … lines, in one pass."""
    stack: list[bytes] = []
    yield sha256(b"")
    for number, line in enumerate(lines):
        stack.append(leaf(line))
        while number & 1:
            right = stack.pop()
            stack.append(node(stack.pop(), right))
            number >>= 1
        whole = stack[-1]
        for left in reversed(stack[:-1]):
            whole = node(left, whole)
        yield whole.hex()


def root_of(lines: Iterable[bytes]) -> tuple[int, str]:
    """Number of lines and root over them; memory grows with the height alone."""
    stack: list[bytes] = []
    count = 0
    for line in lines:
        number = count
        stack.append(leaf(line))
        while number & 1:
            right = stack.pop()
            stack.append(node(stack.pop(), right))
            number >>= 1
        count += 1
    if not stack:
        return 0, sha256(b"")
    whole = stack.pop()
    while stack:
        whole = node(stack.pop(), whole)
    return count, whole.hex()


def included(line: bytes, index: int, size: int, path: list[str], root: str) -> bool:
    """RFC 9162 2.1.3.2: does the audit path lead from the leaf to the root, nothing left over?"""
    if not 0 <= index < size:
        return False
    fn, sn, value = index, size - 1, leaf(line)
    for step in map(bytes.fromhex, path):
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            value = node(step, value)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            value = node(value, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and value.hex() == root


def consistent(old: int, new: int, old_root: str, new_root: str, path: list[str]) -> bool:
    """RFC 9162 2.1.4.2: is the tree of `old` leaves a prefix of the tree of `new` leaves?"""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    steps = [bytes.fromhex(step) for step in path]
    if old & (old - 1) == 0:
        steps.insert(0, bytes.fromhex(old_root))
    if not steps:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = steps[0]
    for step in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(step, fr), node(step, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr.hex() == old_root and sr.hex() == new_root
