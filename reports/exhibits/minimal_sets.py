"""Minimal sets of changes in exhibit F: what sufficed together, what undoes it, in words."""

from collections.abc import Mapping, Sequence

from reports.exhibits import parts
from reports.material import Material, Row
from reports.model import Column, Paragraph, Section, Table, Text, quote, say
from reports.text import Say

#: Lines that are printed, those of most requests; the rest is counted and stands in the native
#: table.
LINES = 60
#: Runs of numbers by which classes are named in a cell or a head; the native table has every one.
RUNS = 8


def section(
    material: Material, tell: Say, changes: Sequence[Row], groups: Mapping[str, int],
    requests: Mapping[int, int],
) -> Section:  # fmt: skip
    """Sets over changes; equal ones share a line.

    Args:
        groups: number of each class.
        requests: of each class, by its number; of many sets those of most requests are printed.
    """
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
    most = sorted(merged, key=lambda key: (-sum(requests[n] for n in merged[key]), key))[:LINES]
    table = Table(
        caption=tell("sets_caption", n=len(merged)),
        columns=(
            Column(title="Classes", width=1.6), Column(title="Kind", width=1.2),
            Column(title="Changes (rows of the matrix)", width=2.4),
            Column(title="In words", width=3.6), Column(title="Undo", width=1.0),
            Column(title="In which readings of the records", width=1.3),
        ),
        rows=tuple(
            (say(listed(of)), say(kind), _members(changes, members),
             tell("set_words", cut=kind == "minimal cut", n=len(members)), say(by),
             say("in every reading" if certainty == "certain" else "in some reading"))
            for of, (kind, members, certainty, by) in sorted((merged[key], key) for key in most)
        ),
        empty=tell("sets_empty"),
    )  # fmt: skip
    blocks: tuple[Table | Paragraph, ...] = (table,)
    if any(row["complete"] is False for row in chosen):
        blocks = (*blocks, Paragraph(text=tell("incomplete")))
    if len(merged) > LINES:
        blocks = (*blocks, Paragraph(text=tell("more", n=len(merged) - LINES)))
    return Section(title=tell("sets_title"), blocks=blocks)


def _members(changes: Sequence[Row], members: Sequence[int]) -> Text:
    named = [
        parts.joined((say(f"{n}:"), quote(parts.change_name(changes[n - 1]))), " ") for n in members
    ]
    return parts.lines(*named) if named else say("none")


def listed(numbers: Sequence[int]) -> str:
    """`Class 3`, `Classes 1–4, 7`; of many runs the first, and how many classes there are more."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = runs if len(runs) <= RUNS else runs[: RUNS - 1]
    words = [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in shown]
    left = sum(map(len, runs[len(shown) :]))
    more = f" and {left:,} more" if left else ""
    return ("Class " if len(numbers) == 1 else "Classes ") + ", ".join(words) + more
