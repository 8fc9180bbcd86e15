"""The index of an exhibit in several volumes: which rows of its list stand in which file."""

from collections.abc import Iterator, Sequence

from reports.model import Block, Column, Section, Table, plain, say

COLUMNS = (
    Column(title="Volume", width=0.8, number=True),
    Column(title="File", width=4.0, exact=True),
    Column(title="Numbered rows", width=2.0),
    Column(title="Begins with", width=4.0),
)


def index(chunks: Sequence[Sequence[Section]], each: int, names: Sequence[str]) -> Section:
    """First of the body; pages and Bates numbers go on through the files.

    Args:
        chunks: parts of the body, as cut.
        each: parts of one volume.
        names: of the files, in order.
    """
    rows = []
    for number, name in enumerate(names, 1):
        held = [
            section for chunk in chunks[(number - 1) * each : number * each] for section in chunk
        ]
        listed = list(_numbers([block for section in held for block in section.blocks]))
        span = f"{listed[0]} to {listed[-1]}" if listed else "none"
        title = next((plain(one.title) for one in held if one.title), "continued")
        rows.append((say(str(number)), say(name), say(span), say(title)))
    caption = say(
        f"{len(names):,} volumes; pages and Bates numbers go on from one to the next, and the "
        "index of the bundle lists each file with its digest."
    )
    table = Table(caption=caption, columns=COLUMNS, rows=tuple(rows), empty=())
    return Section(title=say("Volumes"), blocks=(table,))


def _numbers(blocks: Sequence[Block]) -> Iterator[str]:
    """Numbers of the rows that cites mean."""
    for block in blocks:
        if isinstance(block, Table) and block.numbered:
            yield from (plain(row[0]) for row in block.rows)
