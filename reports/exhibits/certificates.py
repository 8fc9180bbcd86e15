"""Exhibit L: certificate drafts, one a rule, never merged: their foundations differ (R-070).

Each lists what its signer can speak of (R-077): whoever keeps a log, its records; whoever ran this
tool, what it made and from what; whoever copied, the copies. Filled in is what the records of the
case hold. What a person has to state comes from a file of that person's (`human_parts`) or stays a
blank; nothing is dated, ticked or signed here, and no option does so (R-074).
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from reports import human_parts
from reports.documents import items as evidence
from reports.documents import places
from reports.documents.forms import C11, C12, C13, C14, Form
from reports.documents.report import written
from reports.exhibits import parts
from reports.human_parts import Words
from reports.material import Material
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
    Value,
    cite,
    given,
    plain,
    quote,
    say,
)
from reports.pinpoint import instant, stored
from reports.text import Say, sentences

TEMPLATE = "certificates.j2"
Held = Callable[[Material], Iterator[tuple[str, Text]]]
RECORDS = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Item", width=0.9, exact=True),
    Column(title="Name as received", width=3.4, exact=True),
    Column(title="Bytes; records", width=0.9, number=True),
    Column(title="Acquired (UTC)", width=1.5, exact=True),
    Column(title="SHA-256 of the copy", width=2.9, exact=True),
)
COPIES = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Item; bytes", width=0.9, exact=True),
    Column(title="Source identifier; version", width=3.2, exact=True),
    Column(title="Acquired (UTC)", width=1.4, exact=True),
    Column(title="Hash published by the source; comparison", width=1.9),
    Column(title="SHA-256 of the copy", width=2.6, exact=True),
)
MADE = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Table", width=2.4, exact=True),
    Column(title="Bytes", width=1.0, number=True),
    Column(title="SHA-256", width=4.0, exact=True),
)
INPUT = (
    Column(title="Acquisition", width=1.1, number=True),
    Column(title="Source; from whom", width=2.4),
    Column(title="By; host; runtime", width=2.4),
    Column(title="Start and end (UTC)", width=1.8, exact=True),
    Column(title="Items; bytes", width=1.0),
    Column(title="Root of its manifest (SHA-256)", width=2.4, exact=True),
)
SHOWN = (
    Column(title="Exhibits", width=1.6),
    Column(title="What", width=4.0),
    Column(title="Record origin", width=3.4),
)
_COPIED = {"A", "B"}


def build(
    material: Material, label: Label, numbers: Mapping[str, tuple[str, ...]], *, form: Form
) -> Exhibit:
    """The draft under one rule."""
    tell = sentences(TEMPLATE, material.case)
    words = human_parts.held(material)
    native = NATIVE[form.rule](material)
    blanks = sum(
        words.get(part.name) is None or words[part.name].open is not None for part in form.parts
    )
    return Exhibit(
        key="L", number=label.number, stem=label.stem, title=tell("title", rule=form.rule),
        kind=Kind.CERTIFICATE, origin=Origin.DERIVED, question=tell("question"),
        facts=(("Rule", say(form.rule)),), coverage=parts.coverage(material),
        answer=(
            tell("answer", blanks=blanks, parts=len(form.parts)),
            tell("answer_records", n=len(native.rows), rule=form.rule),
        ),
        sections=tuple(_sections(material, tell, numbers, form, words)),
        limits=(
            tell("limit_legal"), tell("limit_validation"),
            *parts.limits(material, start=None, end=None),
        ),
        sources=(), native=native, running=plain(say(f"Draft, {form.rule}")),
    )  # fmt: skip


def _sections(
    material: Material, tell: Say, numbers: Mapping[str, tuple[str, ...]], form: Form,
    words: Mapping[str, Words],
) -> Iterator[Section]:  # fmt: skip
    rule = (Paragraph(text=tell("rule_text", rule=form.rule)),)
    yield Section(title=tell("rule_title"), blocks=rule)
    yield Section(title=tell("person_title"), blocks=())
    for part in form.parts:
        yield Section(
            title=say(part.title), level=2,
            blocks=tuple(written(tell, part, words.get(part.name))),
        )  # fmt: skip
    yield Section(title=tell("process_title"), blocks=(Facts(pairs=tuple(_held(material))),))
    yield Section(
        title=tell("records_title"), blocks=tuple(BLOCKS[form.rule](material, tell, numbers))
    )
    yield Section(
        title=tell("notice_title"), blocks=(Paragraph(text=tell("notice_text", rule=form.rule)),)
    )
    yield Section(
        title=tell("sign_title"),
        blocks=(
            Paragraph(text=_words(material, tell, form)), Paragraph(text=tell("unsigned")),
        ),
    )  # fmt: skip


def _words(material: Material, tell: Say, form: Form) -> Text:
    """The words that a person signs under; both forms where the place is not supplied."""
    if form is C12:
        return tell("sign_foreign")
    inside = material.config.jurisdiction.executed_in_us
    return tell("sign_us_open") if inside is None else tell("sign_us", inside=inside)


def _held(material: Material) -> Iterator[tuple[str, Text]]:
    """What custody and the acquisitions say, as recorded: process, system, hashes, who, when."""
    missing = say("NOT SUPPLIED")
    stated = material.config.matter
    for name, value in (
        ("Matter", stated.title), ("Examiner, as case.toml names", stated.examiner),
        ("Authority to collect", stated.authority),
    ):  # fmt: skip
        yield name, given(value) if value else missing
    tools = {f"{row['tool']['name']} {row['tool']['version']} ({row['tool'].get('record')})"
             for row in material.custody}  # fmt: skip
    yield "Tool, version and record in custody", _several(tools) or missing
    hosts = [row.get("host") or {} for row in material.acquisitions]
    yield (
        "Runtime and system of the acquisitions",
        _several({f"Python {one.get('python')}, {one.get('system')}" for one in hosts if one})
        or missing,
    )
    yield (
        "Operated by",
        _several({str(row["actor"].get("examiner") or row["actor"].get("login"))
                  for row in material.custody}) or missing,
    )  # fmt: skip
    yield (
        "Sources acquired",
        _several({str(r.get("source")) for r in material.acquisitions}) or (missing),
    )
    yield "Hash algorithms", say("SHA-256 and SHA-512 of every file, computed while it was written")
    yield "Times", say("UTC, by the clock of the machine that ran the tool")
    head = material.custody[-1]["sha256"] if material.custody else None
    yield "Head of the custody chain", cite(f"SHA-256 {head}") if head else missing
    yield "Known gaps", say(f"{len(material.gaps):,}, listed under Limits")


def _several(values: set[str]) -> Text:
    return parts.lines(*(quote(value) for value in sorted(values)))


def _keeper(
    material: Material, tell: Say, _numbers: Mapping[str, tuple[str, ...]]
) -> Iterator[Block]:
    """Records of logs: what whoever keeps them can speak of."""
    kept = evidence.kept(material)
    mine = [item for item in kept if evidence.logged(material, item)]
    yield Table(
        caption=tell("logged_caption", n=len(mine)), columns=RECORDS,
        rows=tuple(
            (
                say(str(n)), say(item.uid), quote(item.name),
                say(f"{item.size:,}; {material.records.get(item.uid, 0):,}"),
                say(instant(item.acquired_at)), say(item.digest.sha256),
            )
            for n, item in enumerate(mine, 1)
        ),
        empty=tell("records_empty"),
    )  # fmt: skip
    if len(kept) > len(mine):
        yield Paragraph(text=tell("logged_others", n=len(kept) - len(mine)))


def _process(
    material: Material, tell: Say, numbers: Mapping[str, tuple[str, ...]]
) -> Iterator[Block]:
    """What this tool made, and what reached it: what its operator can speak of."""
    roots = {
        row["data"]["acq"]: row["data"]["manifest"]["root"]
        for row in material.custody
        if row["action"] == "acquisition.close"
    }
    yield Table(
        caption=tell("input_caption", n=len(material.acquisitions)), columns=INPUT,
        rows=tuple(_input(row, roots.get(row["acq"])) for row in material.acquisitions),
        empty=tell("records_empty"),
    )  # fmt: skip
    yield Table(
        caption=tell("shown_caption"), columns=SHOWN,
        rows=tuple(
            (
                say(", ".join(found)), say(places.TITLES[key]),
                say("source records and custody, as kept" if key in _COPIED else Origin.DERIVED),
            )
            for key, found in sorted(numbers.items())
            if key != "L"
        ),
        empty=tell("records_empty"),
    )  # fmt: skip
    made = tuple(_made(material))
    yield Table(
        caption=tell("made_caption", n=len(made)), columns=MADE,
        rows=tuple(
            (say(str(n)), say(name), say(f"{size:,}"), cite(sha256))
            for n, (name, size, sha256) in enumerate(made, 1)
        ),
        empty=tell("records_empty"),
    )  # fmt: skip


def _input(row: Mapping[str, object], root: str | None) -> tuple[Text, ...]:
    handover, host = (dict(row.get(name) or {}) for name in ("handover", "host"))  # type: ignore[call-overload]
    start, end = (dict(row.get(name) or {}) for name in ("start", "end"))  # type: ignore[call-overload]
    whom = handover.get("provided_by") or row.get("principal")
    return (
        say(str(row["acq"])),
        parts.lines(given(str(row.get("source"))), given(str(whom)) if whom else None),
        parts.lines(
            given(str(row.get("examiner") or "not stated")), quote(str(host.get("name"))),
            say(f"Python {host.get('python')}"),
        ),
        parts.lines(*(say(_time(str(edge.get("at") or "not recorded"))) for edge in (start, end))),
        parts.lines(say(f"{row.get('files') or 0:,}"), say(f"{row.get('bytes') or 0:,}")),
        cite(root) if root else say("not recorded"),
    )  # fmt: skip


def _time(stamp: str) -> str:
    """`2022-06-20 10:00:00.000000 Z` of a stored stamp."""
    return stamp.replace("T", " ").replace("Z", " Z")


def _made(material: Material) -> Iterator[tuple[str, int, str]]:
    """(name, bytes, SHA-256) of each derived table, as exhibits are made from it."""
    folder = material.case / "derived" if material.case is not None else None
    if folder is None or not folder.is_dir():
        return
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        yield f"derived/{path.relative_to(folder).as_posix()}", path.stat().st_size, digest


def _copies(
    material: Material, tell: Say, _numbers: Mapping[str, tuple[str, ...]]
) -> Iterator[Block]:
    """Every copy with its source: what whoever copied can speak of."""
    found = tuple(evidence.listed(material))
    bare = sum(one.kind is None for one in found)
    yield Table(
        caption=tell("copies_caption", n=len(found)), columns=COPIES,
        rows=tuple(
            (
                say(str(n)), parts.lines(say(one.item.uid), say(f"{one.item.size:,}")),
                parts.lines(
                    quote(one.uri or one.item.name),
                    parts.joined((say("version"), quote(one.version)), " ")
                    if one.version else None,
                ),
                say(instant(one.item.acquired_at)),
                parts.lines(
                    parts.joined((quote(one.kind), quote(one.value or "")), ": ")
                    if one.kind else None,
                    say(one.compared),
                ),
                say(one.item.digest.sha256),
            )
            for n, one in enumerate(found, 1)
        ),
        empty=tell("records_empty"),
    )  # fmt: skip
    if bare:
        yield Paragraph(text=tell("copies_bare", n=bare, of=len(found)))


_ITEM = (
    ("row", "int"), ("rule", "text"), ("evidence_item", "text"), ("source_file", "text"),
    ("bytes", "int"), ("acquired_at", "text"), ("source_sha256", "text"),
    ("source_sha512", "text"),
)  # fmt: skip


def _native_logged(material: Material, rule: str) -> Native:
    mine = [item for item in evidence.kept(material) if evidence.logged(material, item)]
    return Native(
        columns=(*_ITEM, ("records", "int")),
        rows=tuple(
            (n, rule, item.uid, item.name, item.size, stored(item.acquired_at), item.digest.sha256,
             item.digest.sha512, material.records.get(item.uid, 0))
            for n, item in enumerate(mine, 1)
        ),
    )  # fmt: skip


def _native_made(material: Material) -> Native:
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (n, C13.rule, name, size, digest)
        for n, (name, size, digest) in enumerate(_made(material), 1)
    )
    names = (("row", "int"), ("rule", "text"), ("table", "text"), ("bytes", "int"))
    return Native(columns=(*names, ("sha256", "text")), rows=rows)


def _native_copies(material: Material) -> Native:
    return Native(
        columns=(
            *_ITEM, ("source_uri", "text"), ("source_version", "text"),
            ("published_hash_kind", "text"), ("published_hash", "text"), ("comparison", "text"),
        ),
        rows=tuple(
            (n, C14.rule, one.item.uid, one.item.name, one.item.size, stored(one.item.acquired_at),
             one.item.digest.sha256, one.item.digest.sha512, one.uri, one.version, one.kind,
             one.value, one.compared)
            for n, one in enumerate(evidence.listed(material), 1)
        ),
    )  # fmt: skip


Blocks = Callable[[Material, Say, Mapping[str, tuple[str, ...]]], Iterator[Block]]
BLOCKS: Mapping[str, Blocks] = {
    C11.rule: _keeper, C12.rule: _keeper, C13.rule: _process, C14.rule: _copies,
}  # fmt: skip
NATIVE: Mapping[str, Callable[[Material], Native]] = {
    C11.rule: partial(_native_logged, rule=C11.rule),
    C12.rule: partial(_native_logged, rule=C12.rule),
    C13.rule: _native_made, C14.rule: _native_copies,
}  # fmt: skip
