"""Exhibit G: what was exposed, accessed, acquired, misused. Four tiers that are never added up.

Two exhibits: a summary of what the records show, and an illustration of it.
"""

from collections.abc import Iterator, Mapping, Sequence

from collector.registers import Entry
from reports.exhibits import parts, printed, scope_picture, supplied
from reports.material import Material, Row
from reports.model import (
    Column,
    Exhibit,
    Items,
    Kind,
    Label,
    Native,
    Origin,
    Paragraph,
    Picture,
    Section,
    Table,
    Text,
    Value,
    given,
    plain,
    quote,
    say,
)
from reports.pinpoint import instant, pinpoint
from reports.text import Say, said, sentences
from timeline.correlate.scope import Scope, Thing, Tier, scope

TEMPLATE = "scope.j2"
#: Lines of the table of windows; the rest is counted and stands in the derived table.
LINES = 200
TIERS = (
    Column(title="Tier", width=1.0),
    Column(title="Meaning", width=3.6),
    Column(title="Distinct objects, at least", width=1.1, number=True),
    Column(title="Distinct objects, at most", width=1.2, number=True),
    Column(title="Requests", width=0.9, number=True),
    Column(title="Repeated", width=0.9, number=True),
    Column(title="Bytes, at least", width=1.1, number=True),
    Column(title="Bytes, at most", width=1.2, number=True),
)
OBJECTS = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Object", width=3.6),
    Column(title="Tiers", width=1.1),
    Column(title="Requests in the incident", width=0.9, number=True),
    Column(title="First and last (UTC)", width=1.5, exact=True),
    Column(title="Bytes returned, as logged", width=1.0, number=True),
    Column(title="First record", width=1.8, exact=True),
)
WINDOWS = (
    Column(title="Caller; action", width=2.2),
    Column(title="Resource", width=3.0),
    Column(title="From (UTC)", width=1.8, exact=True),
    Column(title="To (UTC)", width=1.8, exact=True),
    Column(title="Successes inside", width=0.9, number=True),
)
MISUSE = (
    Column(title="Id", width=0.8),
    Column(title="Document", width=3.0),
    Column(title="Date claimed; provable", width=1.4),
    Column(title="Scope; evidence", width=2.6),
    Column(title="Register", width=1.4, exact=True),
)
#: Columns of the native table of objects.
NATIVE = (
    ("row", "int"), ("object", "text"), ("exposed", "bool"), ("accessed", "bool"),
    ("acquired", "bool"), ("requests", "int"), ("bytes_returned", "int"),
    ("largest_answer", "int"), *parts.TRACE,
)  # fmt: skip


def build(material: Material, label: Label, _numbers: Mapping[str, tuple[str, ...]]) -> Exhibit:
    """The summary."""
    tell = sentences(TEMPLATE, material.case)
    found = computed(material)
    misuse = misuses(material)
    return Exhibit(
        key="G", number=label.number, stem=label.stem, title=tell("title"), kind=Kind.SUMMARY,
        origin=Origin.DERIVED, question=tell("question"),
        facts=(*_period(found), supplied.cover_row(material, ("documents",))),
        coverage=parts.coverage(material), answer=tuple(_answer(tell, found, misuse)),
        sections=(
            _tiers(tell, found, misuse),
            _classes(material, tell),
            Section(title=tell("unseen_title"), blocks=(Items(entries=_unseen(tell, found)),)),
            _windows(tell, found), _misuse(tell, misuse),
            *_objects(material, tell, found, label),
        ),
        limits=(tell("definition"), *_own_limits(tell, found),
                *parts.limits(material, start=found.start, end=found.end)),
        sources=parts.sources(material, (thing.first for thing in found.things)),
        native=_native(material, found), running=plain(tell("running")),
    )  # fmt: skip


def build_aid(material: Material, label: Label, numbers: Mapping[str, tuple[str, ...]]) -> Exhibit:
    """The illustration, which rests on the summary."""
    tell = sentences(TEMPLATE, material.case)
    found = computed(material)
    misuse = misuses(material)
    picture = Picture(
        question=tell("picture"), svg=scope_picture.draw(found.tiers, len(misuse)),
        alt=scope_picture.described(found.tiers, len(misuse)),
    )  # fmt: skip
    body = (picture, Paragraph(text=tell("aid_note")))
    return Exhibit(
        key="G", number=label.number, stem=label.stem, title=tell("title_aid"),
        kind=Kind.ILLUSTRATIVE, origin=Origin.DERIVED, question=tell("question"),
        facts=_period(found), coverage=parts.coverage(material),
        answer=tuple(_answer(tell, found, misuse)),
        sections=(
            Section(title=tell("picture_title"), blocks=body), _tiers(tell, found, misuse),
            Section(title=tell("unseen_title"), blocks=(Items(entries=_unseen(tell, found)),)),
        ),
        limits=(tell("definition"), *_own_limits(tell, found),
                *parts.limits(material, start=found.start, end=found.end)),
        sources=(), native=_native_tiers(found, len(misuse)),
        based_on=tuple(n for key in "DG" for n in numbers.get(key, ()) if n != label.number),
        running=plain(tell("title_aid")),
    )  # fmt: skip


def computed(material: Material) -> Scope:
    """The scope of the incident."""
    return scope(
        material.accesses, material.windows, material.intervals, material.gaps, material.coverage,
        anonymous=material.config.incident.anonymous,
    )  # fmt: skip


def misuses(material: Material) -> tuple[Entry, ...]:
    """Documents that the case team supplies as evidence of use of the data."""
    documents = material.registers.of("documents")
    return tuple(one for one in documents if (one.text("kind") or "").casefold() == "misuse")


def _period(found: Scope) -> tuple[tuple[str, Text], ...]:
    low = instant(found.start, beyond="before the first record" if found.windows else "none")
    high = instant(found.end, beyond="beyond the last record" if found.windows else "none")
    return (("Period of the windows (UTC)", say(low if low == high else f"{low} to {high}")),)


def _answer(tell: Say, found: Scope, misuse: Sequence[Entry]) -> Iterator[Text]:
    exposed, accessed, acquired = found.tiers
    if not found.windows and not accessed.requests:
        yield tell("answer_empty")
    else:
        yield tell(
            "answer_exposed", objects=exposed.objects, windows=len(found.windows),
            start=said(instant(found.start, beyond="before the first record")),
            end=said(instant(found.end, beyond="beyond the last record")),
            size=exposed.size, sized=None,
        )  # fmt: skip
        yield tell(
            "answer_accessed", objects=accessed.objects, most=accessed.objects_most,
            requests=accessed.requests, repeated=accessed.repeated,
        )  # fmt: skip
        yield tell(
            "answer_acquired", objects=acquired.objects, most=acquired.objects_most,
            size=acquired.size, size_most=acquired.size_most, single=acquired.single,
        )  # fmt: skip
    yield tell("answer_misused", n=len(misuse))


def _tiers(tell: Say, found: Scope, misuse: Sequence[Entry]) -> Section:
    rows = [
        (
            say(tier.name), tell("meaning", tier=tier.name), say(f"{tier.objects:,}"),
            _most(tier.objects_most), _counted(tier.requests), _counted(tier.repeated),
            _sized(tier), _most_bytes(tier),
        )
        for tier in found.tiers
    ]  # fmt: skip
    stated = say("see below") if misuse else say("not supplied")
    rows.append((say("misused"), tell("meaning", tier="misused"), *(stated,) * 6))
    table = Table(caption=tell("tiers_caption"), columns=TIERS, rows=tuple(rows), empty=say("none"))
    return Section(title=tell("tiers_title"), blocks=(table,))


def _most(value: int | None) -> Text:
    return say("not established" if value is None else f"{value:,}")


def _counted(value: int | None) -> Text:
    return say("not counted" if value is None else f"{value:,}")


def _sized(tier: Tier) -> Text:
    if tier.name == "accessed":
        return say("see acquired")
    return say("not logged" if tier.size is None else f"{tier.size:,}")


def _most_bytes(tier: Tier) -> Text:
    return say("see acquired") if tier.name == "accessed" else _most(tier.size_most)


def _classes(material: Material, tell: Say) -> Section:
    names = ", ".join(material.config.jurisdiction.data_classes)
    body = (Paragraph(text=tell("classes", names=names)),)
    return Section(title=tell("classes_title"), blocks=body)


def _unseen(tell: Say, found: Scope) -> tuple[Text, ...]:
    reasons = [tell("reason", text=reason) for reason in found.open_reasons]
    return (
        *(reasons or [tell("unseen_whole")] if found.windows else ()),
        tell("unseen_objects"), tell("unseen_contents"), tell("unseen_elsewhere"),
    )  # fmt: skip


def _own_limits(tell: Say, found: Scope) -> Iterator[Text]:
    yield tell("unseen_deleted")
    if found.unsized:
        yield tell("unsized", n=found.unsized)
    if found.nameless:
        yield tell("nameless", n=found.nameless)
    if found.undecided:
        yield tell("undecided", n=found.undecided)


def _windows(tell: Say, found: Scope) -> Section:
    table = Table(
        caption=tell("windows_caption", n=len(found.windows)), columns=WINDOWS,
        rows=tuple(
            (
                parts.lines(quote(row["principal"]), quote(row["action"])),
                quote(row["resource_uid"]), parts.since(row), parts.until(row),
                say(f"{row['accesses']:,}"),
            )
            for row in _most_used(found)[:LINES]
        ),
        empty=tell("windows_empty"),
    )  # fmt: skip
    rest = _most_used(found)[LINES:]
    more = tell("windows_more", n=len(rest), accesses=sum(row["accesses"] for row in rest))
    return Section(
        title=tell("windows_title"), blocks=(table, *((Paragraph(text=more),) if rest else ()))
    )


def _most_used(found: Scope) -> Sequence[Row]:
    """Windows in their order; where there are too many, those with most successes first."""
    if len(found.windows) <= LINES:
        return found.windows
    return sorted(found.windows, key=lambda row: -int(row["accesses"]))


def _misuse(tell: Say, misuse: Sequence[Entry]) -> Section:
    table = Table(
        caption=tell("misuse_caption", n=len(misuse)), columns=MISUSE,
        rows=tuple(
            (
                given(one.text("id") or ""), given(one.text("title") or ""),
                say(f"{one.day('claimed_date') or 'not supplied'}; "
                    f"{one.day('provable_date') or 'not supplied'}"),
                parts.lines(given(one.text("scope") or "scope not supplied"),
                            given(one.text("evidence") or "evidence not supplied")),
                say(one.place),
            )
            for one in misuse
        ),
        empty=tell("misuse_empty"),
    )  # fmt: skip
    return Section(title=tell("misuse_title"), blocks=(table,))


def tiers_of(thing: Thing) -> tuple[str, ...]:
    """Tiers that an object is in."""
    names = (("exposed", thing.exposed), ("accessed", thing.requests), ("acquired", thing.returned))
    return tuple(name for name, is_in in names if is_in)


def _objects(material: Material, tell: Say, found: Scope, label: Label) -> Iterator[Section]:
    """Objects one by one; of too many the first, and a slip sheet."""
    things = in_order(material, found)
    most = printed.bound(material)
    n = len(things)
    caption = tell("objects_caption", n=n)
    if n > most:
        caption = tell("objects_part", n=n, printed=most)
    table = Table(
        caption=caption, columns=OBJECTS, numbered=True, empty=tell("objects_empty"),
        rows=tuple(_object(n, thing) for n, thing in enumerate(things[:most], 1)),
    )  # fmt: skip
    yield Section(title=tell("objects_title"), blocks=(table,))
    if n > most:
        yield printed.slip(label, n, NATIVE)


def in_order(material: Material, found: Scope) -> Sequence[Thing]:
    """Objects as numbered: where not all are printed, those acquired first, then those accessed."""
    if len(found.things) <= printed.bound(material):
        return found.things
    return sorted(found.things, key=lambda thing: -len(tiers_of(thing)))


def _object(number: int, thing: Thing) -> tuple[Text, ...]:
    times = [row["time"] for row in thing.requests]
    size = thing.returned
    return (
        say(f"{number:,}"), quote(thing.uid), say(", ".join(tiers_of(thing))),
        say(f"{len(thing.requests):,}"),
        parts.lines(say(instant(min(times))), say(instant(max(times)))) if times else say("none"),
        say("none" if not times else "not logged" if size is None else f"{size:,}"),
        say(pinpoint(thing.first)),
    )  # fmt: skip


def _native(material: Material, found: Scope) -> Native:
    rows = tuple(
        (
            n, thing.uid, thing.exposed, bool(thing.requests), bool(thing.returned),
            len(thing.requests), thing.returned, thing.largest,
            *parts.trace(material, thing.first, thing.first.get("time") or thing.first["start"]),
        )
        for n, thing in enumerate(in_order(material, found), 1)
    )  # fmt: skip
    return Native(columns=NATIVE, rows=rows)


def _native_tiers(found: Scope, misused: int) -> Native:
    columns = (
        ("row", "int"), ("tier", "text"), ("objects_at_least", "int"), ("objects_at_most", "int"),
        ("requests", "int"), ("repeated", "int"), ("bytes_at_least", "int"),
        ("bytes_at_most", "int"), ("bytes_without_repetition", "int"), ("documents", "int"),
    )  # fmt: skip
    rows: list[tuple[Value, ...]] = [
        (
            n, tier.name, tier.objects, tier.objects_most, tier.requests, tier.repeated, tier.size,
            tier.size_most, tier.single, None,
        )
        for n, tier in enumerate(found.tiers, 1)
    ]  # fmt: skip
    rows.append((4, "misused", None, None, None, None, None, None, None, misused or None))
    return Native(columns=columns, rows=tuple(rows))
