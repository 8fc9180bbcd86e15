"""Which exhibits a case gets, in the order of the catalogue, and what number each is printed with.

Letters A to M are keys; the printed number follows the case's scheme. Adding an exhibit: one module
in `exhibits/`, one line in `plan`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial

from collector.errors import UsageError
from reports import numbering
from reports.material import Material
from reports.model import Exhibit, Label
from reports.redaction import rewrite

#: Printed numbers of all exhibits, by key of the catalogue.
Numbers = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One exhibit to be made.

    Attributes:
        key: letter of the catalogue.
        name: part of the file name.
        build: makes it, given material, its own name, and the numbers of all exhibits by key.
    """

    key: str
    name: str
    build: Callable[[Material, Label, Numbers], Exhibit]


def plan(material: Material, resources: tuple[str, ...]) -> tuple[Entry, ...]:
    """The exhibits of this case; `resources` are those that get a history of their own."""
    from reports.documents import drafts
    from reports.exhibits import (
        access_summary,
        baseline,
        but_for,
        chronology,
        configuration_history,
        configuration_rest,
        control,
        custody,
        evidence_index,
        gaps_and_limits,
        method,
        scope,
        warnings,
    )

    own, rest = configuration_rest.divided(material, resources)
    histories = tuple(
        Entry(
            key="C",
            name="configuration-history",
            build=partial(configuration_history.build, resource=resource),
        )
        for resource in own or (None,)
    )
    if rest:
        further = partial(configuration_rest.build, resources=rest)
        histories += (Entry(key="C", name="configuration-further", build=further),)
    return (
        Entry(key="A", name="chain-of-custody", build=custody.build),
        Entry(key="B", name="evidence-index", build=evidence_index.build),
        *histories,
        Entry(key="D", name="access-summary", build=access_summary.build),
        Entry(key="E", name="chronology", build=chronology.build),
        Entry(key="F", name="but-for-matrix", build=but_for.build),
        Entry(key="G", name="scope", build=scope.build),
        Entry(key="G", name="scope-illustration", build=scope.build_aid),
        Entry(
            key="H", name="baseline", build=partial(baseline.build, resources=own, left=len(rest))
        ),
        Entry(key="I", name="warnings", build=warnings.build),
        Entry(key="J", name="control", build=partial(control.build, resources=resources)),
        Entry(key="K", name="gaps-and-limits", build=gaps_and_limits.build),
        *(Entry(key="L", name=name, build=build) for name, build in drafts.entries(material)),
        Entry(key="M", name="method-and-validation", build=method.build),
    )


def build(material: Material, resources: tuple[str, ...]) -> tuple[Exhibit, ...]:
    """All exhibits of the case; ids of keys are masked in every edition (R-099)."""
    entries = plan(material, resources)
    labels = numbering.numbered(
        [entry.key for entry in entries], material.config.exhibits, material.custody
    )
    numbers: dict[str, tuple[str, ...]] = {}
    for entry, label in zip(entries, labels, strict=True):
        numbers[entry.key] = (*numbers.get(entry.key, ()), label)
    made = (
        entry.build(
            material,
            Label(number=label, stem=f"exhibit-{numbering.file_part(label)}-{entry.name}"),
            numbers,
        )
        for entry, label in zip(entries, labels, strict=True)
    )
    return tuple(rewrite.masked(one) for one in made)


def numbers(exhibits: Iterable[Exhibit]) -> Numbers:
    """Printed numbers of exhibits that are made, by key."""
    found: dict[str, tuple[str, ...]] = {}
    for one in exhibits:
        found[one.key] = (*found.get(one.key, ()), one.number)
    return found


def chosen(material: Material, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Resources with a history: those asked for, else those of the incident, windows and findings.

    Where none of these is named, every resource with a recorded change.

    Raises:
        UsageError: one asked for is not in the records.
    """
    changed = material.resources()
    if asked:
        missing = [name for name in asked if name not in changed]
        if missing:
            known = "\n  ".join(changed) or "none"
            raise UsageError(
                f"--resource {missing[0]}: expected a resource with a recorded change, found none "
                f"of that name. Resources with changes:\n  {known}"
            )
        return tuple(dict.fromkeys(asked))
    named = material.config.incident.resources
    about = {row["resource_uid"] for row in material.windows}
    about |= {finding["resource_uid"] for finding in material.findings}
    picked = tuple(
        name
        for name in changed
        if name in about or any(fnmatchcase(name, pattern) for pattern in named)
    )
    return picked or changed or named_alone(named)


def named_alone(named: tuple[str, ...]) -> tuple[str, ...]:
    """Resources that the case file names by their full name: each gets its page, changed or not."""
    return tuple(name for name in named if not any(mark in name for mark in "*?["))
