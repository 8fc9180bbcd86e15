"""What is lost or could not be observed, why, and what would replace it (R-094).

Facts alone: what was lost, of which period, what names its loss, which record would stand in its
place. By whose act it is gone, and with what in mind, is nobody's to say here.
"""

from collections.abc import Iterator

from reports.documents import places
from reports.documents.knowledge import Knowledge
from reports.documents.places import Numbers
from reports.exhibits import parts, records_wanted
from reports.material import Material
from reports.model import Block, Column, Facts, Table, given, quote, say
from reports.pinpoint import instant, pinpoint
from reports.text import Say, said

#: Gaps that are printed; exhibit K lists all.
LINES = 40
COLUMNS = (
    Column(title="What", width=2.2),
    Column(title="From and until (UTC)", width=1.6, exact=True),
    Column(title="Reason", width=3.6),
    Column(title="Record", width=1.8, exact=True),
)


def unavailable(material: Material, tell: Say, numbers: Numbers) -> Iterator[Block]:
    """The table, what to ask for, and what nobody supplied."""
    n = len(material.gaps)
    place = said(places.rows(numbers, "K", n))
    yield Table(
        caption=tell("unavailable_caption", n=n, place=place), columns=COLUMNS,
        rows=tuple(
            (
                parts.lines(say(str(gap["kind"]).replace("_", " ")), quote(str(gap["subject"]))),
                parts.lines(
                    say(instant(gap["time_from"], beyond="start not known")),
                    say(instant(gap["time_to"], beyond="end not known")),
                ),
                given(str(gap["reason"])), say(pinpoint(gap)),
            )
            for gap in material.gaps[:LINES]
        ),
        empty=tell("unavailable_none"),
    )  # fmt: skip
    mark = str(Knowledge.TOOL)
    stated = []
    if n > LINES:
        stated.append(tell("unavailable_more", n=n - LINES, place=place))
    wanted = len(records_wanted.wanted(material))
    stated.append(tell("unavailable_asked", n=wanted, file=records_wanted.FILE))
    stated.append(tell("unavailable_steps"))
    yield Facts(pairs=tuple((mark, text) for text in stated))
