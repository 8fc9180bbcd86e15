"""Exhibit F: changes against classes of requests; minimal sets; findings with all fields.

Counts are of logged successes in the incident. A change's verdict is per class and per undo; both
undos are printed where they differ, and neither is ever added to the other.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.exhibits import (
    but_for_native,
    causation_tables,
    findings,
    matrix_picture,
    minimal_sets,
    parts,
)
from reports.material import Material, Row
from reports.model import (
    Column,
    Exhibit,
    Kind,
    Label,
    Origin,
    Paragraph,
    Picture,
    Section,
    Table,
    Text,
    quote,
    say,
)
from reports.pinpoint import bounded, counted, instant, interval
from reports.text import Say, said, sentences

TEMPLATE = "but_for.j2"
#: Columns of classes that fit across a page.
ACROSS = 5
#: Most tables of the matrix, lines of a table, and changes in the answer that are printed; what is
#: left out is counted there, and stands in the native table.
TABLES, LINES, ANSWERED = 3, 60, 12
#: (but_for, ness, role) -> what a cell says, in order of precedence; see `_cell`.
UNTRIED = "—"
BUT_FOR, CONTRIBUTES, REASSERTS, NOTHING, OPEN = (
    "● but-for", "◐ contributes", "↻ re-asserts", "○ no effect", "? undetermined",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One class of requests with its successes in the incident."""

    number: int
    row: Row
    requests: int
    objects: frozenset[str]
    bytes_out: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """What the exhibit is about: classes, changes in order, verdicts by (class, change, undo)."""

    groups: tuple[Group, ...]
    changes: tuple[Row, ...]
    verdicts: Mapping[tuple[str, str, str], Row]

    def cell(self, group: Group, change: Row) -> str:
        """The words of one cell; both undos where they differ."""
        delta, replay = (
            _cell(self.verdicts.get((group.row["class_uid"], change["change_uid"], undo)))
            for undo in ("delta", "replay")
        )
        return delta if delta == replay else f"delta {delta}\nreplay {replay}"

    def necessary(self, change: Row, undo: str) -> int:
        """Requests for which undoing this change alone gives deny."""
        return sum(
            group.requests
            for group in self.groups
            if (
                self.verdicts.get((group.row["class_uid"], change["change_uid"], undo)) or {}
            ).get("but_for") == "yes"
        )  # fmt: skip


def build(material: Material, label: Label, numbers: Mapping[str, tuple[str, ...]]) -> Exhibit:
    """The exhibit for the whole case."""
    tell = sentences(TEMPLATE, material.case)
    matrix = matrix_of(material)
    times = [row["time"] for row in material.accesses if row["in_incident"]]
    first, last = min(times, default=None), max(times, default=None)
    cited = [*matrix.changes, *(row for row in material.accesses if row["in_incident"])]
    return Exhibit(
        key="F", number=label.number, stem=label.stem, title=tell("title"),
        kind=Kind.ILLUSTRATIVE, origin=Origin.DERIVED, question=tell("question"),
        facts=(("Period (UTC)", say(f"{instant(first)} to {instant(last)}")),),
        coverage=parts.coverage(material), answer=tuple(_answer(material, tell, matrix, label)),
        sections=tuple(_sections(material, tell, matrix)),
        limits=(
            *_own_limits(material, tell, matrix), *parts.limits(material, start=first, end=last)
        ),
        sources=parts.sources(material, cited), native=but_for_native.table(material, matrix),
        findings=tuple(row["number"] for row in material.findings),
        based_on=(*numbers.get("C", ()), *numbers.get("D", ())),
    )  # fmt: skip


def matrix_of(material: Material) -> Matrix:
    """Classes with successes in the incident, and the changes that were tried on them."""
    by_class: dict[str, list[Row]] = {}
    for row in material.accesses:
        if row["in_incident"] and row["logged"] == "success":
            by_class.setdefault(row["class_uid"], []).append(row)
    rows = {row["class_uid"]: row for row in material.classes}
    ordered = sorted(by_class.items(), key=lambda one: (one[1][0]["time"], one[0]))
    groups = tuple(
        _group(number, rows.get(uid, {"class_uid": uid}), accesses)
        for number, (uid, accesses) in enumerate(ordered, 1)
    )
    tried = {
        r["change_uid"]
        for r in material.class_changes
        if r["class_uid"] in by_class and r["counterfactual"] == "undo"
    }
    seen: dict[str, Row] = {}
    for row in material.changes:
        if row["change_uid"] in tried:
            seen.setdefault(row["change_uid"], row)
    changes = sorted(
        seen.values(),
        key=lambda r: (r["time_from"] is not None, r["time_from"], r["change_uid"]),
    )
    verdicts = {
        (r["class_uid"], r["change_uid"], r["undo"]): r
        for r in material.class_changes
        if r["counterfactual"] == "undo"
    }
    return Matrix(groups=groups, changes=tuple(changes), verdicts=verdicts)


def _group(number: int, row: Row, accesses: Sequence[Row]) -> Group:
    sizes = [access["bytes_out"] for access in accesses if access["bytes_out"] is not None]
    return Group(
        number=number, row=row, requests=len(accesses),
        objects=frozenset(one["object"] for one in accesses if one["object"] is not None),
        bytes_out=sum(sizes) if sizes else None,
    )  # fmt: skip


def _cell(row: Row | None) -> str:
    if row is None:
        return UNTRIED
    if row["but_for"] == "yes":
        return BUT_FOR
    if "undetermined" in (row["but_for"], row["ness"]):
        return OPEN
    if row["ness"] == "yes":
        return CONTRIBUTES
    return REASSERTS if row["role"] == "re-asserting" else NOTHING


def _answer(material: Material, tell: Say, matrix: Matrix, label: Label) -> Iterator[Text]:
    of = sum(group.requests for group in matrix.groups)
    if not of:
        yield tell("answer_none")
        return
    if not material.class_changes:
        yield tell("answer_uncomputed")
        return
    found = [
        (number, change, matrix.necessary(change, "delta"), matrix.necessary(change, "replay"))
        for number, change in enumerate(matrix.changes, 1)
    ]
    necessary = [one for one in found if one[2] or one[3]]
    if len(necessary) > ANSWERED:
        yield tell("answer_many", n=len(necessary), of=of)
    else:
        for number, change, delta, replay in necessary:
            yield tell(
                "answer_change", name=parts.change_name(change), resource=change["resource_uid"],
                when=said(interval(change)), delta=delta, replay=replay, of=of,
                row=parts.rows_cite(f"{label.number}, matrix", number, number),
            )  # fmt: skip
    for macro, n in _rest(material, matrix).items():
        if n:
            yield tell(macro, n=n, of=of)


def _rest(material: Material, matrix: Matrix) -> dict[str, int]:
    """Requests without a single necessary change, by what the sets say of their class (delta)."""
    counts = {"answer_over": 0, "answer_baseline": 0, "answer_open": 0}
    cuts = {
        row["class_uid"]
        for row in material.class_sets
        if row["kind"] == "minimal cut"
        and row["level"] == "change"
        and row["undo"] == "delta"
        and row["counterfactual"] == "undo"
    }
    for group in matrix.groups:
        uid = group.row["class_uid"]
        said_of = [row for (of, _, undo), row in matrix.verdicts.items()
                   if of == uid and undo == "delta"]  # fmt: skip
        if any(row["but_for"] == "yes" for row in said_of):
            continue
        undetermined = any("undetermined" in (row["but_for"], row["ness"]) for row in said_of)
        if undetermined or group.row.get("decision") != "ALLOWED" or not said_of:
            counts["answer_open"] += group.requests
        elif uid in cuts:
            counts["answer_over"] += group.requests
        else:
            counts["answer_baseline"] += group.requests
    return counts


def _sections(material: Material, tell: Say, matrix: Matrix) -> Iterator[Section]:
    yield from _matrix_sections(tell, matrix)
    yield from findings.sections(tell, material.findings)
    yield _classes(tell, matrix)
    groups = {group.row["class_uid"]: group.number for group in matrix.groups}
    requests = {group.number: group.requests for group in matrix.groups}
    yield minimal_sets.section(material, tell, matrix.changes, groups, requests)
    numbers = {change["change_uid"]: n for n, change in enumerate(matrix.changes, 1)}
    yield from causation_tables.sections(material, tell, numbers)


def _classes(tell: Say, matrix: Matrix) -> Section:
    """Of many classes those of most requests, in their order."""
    most = sorted(matrix.groups, key=lambda group: (-group.requests, group.number))[:LINES]
    table = Table(
        caption=tell("classes_caption", n=len(matrix.groups)),
        columns=(
            Column(title="Class", width=0.6), Column(title="Who", width=2.6),
            Column(title="Action", width=1.7), Column(title="Where", width=2.2),
            Column(title="Settings in force (UTC)", width=2.0, exact=True),
            Column(title="Requests", width=0.9, number=True),
            Column(title="Distinct objects", width=0.9, number=True),
            Column(title="Bytes as logged", width=1.1, number=True),
            Column(title="Decision; without assumptions", width=1.6),
        ),
        rows=tuple(_class_row(group) for group in sorted(most, key=lambda group: group.number)),
        empty=tell("classes_empty"),
    )  # fmt: skip
    left = len(matrix.groups) - len(most)
    more = (Paragraph(text=tell("more", n=left)),) if left else ()
    return Section(title=tell("classes_title"), blocks=(table, *more))


def _matrix_sections(tell: Say, matrix: Matrix) -> Iterator[Section]:
    """Classes with the same verdicts share a column; of many columns those of most requests."""
    alike: dict[tuple[str, ...], list[Group]] = {}
    for group in matrix.groups:
        verdicts = tuple(matrix.cell(group, change) for change in matrix.changes)
        alike.setdefault(verdicts, []).append(group)
    columns = list(alike.items())
    if len(columns) > ACROSS:
        columns.sort(key=lambda column: -sum(group.requests for group in column[1]))
    shown = columns[: ACROSS * TABLES]
    cuts = [shown[at : at + ACROSS] for at in range(0, max(len(shown), 1), ACROSS)]
    yield from _picture(tell, matrix, columns, _printed(matrix, cuts[0])[0])
    blocks: list[Table | Paragraph] = []
    for cut in cuts:
        numbers, left = _printed(matrix, cut)
        blocks.append(_matrix_table(tell, matrix, cut, numbers))
        if left:
            blocks.append(Paragraph(text=tell("matrix_rows", n=left)))
    if len(shown) < len(columns):
        blocks.append(Paragraph(text=tell("matrix_more", n=len(columns) - len(shown))))
    yield Section(title=tell("matrix_title"), blocks=(*blocks, Paragraph(text=tell("signs"))))


def _printed(
    matrix: Matrix, columns: Sequence[tuple[tuple[str, ...], list[Group]]]
) -> tuple[tuple[int, ...], int]:
    """Numbers of the changes that a table of these columns prints, and how many it leaves out.

    Of many, those that are more than without effect on one of the columns come first.
    """
    tried = {
        n: any(verdicts[n - 1] not in (UNTRIED, NOTHING) for verdicts, _ in columns)
        for n in range(1, len(matrix.changes) + 1)
        if not columns or any(verdicts[n - 1] != UNTRIED for verdicts, _ in columns)
    }
    kept = sorted(tried, key=lambda n: (not tried[n], n))[:LINES]
    return tuple(sorted(kept)), len(tried) - len(kept)


def _picture(
    tell: Say, matrix: Matrix, columns: Sequence[tuple[tuple[str, ...], list[Group]]],
    linked: Collection[int],
) -> Iterator[Section]:  # fmt: skip
    """The same cells as signs, for the first columns and the changes tried on them.

    `linked` are the numbers of the rows that marks can lead to.
    """
    drawn = columns[: matrix_picture.COLUMNS]
    tried = [
        matrix_picture.Line(
            number=n, when=interval(change), change=parts.change_name(change),
            cells=tuple(verdicts[n - 1] for verdicts, _ in drawn),
            linked=n in linked,
        )
        for n, change in enumerate(matrix.changes, 1)
        if any(verdicts[n - 1] != UNTRIED for verdicts, _ in drawn)
    ]  # fmt: skip
    if not tried:
        return
    lines = tried[: matrix_picture.ROWS]
    names = [minimal_sets.listed([group.number for group in groups]) for _, groups in drawn]
    picture = Picture(
        question=tell("matrix_picture"), svg=matrix_picture.draw(names, lines),
        alt=matrix_picture.described(names, lines), causal=True,
    )  # fmt: skip
    legend = tell("matrix_legend", rows=len(matrix.changes) - len(lines),
                  columns=len(columns) - len(drawn))  # fmt: skip
    yield Section(title=say("At a glance"), blocks=(picture, Paragraph(text=legend)))


def _matrix_table(
    tell: Say, matrix: Matrix, columns: Sequence[tuple[tuple[str, ...], list[Group]]],
    numbers: Collection[int],
) -> Table:  # fmt: skip
    titles = [
        f"{minimal_sets.listed([group.number for group in groups])}: {_size(groups)}"
        for _, groups in columns
    ]
    return Table(
        caption=tell("matrix_caption"),
        columns=(
            Column(title="No.", width=0.5, number=True),
            Column(title="Time (UTC)", width=1.3, exact=True),
            Column(title="Change and technical actor", width=3.4),
            *(Column(title=title, width=1.5) for title in titles),
        ),
        rows=tuple(
            (
                say(str(n)), say(interval(change)),
                parts.lines(
                    quote(parts.change_name(change)), quote(change["resource_uid"]),
                    quote(change["technical_actor"]) if change["technical_actor"] else None,
                ),
                *(say(verdicts[n - 1]) for verdicts, _ in columns),
            )
            for n, change in enumerate(matrix.changes, 1)
            if n in numbers
        ),
        empty=tell("matrix_empty"),
    )  # fmt: skip


def _size(groups: Sequence[Group]) -> str:
    """Requests, distinct objects and bytes of classes that share a column."""
    sizes = [group.bytes_out for group in groups if group.bytes_out is not None]
    objects = frozenset[str]().union(*(group.objects for group in groups))
    return ", ".join((
        counted(sum(group.requests for group in groups), "request"),
        counted(len(objects), "object"),
        counted(sum(sizes), "byte") if sizes else "bytes not logged",
    ))  # fmt: skip


def _class_row(group: Group) -> tuple[Text, ...]:
    row = group.row
    start = bounded(row.get("epoch_from"), "exact", edge="start")
    end = bounded(row.get("epoch_to"), "exact", edge="end")
    size = f"{group.bytes_out:,}" if group.bytes_out is not None else "not logged"
    return (
        say(str(group.number)), quote(row.get("principal") or "not decided"),
        quote(row.get("action") or "not decided"), quote(row.get("resource") or "not decided"),
        say(f"{start} to {end}"), say(f"{group.requests:,}"), say(f"{len(group.objects):,}"),
        say(size),
        say(f"{row.get('decision')}; {row.get('decision_without_assumptions')}"),
    )  # fmt: skip


def _own_limits(material: Material, tell: Say, matrix: Matrix) -> Iterator[Text]:
    yield tell("undone")
    wrong = sum(row["agreement"] == "contradicts" for row in material.accesses)
    yield tell("contradiction", n=wrong, of=len(material.accesses))
    names = sorted({name for g in matrix.groups for name in g.row.get("assumptions") or ()})
    if names:
        yield tell("assumptions_matter", names=names)
