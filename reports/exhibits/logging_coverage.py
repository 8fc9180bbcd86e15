"""Part of exhibit K: which kinds of events were being recorded, and when; a table and a picture.

Kinds of events whose course is the same share a row and a lane. A kind is recorded while any logger
keeps it whole; where no statement on any logger is in the records, it is not known, never "off".
"""

from collections.abc import Mapping, Sequence

from reports.charts import draw
from reports.exhibits import lanes, parts
from reports.grammar import Bar, Lane, Style
from reports.material import Material, Row
from reports.model import Column, Paragraph, Picture, Section, Table, Text, given, quote, say
from reports.pinpoint import counted, instant, pinpoint
from reports.text import Say

#: Rows and lanes that are printed, and names of one row; the rest is counted.
LINES, LANES, NAMES = 200, 24, 8
COLUMNS = (
    Column(title="Events", width=1.3),
    Column(title="Account, region; container or service", width=2.8),
    Column(title="From (UTC)", width=1.4, exact=True),
    Column(title="Until (UTC)", width=1.4, exact=True),
    Column(title="Recorded", width=1.1),
    Column(title="By; on what this rests", width=2.8),
    Column(title="Record", width=1.7, exact=True),
)
_STYLES = {
    "recorded": Style.COVERED, "in part": Style.PART, "off": Style.OFF, "not known": Style.UNKNOWN,
}  # fmt: skip

#: Kind of events, account and region: what a row and a lane are about, besides resources.
Kind = tuple[str, str, str]


def section(material: Material, tell: Say) -> Section:
    """Picture, legend and table."""
    found = courses(material.logging)
    svg, alt = _drawing(material, found)
    table = Table(
        caption=tell("logging_caption", n=len(found)), columns=COLUMNS,
        rows=tuple(
            line for kind, names, periods in found for line in _rows(kind, names, periods)
        )[:LINES],
        empty=tell("logging_empty"),
    )  # fmt: skip
    left = sum(len(periods) for _, _, periods in found) - LINES
    more = (Paragraph(text=tell("logging_more", n=left)),) if left > 0 else ()
    if not found or not svg:
        return Section(title=tell("logging_title"), blocks=(table, *more))
    picture = Picture(question=tell("logging_picture"), svg=svg, alt=alt)
    legend = Paragraph(text=tell("logging_legend", left=max(len(found) - LANES, 0)))
    return Section(title=tell("logging_title"), blocks=(picture, legend, table, *more))


def courses(rows: Sequence[Row]) -> list[tuple[Kind, tuple[str, ...], tuple[Row, ...]]]:
    """Kinds of events with the same course: kind, resources, periods in order."""
    cells: dict[tuple[Kind, str], list[Row]] = {}
    for row in rows:
        kind = (f"{row['category']} events, {row['activity']}s", row["account_uid"], row["region"])
        cells.setdefault((kind, row["resource"] or ""), []).append(row)
    alike: dict[tuple[Kind, tuple[object, ...]], list[str]] = {}
    course: dict[tuple[Kind, tuple[object, ...]], tuple[Row, ...]] = {}
    for (kind, resource), periods in cells.items():
        told = tuple((p["time_from"], p["time_to"], p["kept"], tuple(p["loggers"]), p["why"])
                     for p in periods)  # fmt: skip
        alike.setdefault((kind, (bool(resource), *told)), []).append(resource)
        course.setdefault((kind, (bool(resource), *told)), tuple(periods))
    return [
        (key[0], tuple(sorted(filter(None, names))), course[key])
        for key, names in sorted(alike.items(), key=lambda one: (one[0][0], one[1]))
    ]


def _rows(kind: Kind, names: Sequence[str], periods: Sequence[Row]) -> tuple[tuple[Text, ...], ...]:
    return tuple(
        (
            say(kind[0]), _place(kind, names),
            say(instant(row["time_from"], beyond="before the first statement")),
            say(instant(row["time_to"], beyond="beyond the last")),
            say(row["kept"]),
            parts.lines(*(quote(name) for name in row["loggers"]), given(row["why"])),
            say(pinpoint(row)),
        )
        for row in periods
    )  # fmt: skip


def _place(kind: Kind, names: Sequence[str]) -> Text:
    where = ", ".join(name for name in kind[1:] if name)
    shown = [quote(name) for name in names[:NAMES]]
    rest = len(names) - len(shown)
    return parts.lines(
        quote(where) if where else say("account and region not known"),
        *shown,
        say(f"and {rest:,} more with the same course") if rest else None,
    )


def _drawing(
    material: Material, found: Sequence[tuple[Kind, tuple[str, ...], tuple[Row, ...]]]
) -> tuple[str, str]:
    drawn = [_lane(kind, names, periods) for kind, names, periods in found[:LANES]]
    drawn += lanes.coverage(material.coverage, ())
    return draw((), drawn, material.config.zone), lanes.described((), drawn)


def _lane(kind: Kind, names: Sequence[str], periods: Sequence[Row]) -> Lane:
    where = names[0] if len(names) == 1 else counted(len(names), "container") if names else ""
    note = ", ".join(filter(None, (where, *kind[1:])))
    return Lane(
        label=kind[0], note=note,
        bars=tuple(
            Bar(start=row["time_from"], end=row["time_to"], style=_STYLES[row["kept"]],
                text=row["kept"], cite=pinpoint(row) if row["evidence_item"] else "")
            for row in periods
        ),
    )  # fmt: skip


def effects(rows: Sequence[Row]) -> Mapping[str, tuple[str, ...]]:
    """What each gap leaves uncertain, by gap_uid."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["gap_uid"], []).append(row["uncertain"])
    return {uid: tuple(dict.fromkeys(texts)) for uid, texts in found.items()}
