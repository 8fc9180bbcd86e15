"""Tables of exhibit F that stand as stored: totals per change, and controls that were asked about.

A total is a count of its own and is never added to another: one request can have several necessary
changes. What a control would have answered is yes, no or undetermined, each counted apart.
"""

from collections.abc import Iterator, Mapping, Sequence

from reports.exhibits import parts
from reports.material import Material, Row
from reports.model import Column, Paragraph, Section, Table, Text, given, quote, say
from reports.pinpoint import counted, instant
from reports.text import Say

#: Lines of totals that are printed, those of most requests; the rest is counted and stands in the
#: native table.
LINES = 60
RELATIONS = ("but-for", "contributing only", "baseline-sufficient", "undetermined")
NUMBERS = (
    Column(title="Requests", width=0.9, number=True),
    Column(title="Distinct objects", width=0.9, number=True),
    Column(title="Bytes as logged", width=1.1, number=True),
    Column(title="Named callers", width=1.2, number=True),
    Column(title="Addresses", width=1.0, number=True),
)


def sections(material: Material, tell: Say, numbers: Mapping[str, int]) -> Iterator[Section]:
    """Totals in the incident, then controls; `numbers` are the matrix rows of changes."""
    yield Section(title=tell("rollups_title"), blocks=_rollups(material, tell, numbers))
    yield Section(title=tell("controls_title"), blocks=(_controls(material, tell),))


def _rollups(
    material: Material, tell: Say, numbers: Mapping[str, int]
) -> tuple[Table | Paragraph, ...]:
    names = {row["change_uid"]: parts.change_name(row) for row in reversed(material.changes)}
    merged: dict[tuple[object, ...], tuple[Row, list[str]]] = {}
    for row in material.rollups:
        if row["scope"] != "incident" or not row["accesses"]:
            continue
        counts = tuple(row[name] for name in ("accesses", "objects", "bytes_out", "bytes_known",
                                              "principals", "anonymous", "addresses"))  # fmt: skip
        key = (row["change_uid"], row["relation"], counts, tuple(row["classes"]))
        merged.setdefault(key, (row, []))[1].append(row["undo"])
    order = {
        key: (numbers.get(row["change_uid"], len(numbers) + 1), row["change_uid"] or "",
              _rank(row["relation"]), undos)
        for key, (row, undos) in merged.items()
    }  # fmt: skip
    most = sorted(merged, key=lambda key: (-merged[key][0]["accesses"], order[key]))[:LINES]
    chosen = [merged[key] for key in sorted(most, key=lambda key: order[key])]
    table = Table(
        caption=tell("rollups_caption"),
        columns=(
            Column(title="Row of matrix", width=0.8, number=True),
            Column(title="Change", width=2.4), Column(title="Relation", width=1.5),
            Column(title="Undo", width=0.9), *NUMBERS,
        ),
        rows=tuple(
            (
                say(str(numbers.get(row["change_uid"], "none"))),
                _changed(row["change_uid"], names),
                say(row["relation"]), say(", ".join(sorted(undos))), *_counts(row),
            )
            for row, undos in chosen
        ),
        empty=tell("rollups_empty"),
    )  # fmt: skip
    left = len(merged) - len(chosen)
    return (table, Paragraph(text=tell("more", n=left))) if left else (table,)


def _changed(uid: str | None, names: Mapping[str, str]) -> Text:
    return say("no recorded change") if uid is None else quote(names.get(uid, uid))


def _rank(relation: str) -> int:
    return RELATIONS.index(relation) if relation in RELATIONS else len(RELATIONS)


def _counts(row: Row) -> Sequence[Text]:
    known, of = row["bytes_known"] or 0, row["accesses"]
    size = f"{row['bytes_out'] or 0:,}" if known else "not logged"
    if known and known < of:
        size += f" (of {known:,})"
    callers = f"{row['principals']:,}"
    if row["anonymous"]:
        callers += f"\n{row['anonymous']:,} without credentials"
    return (
        say(f"{of:,}"), say(f"{row['objects']:,}"), say(size), say(callers),
        say(f"{row['addresses']:,}"),
    )  # fmt: skip


def _controls(material: Material, tell: Say) -> Table:
    return Table(
        caption=tell("controls_caption"),
        columns=(
            Column(title="No.", width=0.4, number=True), Column(title="Setting asked", width=2.6),
            Column(title="Available since; source", width=3.2),
            Column(title="In effect from (UTC)", width=1.2, exact=True),
            Column(title="Yes: denied", width=1.3), Column(title="No: allowed", width=1.3),
            Column(title="Undetermined", width=1.3),
        ),
        rows=tuple(_control(n, row) for n, row in enumerate(material.controls, 1)),
        empty=tell("controls_empty"),
    )  # fmt: skip


def _control(n: int, row: Row) -> tuple[Text, ...]:
    since = instant(row["available_from"], beyond="date not known")[:10]
    answers: tuple[Text, ...]
    if row["status"] == "asked":
        answers = tuple(_answer(row, name) for name in ("yes", "no", "undetermined"))
    else:
        answers = (say(f"not asked: {row['status']}"), say("not asked"), say("not asked"))
    parameters = given(row["parameters"]) if row["parameters"] else None
    return (
        say(str(n)), parts.lines(given(row["title"]), parameters),
        parts.lines(
            say(since if row["available_from"] else "date not known"), given(row["source"] or "")
        ),
        say(instant(row["time_from"], beyond="the first record")), *answers,
    )  # fmt: skip


def _answer(row: Row, name: str) -> Text:
    requests = row[f"accesses_{name}"] or 0
    if not requests:
        return say("0")
    size = row[f"bytes_{name}"]
    return say(
        f"{counted(requests, 'request')}\n{counted(row[f'objects_{name}'] or 0, 'object')}\n"
        + (counted(size, "byte") if size is not None else "bytes not logged")
    )
