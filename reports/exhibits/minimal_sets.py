"""Minimal sets of changes in exhibit F: what sufficed together, what undoes it, in words."""

from collections.abc import Mapping, Sequence

from reports.exhibits import parts
from reports.material import Material, Row
from reports.model import Column, Paragraph, Section, Table, Text, quote, say
from reports.text import Say

#: Lines that are printed; the rest is counted and stands in the derived table.
LINES = 200


def section(
    material: Material, tell: Say, changes: Sequence[Row], groups: Mapping[str, int]
) -> Section:
    """Sets over changes; `groups` are the numbers of classes. Equal sets share a line."""
    numbers = {change["change_uid"]: n for n, change in enumerate(changes, 1)}
    chosen = [
        row for row in material.class_sets
        if row["class_uid"] in groups and row["level"] == "change"
        and row["counterfactual"] == "undo"
    ]  # fmt: skip
    undos: dict[tuple[int, str, tuple[int, ...], str], set[str]] = {}
    for row in chosen:
        members = tuple(sorted(numbers[uid] for uid in row["members"] if uid in numbers))
        key = (groups[row["class_uid"]], row["kind"], members, row["certainty"])
        undos.setdefault(key, set()).add(row["undo"])
    merged: dict[tuple[str, tuple[int, ...], str, str], list[int]] = {}
    for (group, kind, members, certainty), by in sorted(undos.items()):
        merged.setdefault((kind, members, certainty, ", ".join(sorted(by))), []).append(group)
    table = Table(
        caption=tell("sets_caption", n=len(merged)),
        columns=(
            Column(title="Classes", width=1.0), Column(title="Kind", width=1.3),
            Column(title="Changes (rows of the matrix)", width=2.6),
            Column(title="In words", width=3.6), Column(title="Undo", width=1.0),
            Column(title="In which readings of the records", width=1.3),
        ),
        rows=tuple(
            (say(listed(of)), say(kind), _members(changes, members),
             tell("set_words", cut=kind == "minimal cut", n=len(members)), say(by),
             say("in every reading" if certainty == "certain" else "in some reading"))
            for (kind, members, certainty, by), of in sorted(
                merged.items(), key=lambda one: (one[1], one[0])
            )[:LINES]
        ),
        empty=tell("sets_empty"),
    )  # fmt: skip
    blocks: tuple[Table | Paragraph, ...] = (table,)
    if any(row["complete"] is False for row in chosen):
        blocks = (*blocks, Paragraph(text=tell("incomplete")))
    if len(merged) > LINES:
        more = tell("more", n=len(merged) - LINES, table="class_sets")
        blocks = (*blocks, Paragraph(text=more))
    return Section(title=tell("sets_title"), blocks=blocks)


def _members(changes: Sequence[Row], members: Sequence[int]) -> Text:
    named = [
        parts.joined((say(f"{n}:"), quote(parts.change_name(changes[n - 1]))), " ") for n in members
    ]
    return parts.lines(*named) if named else say("none")


def listed(numbers: Sequence[int]) -> str:
    """`Class 3`, `Classes 1–4, 7`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs]
    return ("Class " if len(numbers) == 1 else "Classes ") + ", ".join(words)
