"""Range of opinion and what detracts: candidates and evidence, the preference is the author's.

For each finding the alternatives that were listed for it (R-102), who might hold them and which is
preferred left blank; and all evidence that lowers a finding, or the sentence that none was found
(R-103). What is the same for several findings stands once, with their numbers. Of a long list that
stands first which most findings share; what is not printed is counted, and is in findings.json.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from reports.cover import spans
from reports.documents import places
from reports.documents.knowledge import Knowledge
from reports.documents.places import Numbers
from reports.material import Material, Row
from reports.model import Block, Column, Facts, Paragraph, Table, Text, given, say
from reports.text import Say, said

T = TypeVar("T")
NONE_FOUND = "none found in the evidence supplied"
#: What the computation says of an alternative for which no record speaks.
NOTHING = "nothing in the records examined"
TOLD = ("name", "for", "against", "tested")
ALTERNATIVES = (
    Column(title="Findings", width=1.3),
    Column(title="Alternative", width=1.7),
    Column(title="For", width=1.7),
    Column(title="Against", width=1.7),
    Column(title="Tested", width=1.7),
    Column(title="Who might hold it (author)", width=1.2),
    Column(title="Preferred, and why (author)", width=1.2),
)
#: Lines printed of either list.
LINES = 60
#: Numbers of findings named in one place.
NAMED = 6
#: Of a grade whose files all stand in a provider's digest.
_SOUND = "tamper-evident source"


def alternatives(material: Material, tell: Say, _numbers: Numbers) -> Iterator[Block]:
    """R-102: every alternative of every finding; the last two columns stay blank."""
    of: dict[tuple[str, ...], list[str]] = {}
    for row in material.findings:
        for one in row.get("alternatives") or ():
            told = tuple(str(one.get(key) or "none") for key in TOLD)
            of.setdefault(told, []).append(str(row["number"]))
    printed = _most_shared(of)
    yield Table(
        caption=tell("alternatives_caption", n=len(of), findings=len(material.findings)),
        columns=ALTERNATIVES,
        rows=tuple(
            (say(_named(of[told])), *(given(cell) for cell in told), say(""), say(""))
            for told in printed
        ),
        empty=tell("alternatives_empty"),
    )
    if len(of) > len(printed):
        yield Paragraph(text=tell("alternatives_more", n=len(of) - len(printed)))


def _most_shared(of: Mapping[T, Sequence[str]]) -> list[T]:
    """All of a list that is not long; of a longer one the lines that most findings share."""
    if len(of) <= LINES:
        return list(of)
    return sorted(of, key=lambda one: -len(of[one]))[:LINES]


def _named(numbers: Sequence[str]) -> str:
    """Numbers of findings, the first of many."""
    told = list(spans(numbers))
    left = len(told) - NAMED
    return ", ".join(told if left <= 0 else (*told[:NAMED], f"and {left:,} more"))


def counter(material: Material, tell: Say, numbers: Numbers) -> Iterator[Block]:
    """R-035, R-103: all that lowers a finding, or that nothing was found."""
    entries = (*_of_findings(material, tell), *_of_records(material, tell, numbers))
    if entries:
        yield Facts(pairs=tuple((str(Knowledge.TOOL), entry) for entry in entries))
    else:
        yield Paragraph(text=tell("counter_none"))


def _of_findings(material: Material, tell: Say) -> Iterator[Text]:
    """Counter-evidence, grades, limitations, what speaks for another reading, what flips."""
    told: dict[tuple[str, str], list[str]] = {}
    for row in material.findings:
        for macro, what in _lowering(row):
            told.setdefault((macro, what), []).append(str(row["number"]))
    printed = _most_shared(told)
    for macro, what in printed:
        yield tell(macro, numbers=said(_named(told[macro, what])), what=what)
    if len(told) > len(printed):
        yield tell("counter_more", n=len(told) - len(printed))


def _lowering(row: Row) -> Iterator[tuple[str, str]]:
    for one in row.get("counter_evidence") or ():
        if one != NONE_FOUND:
            yield "counter_found", str(one)
    grade = str(row.get("quality_grade") or "")
    if grade and _SOUND not in grade.partition("(")[0]:
        yield "counter_grade", grade
    for one in row.get("alternatives") or ():
        if str(one.get("for") or NOTHING) != NOTHING:
            yield "counter_reading", f"{one.get('name')}: {one['for']}"
    for one in row.get("limitations") or ():
        yield "counter_limit", str(one)
    names = _flipping(row)
    if names:
        yield "counter_flip", ", ".join(names)


def _flipping(row: Row) -> list[str]:
    """Assumptions whose fall alone changes the result."""
    return sorted(
        {
            one["toggled"][0]
            for one in row.get("sensitivity") or ()
            if one.get("flips") and len(one["toggled"]) == 1
        }
    )


def _of_records(material: Material, tell: Say, numbers: Numbers) -> Iterator[Text]:
    met = Counter(str(row["agreement"]) for row in material.accesses)
    of = sum(met.values())
    if met["contradicts"]:
        place = said(places.exhibit(numbers, "K"))
        yield tell("counter_wrong", n=met["contradicts"], of=of, place=place)
    if met["undetermined"]:
        yield tell("counter_open", n=met["undetermined"], of=of)
    if material.gaps:
        place = said(places.rows(numbers, "K", len(material.gaps)))
        yield tell("counter_gaps", n=len(material.gaps), place=place)
