"""Range of opinion and what detracts: candidates and evidence, the preference is the author's.

For each finding the alternatives that were listed for it (R-102), who might hold them and which is
preferred left blank; and all evidence that lowers a finding, or the sentence that none was found
(R-103). What is the same for several findings stands once, with their numbers.
"""

from collections import Counter
from collections.abc import Iterator

from reports.cover import spans
from reports.documents import places
from reports.documents.knowledge import Knowledge
from reports.documents.places import Numbers
from reports.material import Material, Row
from reports.model import Block, Column, Facts, Paragraph, Table, Text, given, say
from reports.text import Say, said

NONE_FOUND = "none found in the evidence supplied"
#: What the computation says of an alternative for which no record speaks.
NOTHING = "nothing in the records examined"
TOLD = ("name", "for", "against", "tested")
ALTERNATIVES = (
    Column(title="Findings", width=0.8),
    Column(title="Alternative", width=1.7),
    Column(title="For", width=1.7),
    Column(title="Against", width=1.7),
    Column(title="Tested", width=1.7),
    Column(title="Who might hold it (author)", width=1.2),
    Column(title="Preferred, and why (author)", width=1.2),
)
#: Of a grade whose files all stand in a provider's digest.
_SOUND = "tamper-evident source"


def alternatives(material: Material, tell: Say, _numbers: Numbers) -> Iterator[Block]:
    """R-102: every alternative of every finding; the last two columns stay blank."""
    of: dict[tuple[str, ...], list[str]] = {}
    for row in material.findings:
        for one in row.get("alternatives") or ():
            told = tuple(str(one.get(key) or "none") for key in TOLD)
            of.setdefault(told, []).append(str(row["number"]))
    yield Table(
        caption=tell("alternatives_caption", n=len(of), findings=len(material.findings)),
        columns=ALTERNATIVES,
        rows=tuple(
            (say(", ".join(spans(numbers))), *(given(cell) for cell in told), say(""), say(""))
            for told, numbers in of.items()
        ),
        empty=tell("alternatives_empty"),
    )  # fmt: skip


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
    for (macro, what), of in told.items():
        yield tell(macro, numbers=said(", ".join(spans(of))), what=what)


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
