"""The grade of the evidence of a finding: files that a digest lists, and log forms cited."""

import pytest

from timeline.correlate.causes import Causes
from timeline.correlate.material import Access, Material
from timeline.correlate.quality import grade

TRAIL, SERVER = "aws.cloudtrail", "aws.s3_access_log"


def access(item: str, form: str = TRAIL) -> Access:
    return Access(
        row={"evidence_item": item, "source": form}, class_uid="c", key="k", principal="p",
        container="b", action="a", decision="ALLOWED", unknowns=(), assumptions=(),
        in_incident=True, reason="",
    )  # fmt: skip


def material(*listed: str, form: str = TRAIL) -> Material:
    return Material(
        windows=(), accesses=(), by_key={}, exempted={},
        changes={"e1": [{"evidence_item": "EV-1.f1"}], "default/x": [{"evidence_item": None}]},
        events={"e1": {"source": form}},
        causes=Causes(changes={}, sets={}, shapes={}), spans={}, management=None, gaps=(),
        foreign=frozenset(), contradictions=(), duplicates=0, assumptions=frozenset(),
        listed=frozenset(listed),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "items", "held", "begins", "counted"),
    [
        ((), (), material(), "statement only", ""),
        (("default/x",), (), material(), "statement only", ""),
        (("e1",), (), material(), "single mutable source (aws.cloudtrail)", "0 of 1 file cited"),
        (("e1",), (), material("EV-1.f1"), "single tamper-evident source", "1 of 1 file cited"),
        (("e1",), (access("EV-1.f2"),), material("EV-1.f1"), "single mutable source",
         "1 of 2 files"),
        (("e1",), (access("EV-1.f2"), access("EV-1.f2")), material("EV-1.f1", "EV-1.f2"),
         "single tamper-evident source", "2 of 2 files"),
        (("e1",), (access("EV-1.f2", SERVER),), material("EV-1.f1"),
         "2 mutable sources (aws.cloudtrail, aws.s3_access_log)", "1 of 2 files"),
    ],
)  # fmt: skip
def test_a_grade_says_what_it_was_told_from(
    changes: tuple[str, ...], items: tuple[Access, ...], held: Material, begins: str, counted: str
) -> None:
    said = grade(changes, items, held)
    assert said.startswith(begins)
    assert counted in said
    assert ("butfor verify" in said) == any(f"{n} of" in said for n in (1, 2))
