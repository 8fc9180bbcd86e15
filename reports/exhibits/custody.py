"""Exhibit A: acquisitions and custody entries, as recorded up to the head of inputs.json."""

from collections.abc import Iterator, Mapping
from typing import Any

from reports.exhibits import parts, timestamps
from reports.material import Material, Row
from reports.model import (
    Column,
    Exhibit,
    Facts,
    Kind,
    Label,
    Native,
    Origin,
    Paragraph,
    Section,
    Table,
    Text,
    cite,
    given,
    plain,
    quote,
    say,
)
from reports.text import Say, said, sentences

TEMPLATE = "custody.j2"
#: Profiles under which personal data has fields of its own, supplied or not.
EUROPE = ("eu", "uk-civil", "uk-criminal")
ACQUISITIONS = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Source; scope; folder", width=3.2),
    Column(title="By; principal; authority", width=2.8),
    Column(title="Start and end (UTC)", width=1.5, exact=True),
    Column(title="Outcomes; items; bytes", width=1.8),
    Column(title="Root of its manifest (SHA-256)", width=2.6, exact=True),
)
ENTRIES = (
    Column(title="Entry", width=0.6, number=True),
    Column(title="Time (UTC)", width=1.4, exact=True),
    Column(title="Action", width=1.7),
    Column(title="Why; what", width=3.2),
    Column(title="By; host; tool", width=2.4),
    Column(title="SHA-256 of the entry", width=2.6, exact=True),
)


def build(material: Material, label: Label, _numbers: Mapping[str, tuple[str, ...]]) -> Exhibit:
    """The exhibit for the whole case."""
    tell = sentences(TEMPLATE, material.case)
    return Exhibit(
        key="A", number=label.number, stem=label.stem, title=tell("title"), kind=Kind.SUMMARY,
        origin=Origin.DERIVED, question=tell("question"), facts=(),
        coverage=parts.coverage(material), answer=tuple(_answer(material, tell, label.number)),
        sections=(
            _acquisitions(material, tell), timestamps.section(material, tell),
            _entries(material, tell), *_personal(material, tell),
        ),
        limits=(
            tell("limit_chain"), tell("limit_handover"), tell("limit_provider"),
            *(tell("limit_clock", synced=said(state)) for state in _synced(material)),
            *parts.limits(material, start=None, end=None),
        ),
        sources=(), native=_native(material), running=plain(tell("running")),
    )  # fmt: skip


def _answer(material: Material, tell: Say, number: str) -> Iterator[Text]:
    if not material.custody:
        yield tell("answer_empty")
        return
    starts = [_at(row, "start") for row in material.acquisitions]
    ends = [_at(row, "end") for row in material.acquisitions]
    if material.acquisitions:
        yield tell(
            "answer", acquisitions=len(material.acquisitions), files=len(material.items),
            size=sum(item.size for item in material.items), first=said(min(starts)),
            last=said(max(ends)), rows=parts.rows_cite(number, 1, len(material.acquisitions)),
        )  # fmt: skip
    entries = material.custody
    yield tell("answer_custody", entries=len(entries), head=entries[-1]["sha256"])
    actions = [row["action"] for row in entries]
    yield tell(
        "answer_anchor", entries=len(entries), seals=actions.count("seal.create"),
        tokens=actions.count("token.add"),
    )  # fmt: skip


def _acquisitions(material: Material, tell: Say) -> Section:
    roots = {
        row["data"]["acq"]: row["data"]["manifest"]["root"]
        for row in material.custody
        if row["action"] == "acquisition.close"
    }
    table = Table(
        caption=tell("acquisitions_caption", n=len(material.acquisitions)), columns=ACQUISITIONS,
        rows=tuple(_acquisition(row, roots.get(row["acq"])) for row in material.acquisitions),
        empty=tell("acquisitions_empty"),
    )  # fmt: skip
    return Section(title=tell("acquisitions_title"), blocks=(table,))


def _acquisition(row: Row, root: str | None) -> tuple[Text, ...]:
    handover: Mapping[str, Any] = row.get("handover") or {}
    outcomes = ", ".join(f"{name} {n:,}" for name, n in sorted((row.get("outcomes") or {}).items()))
    gaps = ", ".join(f"{kind} {n:,}" for kind, n in sorted((row.get("gaps") or {}).items()))
    return (
        say(str(row["acq"])),
        parts.lines(
            given(str(row.get("source"))), quote(str(row.get("scope"))), quote(row["folder"]),
        ),
        parts.lines(
            _stated("by", row.get("examiner")), _stated("principal", row.get("principal")),
            _stated("authority", row.get("authority")),
            _stated("provided by", handover.get("provided_by")) if handover else None,
            given(str(handover["label"])) if handover.get("label") else None,
        ),
        say(f"{_at(row, 'start')} to {_at(row, 'end')}"),
        parts.lines(
            say(outcomes or "no calls"), say(f"{row.get('files') or 0:,} files"),
            say(f"{row.get('bytes') or 0:,} bytes"),
            say(f"gaps: {gaps or 'none'}"),
        ),
        cite(root) if root else say("not recorded"),
    )  # fmt: skip


def _entries(material: Material, tell: Say) -> Section:
    table = Table(
        caption=tell("entries_caption", n=len(material.custody)), columns=ENTRIES,
        rows=tuple(
            (
                say(str(row["seq"])), say(_time(row["at"])), say(row["action"]),
                parts.lines(given(row["why"]), *(_stated(k, v) for k, v in _data(row))),
                parts.lines(
                    _stated("by", row["actor"].get("examiner") or row["actor"].get("login")),
                    _stated("host", row["actor"].get("host")),
                    say(f"{row['tool'].get('name')} {row['tool'].get('version')}"),
                ),
                cite(row["sha256"]),
            )
            for row in material.custody
        ),
        empty=tell("entries_empty"),
    )  # fmt: skip
    return Section(title=tell("entries_title"), blocks=(table,))


def _personal(material: Material, tell: Say) -> Iterator[Section]:
    """On which basis data on people is processed here (R-112).

    Printed where the profile is of Europe, or where case.toml states any of it.
    """
    place = material.config.jurisdiction
    stated = (place.personal_data, place.lawful_basis, place.impact_assessment)
    if all(one is None for one in stated) and place.profile not in EUROPE:
        return
    missing = parts.every(material)("not_supplied")
    held = {None: missing, True: say("yes, as case.toml states"),
            False: say("no, as case.toml states")}  # fmt: skip
    pairs = (
        ("Data on people among the evidence", held[place.personal_data]),
        ("Basis of its processing", given(place.lawful_basis) if place.lawful_basis else missing),
        ("Assessment of its impact",
         given(place.impact_assessment) if place.impact_assessment else missing),
    )  # fmt: skip
    note = Paragraph(text=tell("personal_note"))
    yield Section(title=tell("personal_title"), blocks=(Facts(pairs=pairs), note))


def _data(row: Row) -> Iterator[tuple[str, object]]:
    """What the action records, one line a name; nested values by their own names."""
    for name, value in sorted(row["data"].items()):
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", deep) for inner, deep in sorted(value.items()))
        else:
            yield name, value


def _stated(name: str, value: object) -> Text:
    shown = quote(str(value)) if value is not None else say("not stated")
    return parts.joined((say(f"{name}:"), shown), " ")


def _at(row: Row, edge: str) -> str:
    return _time((row.get(edge) or {}).get("at") or "not recorded")


def _time(stamp: str) -> str:
    """`2022-06-20 10:00:00 Z` of a stored stamp; finer only if it is finer."""
    date, _, clock = stamp.removesuffix("Z").partition("T")
    return f"{date} {clock.removesuffix('.000000')} Z" if clock else stamp


def _synced(material: Material) -> list[str]:
    states = {(row.get("start") or {}).get("synced") for row in material.acquisitions}
    words = {True: "synchronized", False: "not synchronized", None: "in a state not known"}
    return sorted(words[state] for state in states)


def _native(material: Material) -> Native:
    """Every custody entry, one row each, with its data as JSON."""
    import json

    columns = (
        ("seq", "int"), ("at", "text"), ("action", "text"), ("why", "text"), ("examiner", "text"),
        ("login", "text"), ("host", "text"), ("writer", "text"), ("tool", "text"),
        ("tool_record", "text"), ("data", "text"), ("prev", "text"), ("sha256", "text"),
    )  # fmt: skip
    rows = tuple(
        (
            row["seq"], row["at"], row["action"], row["why"], row["actor"].get("examiner"),
            row["actor"].get("login"), row["actor"].get("host"), row["actor"].get("writer"),
            f"{row['tool'].get('name')} {row['tool'].get('version')}", row["tool"].get("record"),
            json.dumps(row["data"], sort_keys=True), row["prev"], row["sha256"],
        )
        for row in material.custody
    )  # fmt: skip
    return Native(columns=columns, rows=rows)
