"""Places of records: what was added is found again, in memory or out of the temporary file."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import places
from collector.model import Digest, WarcPointer


def pointers(lengths: list[int]) -> list[WarcPointer]:
    made, offset = [], 0
    for number, length in enumerate(lengths, start=1):
        digest = Digest(sha256=f"{number:064x}", sha512=f"{length:0128x}")
        kind = ("warcinfo", "request", "response", "conversion")[number % 4]
        made.append(
            WarcPointer(record=number, kind=kind, offset=offset, length=length, digest=digest)
        )
        offset += length
    return made


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(1, 2**40), max_size=40), waiting=st.integers(1, 7))
def test_every_record_is_found_where_it_was_put(lengths: list[int], waiting: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "_WAITING", waiting)
        held, wanted = places.Places(), pointers(lengths)
        for one in wanted:
            held.add(one)
            assert held.at(1) == wanted[0]
    assert [held.at(one.record) for one in wanted] == wanted
    assert (len(held), held.end) == (len(wanted), sum(lengths))


def test_a_record_that_was_never_written_is_no_place() -> None:
    held = places.Places()
    with pytest.raises(AssertionError, match="record 1 was never written"):
        held.at(1)
