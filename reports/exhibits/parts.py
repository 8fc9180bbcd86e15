"""What every exhibit has: coverage, limits, list of sources, the columns that lead to bytes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from reports.material import Material, Row, Rows
from reports.model import SourceLine, Text, Value, given, plain, quote, say
from reports.pinpoint import bounded, counted, instant, pinpoint, position, stored
from reports.text import Say, said, sentences

EVERY = "every_exhibit.j2"
#: Subjects that one line of limits names; exhibit K lists every gap.
SUBJECTS = 12

#: Columns of R-130, last in every native table; `trace` fills them.
TRACE: tuple[tuple[str, str], ...] = (
    ("provider_record_id", "text"), ("time_utc", "text"), ("time_as_received", "text"),
    ("evidence_item", "text"), ("source_file", "text"), ("locator", "text"),
    ("byte_offset", "int"), ("byte_length", "int"), ("record_sha256", "text"),
    ("source_sha256", "text"),
)  # fmt: skip


def every(material: Material) -> Say:
    """Sentences that all exhibits share."""
    return sentences(EVERY, material.case)


def trace(material: Material, row: Row, at: datetime | None) -> tuple[Value, ...]:
    """The values of `TRACE` for one row."""
    item = material.item(row.get("evidence_item"))
    _, _, offset, length = position(row.get("locator"))
    return (
        row.get("provider_uid"), stored(at), row.get("time_text"), row.get("evidence_item"),
        item.name if item else None, row.get("locator"), offset, length, row.get("record_sha256"),
        item.digest.sha256 if item else None,
    )  # fmt: skip


def size_event(row: Row) -> str | None:
    """event_uid of the record that states the size of a request; None where none does."""
    if row["bytes_out"] is None:
        return None
    uid: str = row["event_uid"] if row["bytes_supplied"] is None else row["supplied_by"]
    return uid


def sources(material: Material, rows: Iterable[Row]) -> tuple[SourceLine, ...]:
    """Each preserved file that the rows cite, with its full hash and how often it is cited."""
    cited: dict[str, set[str]] = {}
    for row in rows:
        if row.get("evidence_item"):
            cited.setdefault(row["evidence_item"], set()).add(row.get("locator") or "")
    lines = []
    for uid in sorted(cited, key=_natural):
        item = material.item(uid)
        lines.append(
            SourceLine(
                item=uid,
                name=item.name if item else "not in the list of evidence items",
                sha256=item.digest.sha256 if item else "not known",
                acquired_at=instant(item.acquired_at) if item else "not known",
                records=len(cited[uid]),
            )
        )
    return tuple(lines)


def coverage(material: Material) -> Text:
    """One line for the cover: sources, their periods, number of gaps."""
    tell = every(material)
    by_source: dict[str, list[Row]] = {}
    for row in material.coverage:
        by_source.setdefault(row["source"], []).append(row)
    parts: list[Text] = []
    for source, rows in sorted(by_source.items()):
        starts = [row["time_from"] for row in rows if row["time_from"] is not None]
        ends = [row["time_to"] for row in rows if row["time_to"] is not None]
        parts.append(
            tell(
                "coverage_source", source=source,
                start=said(instant(min(starts, default=None))),
                end=said(instant(max(ends, default=None))),
                records=sum(row["records"] or 0 for row in rows),
            )
        )  # fmt: skip
    parts = parts or [tell("coverage_none")]
    parts.append(tell("coverage_gaps", n=len(material.gaps)))
    return joined(parts, "; ")


def limits(
    material: Material, *, start: datetime | None, end: datetime | None, unknown: Sequence[str] = ()
) -> tuple[Text, ...]:
    """Gaps that touch the period, unknowns by name, assumptions, precision; never left out."""
    tell = every(material)
    lines = [tell("limit_state")] if material.config.jurisdiction.profile == "us-state" else []
    lines += [_gap(tell, gaps) for gaps in alike(material, start, end)] or [tell("gap_none")]
    lines += [tell("unknown_slot", slot=slot) for slot in unknown]
    on = material.config.assumptions.on()
    names = ("records-complete", "unseen-guardrails-absent", "gaps-minimal", "documented-readings")
    lines += [
        tell("assumption" if name in on else "assumption_off", name=said(name)) for name in names
    ]
    lines += [tell("reading", taken=one) for one in material.config.assumptions.readings]
    lines += [
        tell("basis", source=row["source"], why=row["basis"])
        for row in _first_of_each(material.coverage)
    ]
    return (*lines, tell("times"))


def alike(material: Material, start: datetime | None, end: datetime | None) -> list[list[Row]]:
    """Gaps that touch the period; those that differ in nothing but their subject stand together."""
    found: dict[tuple[object, ...], list[Row]] = {}
    for gap in material.gaps:
        if not _touches(gap, start, end):
            continue
        reason = str(gap["reason"]).replace(str(gap["subject"]), "\0")
        cited = (gap["evidence_item"], gap["locator"])
        key = (gap["kind"], gap["time_from"], gap["time_to"], reason, *cited)
        found.setdefault(key, []).append(gap)
    return list(found.values())


def _gap(tell: Say, gaps: Sequence[Row]) -> Text:
    """One line: each subject by name up to `SUBJECTS`, the rest by number."""
    gap, names = gaps[0], [one["subject"] for one in gaps]
    return tell(
        "gap", kind=said(gap["kind"].replace("_", " ")), subjects=names[:SUBJECTS],
        left=max(len(names) - SUBJECTS, 0), reason=gap["reason"],
        start=said(instant(gap["time_from"], beyond="start not known")),
        end=said(instant(gap["time_to"], beyond="end not known")),
        cited=pinpoint({**gap, "record_sha256": None}) if gap["evidence_item"] else None,
    )  # fmt: skip


def matter(material: Material) -> tuple[tuple[str, Text], ...]:
    """The proceeding, for the cover; what is missing says so."""
    tell = every(material)
    stated = material.config.matter
    missing = tell("not_supplied")
    return tuple(
        (name, given(value) if value else missing)
        for name, value in (
            ("Case", stated.title), ("Court", stated.court), ("Number", stated.number),
            ("For", stated.party), ("Prepared by", stated.examiner),
            ("Authority to collect", stated.authority),
        )
    )  # fmt: skip


def joined(parts: Iterable[Text], between: str) -> Text:
    """Texts in one, with our own words in between."""
    whole: Text = ()
    for part in parts:
        whole = (*whole, *(say(between) if whole else ()), *part)
    return whole


def lines(*parts: Text | None) -> Text:
    """Texts under each other in one cell; empty ones fall out."""
    return joined((part for part in parts if part), "\n")


def value(stored_value: str | None) -> Text:
    """A value of the derived tables: absent and unknown are words of ours, the rest is quoted."""
    if stored_value is None:
        return say("absent")
    if stored_value == "UNKNOWN":
        return say("unknown")
    return quote(stored_value)


def until(row: Row) -> Text:
    """Upper bound of an interval."""
    return say(bounded(row["end"], row["end_bound"], edge="end"))


def since(row: Row) -> Text:
    """Lower bound of an interval."""
    return say(bounded(row["start"], row["start_bound"], edge="start"))


def change_name(change: Row) -> str:
    """Operation of a change, or its kind if no record names one."""
    return str(change["operation"] or f"{change['kind']} change")


def rows_cite(number: str, first: int, last: int) -> str:
    """`Ex. C, rows 1–6`."""
    return f"Ex. {number}, " + (f"row {first}" if first == last else f"rows {first}–{last}")


def number_of(n: int, one: str, many: str | None = None) -> Any:  # noqa: ANN401 (Markup)
    """A count as words of ours."""
    return said(counted(n, one, many))


def text_of(texts: Iterable[Text]) -> str:
    """Characters of several texts, for alt texts and checks."""
    return " ".join(plain(text) for text in texts)


def _touches(gap: Row, start: datetime | None, end: datetime | None) -> bool:
    """A gap without a known time might touch any period."""
    if start is not None and gap["time_to"] is not None and gap["time_to"] < start:
        return False
    return not (end is not None and gap["time_from"] is not None and gap["time_from"] > end)


def _first_of_each(rows: Rows) -> list[Row]:
    seen: dict[tuple[str, str], Row] = {}
    for row in rows:
        seen.setdefault((row["source"], row["basis"]), row)
    return [seen[key] for key in sorted(seen)]


def _natural(uid: str) -> tuple[tuple[int, str], ...]:
    """EV-2 before EV-10."""
    pieces = "".join(c if c.isdigit() else f"\0{c}\0" for c in uid).split("\0")
    return tuple((int(p), "") if p.isdigit() else (-1, p) for p in pieces if p)


def rows_list(number: str, rows: Sequence[int]) -> str:
    """`Ex. C, row 3` or `Ex. C, rows 3, 5, 6`."""
    return f"Ex. {number}, row{'s' if len(rows) > 1 else ''} " + ", ".join(map(str, rows))


def principal_of(row: Row) -> str:
    """The caller as logged: its name, else its account, else the provider's word for its kind."""
    return str(row["actor_uid"] or row["actor_account_uid"] or row["actor_type"] or "not logged")
