"""Facts on the foundation of records under Rule 803(6), log by log (R-076).

Facts as the records of the case hold them; whether a condition is met is nobody's to say here.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from reports.documents import log_files, places
from reports.documents.forms import Form
from reports.documents.log_files import LogFile
from reports.documents.places import Numbers
from reports.documents.report_sections import meets
from reports.exhibits import parts
from reports.material import Material, Row
from reports.model import (
    Block,
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
    given,
    plain,
    quote,
    say,
)
from reports.pinpoint import instant, pinpoint, stored
from reports.text import Say, said, sentences

TEMPLATE = "foundation.j2"
#: Periods of logging that are printed; the rest is counted, and stands in the native table.
LINES = 200
LOGGING = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Events; where", width=2.6),
    Column(title="From (UTC)", width=1.5, exact=True),
    Column(title="Until (UTC)", width=1.5, exact=True),
    Column(title="Kept", width=1.0),
    Column(title="On what this rests", width=2.6),
    Column(title="Record", width=1.8, exact=True),
)
FILES = (
    Column(title="No.", width=0.5, number=True),
    Column(title="File; log", width=1.6, exact=True),
    Column(title="Records", width=0.8, number=True),
    Column(title="First and last event (UTC)", width=1.9, exact=True),
    Column(title="Delivered, as its name says (UTC)", width=1.9, exact=True),
    Column(title="Last changed, as the answer says (UTC)", width=1.9, exact=True),
    Column(title="Acquired (UTC)", width=1.8, exact=True),
)


def build(material: Material, label: Label, numbers: Numbers, *, form: Form) -> Exhibit:
    """One section a log, the files with its records, then the course of logging."""
    tell = sentences(TEMPLATE, material.case)
    logs = _logs(material)
    n, files = len(material.logging), sum(len(one.files) for one in logs)
    return Exhibit(
        key="L", number=label.number, stem=label.stem, title=tell("title"),
        kind=Kind.EXPERT_REPORT, origin=Origin.DERIVED, question=tell("question"),
        facts=(("Rule", say(form.rule)),), coverage=parts.coverage(material),
        answer=(
            tell("answer", n=len(logs)),
            tell("answer_logging", n=n, rows=parts.rows_cite(label.number, 1, n))
            if n else tell("logging_empty"),
            *((tell("answer_files", n=files,
                    rows=parts.rows_cite(label.number, n + 1, n + files)),) if files else ()),
        ),
        sections=(
            *(_section(material, tell, numbers, log) for log in logs),
            Section(title=tell("logging_title"), blocks=tuple(_logging(material, tell))),
            *_files(tell, logs, n),
        ),
        limits=(
            tell("limit_label"), tell("limit_delivery"), tell("limit_operator"),
            *parts.limits(material, start=None, end=None),
        ),
        sources=parts.sources(material, material.logging), native=_native(material, logs),
        running=plain(tell("running")),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One log: its rows of coverage, and the files that hold its records."""

    name: str
    coverage: tuple[Row, ...]
    files: tuple[LogFile, ...]


def _logs(material: Material) -> tuple[Log, ...]:
    """Every log with a known period or a file, by name; kinds of its events stand together."""
    files = log_files.read(material)
    rows: dict[str, list[Row]] = {name: [] for name in files}
    for row in sorted(material.coverage, key=lambda row: str(row["source"])):
        source = str(row["source"])
        of = [name for name in files if source == name or source.startswith(f"{name}.")]
        rows.setdefault(max(of, key=len, default=source), []).append(row)
    return tuple(
        Log(name=name, coverage=tuple(found), files=files.get(name, ()))
        for name, found in sorted(rows.items())
    )


def _section(material: Material, tell: Say, numbers: Numbers, log: Log) -> Section:
    rows, files = log.coverage, log.files
    first = min((row["time_from"] for row in rows if row["time_from"]), default=None)
    last = max((row["time_to"] for row in rows if row["time_to"]), default=None)
    touching = [gap for gap in material.gaps if meets(gap, first, last)]
    kinds = Counter(gap["kind"].replace("_", " ") for gap in touching)
    times = [one.item.acquired_at for one in files]
    loss = said(", ".join(f"{kind} {n:,}" for kind, n in sorted(kinds.items())))
    pairs = (
        ("(A) Times of events", parts.lines(*(
            tell("event_times", kind=str(row["source"]), n=row["records"] or 0,
                 first=said(instant(row["time_from"])), last=said(instant(row["time_to"])))
            for row in rows
        )) or tell("event_times_none")),
        ("(A) Record written", _written(tell, files)),
        ("(A) File delivered", _delivered(tell, files)),
        ("(A) File last changed where kept", _changed(tell, files)),
        ("(A) Acquired by us",
         tell("acquired", n=len(files), first=said(instant(min(times, default=None))),
              last=said(instant(max(times, default=None))))),
        ("(A), (B) Who operates the system", tell("operator")),
        ("(B) Whose loggers the records name", _accounts(material, tell)),
        ("(B), (D) From whom received", _whom(material, files)),
        ("(C) Kept as a practice", _practice(material, tell)),
        ("(E) Known loss", tell("loss", n=len(touching), kinds=loss,
                                place=said(places.rows(numbers, "K", len(material.gaps))))),
        ("(E) Integrity at the source", tell("integrity")),
        ("Basis of the coverage",
         parts.lines(*(given(one) for one in dict.fromkeys(str(row["basis"]) for row in rows)))
         or say("none")),
    )  # fmt: skip
    return Section(title=tell("source_title", name=log.name), blocks=(Facts(pairs=pairs),))


def _written(tell: Say, files: Sequence[LogFile]) -> Text:
    """Event against writing of the record."""
    slowest = [one.slowest for one in files if one.slowest is not None]
    return tell(
        "written", n=sum(one.written for one in files), of=sum(one.records for one in files),
        most=said(_span(max(slowest, default=timedelta(0)))),
    )  # fmt: skip


def _delivered(tell: Say, files: Sequence[LogFile]) -> Text:
    """Latest event of a file against the delivery that its name states."""
    after = sorted(one.after for one in files if one.after is not None)
    late = [one for one in after if one < timedelta(0)]
    sound = after[len(late) :]
    return tell(
        "delivered", n=len(after), of=len(files), late=len(late),
        least=said(_span(sound[0])) if sound else None,
        most=said(_span(sound[-1])) if sound else None,
    )  # fmt: skip


def _changed(tell: Say, files: Sequence[LogFile]) -> Text:
    """Latest event of a file against the time that the answer to our call stated."""
    after = sorted(one.changed - one.last for one in files if one.changed is not None)
    return tell(
        "changed", n=len(after), of=len(files),
        least=said(_span(after[0])) if after else None,
        most=said(_span(after[-1])) if after else None,
    )  # fmt: skip


def _span(length: timedelta) -> str:
    """`2 h 3 min 4 s`, whole seconds."""
    seconds = int(abs(length).total_seconds())
    pieces = [(seconds // 3600, "h"), (seconds % 3600 // 60, "min"), (seconds % 60, "s")]
    told = " ".join(f"{n:,} {unit}" for n, unit in pieces if n) or "0 s"
    return f"−{told}" if length < timedelta(0) else told


def _accounts(material: Material, tell: Say) -> Text:
    """Accounts of the loggers, each with every party that case.toml names for it."""
    of: dict[str, list[str]] = {}
    for party in material.config.parties:
        for account in dict.fromkeys(party.accounts):
            of.setdefault(account, []).append(party.name)
    named = sorted({str(row["account_uid"]) for row in material.logging if row["account_uid"]})
    if not named:
        return tell("accounts_none")
    lines = []
    for account in named:
        parties = parts.joined(map(given, of.get(account, ())), ", ") or tell("party_none")
        lines.append(parts.joined((quote(account), parties), ": "))
    return parts.lines(*lines)


def _practice(material: Material, tell: Say) -> Text:
    kept = Counter(str(row["kept"]) for row in material.logging)
    counts = ", ".join(f"{word} {n:,}" for word, n in sorted(kept.items()))
    return tell("practice", n=len(material.logging), counts=said(counts))


def _whom(material: Material, files: Sequence[LogFile]) -> Text:
    """Of the acquisitions that brought a file of this log."""
    brought = {one.item.acquisition for one in files}
    named = []
    for row in material.acquisitions:
        if row.get("acq") in brought:
            handover = row.get("handover") or {}
            named.append(str(handover.get("provided_by") or row.get("principal") or "not recorded"))
    return parts.lines(*map(given, dict.fromkeys(named))) if named else say("not recorded")


def _logging(material: Material, tell: Say) -> Iterator[Block]:
    n = len(material.logging)
    yield Table(
        caption=tell("logging_caption", n=n), columns=LOGGING,
        rows=tuple(
            (
                say(str(at)),
                parts.lines(
                    say(f"{row['category']} events, {row['activity']}s"),
                    *(quote(str(row[key])) for key in ("account_uid", "region", "resource")
                      if row[key]),
                ),
                say(instant(row["time_from"], beyond="not known")),
                say(instant(row["time_to"], beyond="no end in the records")),
                say(str(row["kept"])), given(str(row["why"])), say(pinpoint(row)),
            )
            for at, row in enumerate(material.logging[:LINES], 1)
        ),
        empty=tell("logging_empty"),
    )  # fmt: skip
    if n > LINES:
        yield Paragraph(text=tell("logging_more", n=n - LINES))


def _files(tell: Say, logs: Sequence[Log], before: int) -> Iterator[Section]:
    """Files with log records; numbers go on from the periods of logging, as in the native table."""
    files = [one for log in logs for one in log.files]
    table = Table(
        caption=tell("files_caption", n=len(files)), columns=FILES,
        rows=tuple(
            (
                say(str(at)), parts.lines(say(one.item.uid), quote(one.source)),
                say(f"{one.records:,}"), say(f"{instant(one.first)}\n{instant(one.last)}"),
                say(instant(one.named.at, beyond="none stated") if one.named else "none stated"),
                say(instant(one.changed, beyond="not stated")),
                say(instant(one.item.acquired_at)),
            )
            for at, one in enumerate(files[:LINES], before + 1)
        ),
        empty=tell("files_empty"),
    )  # fmt: skip
    blocks: tuple[Block, ...] = (table,)
    if len(files) > LINES:
        blocks = (table, Paragraph(text=tell("files_more", n=len(files) - LINES)))
    yield Section(title=tell("files_title"), blocks=blocks)


LOGGED = (
    "category", "activity", "account_uid", "region", "resource", "time_from", "time_to", "kept",
    "why", "evidence_item", "locator", "record_sha256",
)  # fmt: skip
OF_FILE = (
    ("log", "text"), ("log_item", "text"), ("log_file", "text"), ("log_sha256", "text"),
    ("records", "int"), ("first_event", "text"), ("last_event", "text"),
    ("records_with_time_of_writing", "int"), ("delivered_by_name", "text"),
    ("last_changed_by_answer", "text"), ("acquired_at", "text"),
)  # fmt: skip


def _native(material: Material, logs: Sequence[Log]) -> Native:
    """Periods of logging, then files of logs; what is not of a row's kind is empty.

    An item stands as `log_item`, not as cited: the row is about the file, and to list a file does
    not carry it in the bundle.
    """
    of_logging = tuple(
        (
            *(stored(row[name]) if name.startswith("time_") else row[name] for name in LOGGED),
            *(None for _ in OF_FILE),
        )
        for row in material.logging
    )
    of_files = tuple(
        (
            *(None for _ in LOGGED), one.source, one.item.uid, one.item.name,
            one.item.digest.sha256, one.records, stored(one.first), stored(one.last), one.written,
            stored(one.named.at) if one.named else None, stored(one.changed),
            stored(one.item.acquired_at),
        )
        for log in logs for one in log.files
    )  # fmt: skip
    return Native(
        columns=(("row", "int"), *((name, "text") for name in LOGGED), *OF_FILE),
        rows=tuple((n, *row) for n, row in enumerate((*of_logging, *of_files), 1)),
    )
