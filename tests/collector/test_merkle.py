"""RFC 9162 trees, against the vectors of Certificate Transparency and against the definition."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import merkle

#: Reference leaves and tree heads of Certificate Transparency (RFC 6962 implementations).
CT_DATA = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
CT_ROOTS = [
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
CT_INCLUSION = [
    (0, 8, [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]),
    (5, 8, [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]),
]  # fmt: skip
CT_CONSISTENCY = [
    (1, 1, []),
    (2, 5, [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]),
    (6, 8, [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]),
]  # fmt: skip
CT_LEAVES = merkle.leaf_hashes(CT_DATA)


def defined_root(data: list[bytes]) -> bytes:
    """MTH as the RFC defines it: another code path than ours."""
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    split = 1
    while split * 2 < len(data):
        split *= 2
    left, right = defined_root(data[:split]), defined_root(data[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize("size", range(9))
def test_reference_roots(size: int) -> None:
    assert CT_ROOTS[size] == merkle.root(CT_LEAVES[:size]).hex()


@pytest.mark.parametrize(("index", "size", "path"), CT_INCLUSION)
def test_reference_inclusion(index: int, size: int, path: list[str]) -> None:
    assert path == [node.hex() for node in merkle.inclusion_path(CT_LEAVES[:size], index)]


@pytest.mark.parametrize(("first", "second", "path"), CT_CONSISTENCY)
def test_reference_consistency(first: int, second: int, path: list[str]) -> None:
    assert path == [node.hex() for node in merkle.consistency_path(CT_LEAVES[:second], first)]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=8), max_size=70))
def test_root_is_the_definition(data: list[bytes]) -> None:
    assert defined_root(data) == merkle.root(merkle.leaf_hashes(data))


@settings(deadline=None)
@given(st.integers(1, 70), st.data())
def test_inclusion_proves_and_nothing_else_does(size: int, data: st.DataObject) -> None:
    leaves = merkle.leaf_hashes(bytes([n]) for n in range(size))
    index = data.draw(st.integers(0, size - 1))
    path, root = merkle.inclusion_path(leaves, index), merkle.root(leaves)
    assert merkle.verify_inclusion(leaves[index], index, size, path, root)
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index)) if size > 1 else None
    if other is not None:
        assert not merkle.verify_inclusion(leaves[index], other, size, path, root)
        assert not merkle.verify_inclusion(leaves[other], index, size, path, root)
    assert not merkle.verify_inclusion(leaves[index], index, size, [*path, root], root)
    assert not merkle.verify_inclusion(leaves[index], size, size, path, root)
    assert not merkle.verify_inclusion(leaves[index], -1, size, path, root)
    if path:
        assert not merkle.verify_inclusion(leaves[index], index, size, path[:-1], root)
        flipped = [bytes([path[0][0] ^ 1]) + path[0][1:], *path[1:]]
        assert not merkle.verify_inclusion(leaves[index], index, size, flipped, root)


@settings(deadline=None)
@given(st.integers(0, 70), st.data())
def test_consistency_proves_and_nothing_else_does(second: int, data: st.DataObject) -> None:
    leaves = merkle.leaf_hashes(bytes([n]) for n in range(second))
    first = data.draw(st.integers(0, second))
    path = merkle.consistency_path(leaves, first)
    old, new = merkle.root(leaves[:first]), merkle.root(leaves)
    assert merkle.verify_consistency(first, second, old, new, path)
    assert not merkle.verify_consistency(first, second, old, new, [*path, new])
    assert not merkle.verify_consistency(second + 1, second, old, new, path)
    wrong = bytes([old[0] ^ 1]) + old[1:]
    assert not merkle.verify_consistency(first, second, wrong, new, path)
    if 0 < first < second:
        assert not merkle.verify_consistency(first, second, old, wrong, path)
        assert not merkle.verify_consistency(first, second, old, new, path[:-1])
        assert not merkle.verify_consistency(first, second, old, new, [])


@pytest.mark.parametrize(("size", "index"), [(0, 0), (3, 3), (3, -1)])
def test_no_such_leaf(size: int, index: int) -> None:
    leaves = CT_LEAVES[:size]
    with pytest.raises(IndexError):
        merkle.inclusion_path(leaves, index)


def test_no_such_prefix() -> None:
    with pytest.raises(IndexError):
        merkle.consistency_path(CT_LEAVES, 9)


def test_second_size_is_used_up() -> None:
    """R-140: a proof for size 8 must not pass for a tree of another shape.

    (A root does not commit to its size, so sizes of one shape, here 7 and 8, pass alike: the size
    is signed beside the root.)
    """
    path = merkle.consistency_path(CT_LEAVES, 6)
    old, new = merkle.root(CT_LEAVES[:6]), merkle.root(CT_LEAVES)
    for second in (9, 12, 16, 1024):
        assert not merkle.verify_consistency(6, second, old, new, path)


@given(st.lists(st.binary(max_size=4), max_size=70))
def test_one_pass_gives_the_same_root(lines: list[bytes]) -> None:
    expected = (len(lines), merkle.root(merkle.leaf_hashes(lines)))
    assert merkle.root_of(iter(lines)) == expected
