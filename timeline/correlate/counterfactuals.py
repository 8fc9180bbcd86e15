"""The incident's accesses under counterfactuals of the whole configuration, counted.

A counterfactual holds some slots at other contents from an instant on, whatever was recorded; the
same evaluator decides each request class again. What is counted: logged successes in the incident
that the records decide as allowed. `yes` = it would not have happened, `no` = it would, and
undetermined apart; the three add up, and counts of different counterfactuals are never added up.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from timeline.correlate import decisions
from timeline.correlate.decisions import RequestClass, Setting
from timeline.correlate.views import Overlay, Place, Viewed
from timeline.model import SlotState, Verdict

#: (request class, view) -> contents held; None = what they build on is not known.
Held: TypeAlias = Callable[[RequestClass, Viewed], Mapping[Place, SlotState] | None]
#: Rows of `events` with the class of each.
Accesses: TypeAlias = Sequence[tuple[Mapping[str, Any], RequestClass]]

_WORDS = {Verdict.DENIED: "yes", Verdict.ALLOWED: "no", Verdict.UNKNOWN: "undetermined"}
ANSWERS = ("yes", "no", "undetermined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Counts of accesses by answer.

    Attributes:
        asked: accesses asked about: logged successes in the incident, decided as allowed.
        not_asked: further successes, which the records do not decide as they stand.
        accesses: answer -> accesses.
        objects: answer -> distinct objects: `no` where some access to it would have happened,
            `yes` where none would, else undetermined; each object is counted once.
        bytes_out: answer -> bytes of its accesses as logged; None where one is not logged.
        classes: answer -> class uids.
    """

    asked: int
    not_asked: int
    accesses: Mapping[str, int]
    objects: Mapping[str, int]
    bytes_out: Mapping[str, int | None]
    classes: Mapping[str, tuple[str, ...]]


def count(accesses: Accesses, decide: Callable[[RequestClass, datetime], Verdict]) -> Count:
    """Counts over the incident's logged successes."""
    asked = [(row, one) for row, one in accesses if one.decision.verdict is Verdict.ALLOWED]
    answers = [(row, one.uid, _WORDS[decide(one, row["time"])]) for row, one in asked]
    objects: dict[str, set[str]] = {}
    sizes: dict[str, list[int | None]] = {answer: [] for answer in ANSWERS}
    classes: dict[str, set[str]] = {answer: set() for answer in ANSWERS}
    for row, uid, answer in answers:
        objects.setdefault(row["resource_uid"], set()).add(answer)
        sizes[answer].append(row["bytes_out"])
        classes[answer].add(uid)
    said = [_of_object(found) for found in objects.values()]
    return Count(
        asked=len(asked),
        not_asked=len(accesses) - len(asked),
        accesses={answer: len(sizes[answer]) for answer in ANSWERS},
        objects={answer: said.count(answer) for answer in ANSWERS},
        bytes_out={answer: _sum(sizes[answer]) for answer in ANSWERS},
        classes={answer: tuple(sorted(classes[answer])) for answer in ANSWERS},
    )


def _of_object(answers: set[str]) -> str:
    if "no" in answers:
        return "no"
    return "undetermined" if "undetermined" in answers else "yes"


def _sum(sizes: Iterable[int | None]) -> int | None:
    total = 0
    for size in sizes:
        if size is None:
            return None
        total += size
    return total


def deciding(
    held: Held, since: datetime | None, setting: Setting
) -> Callable[[RequestClass, datetime], Verdict]:
    """The decision on an access with contents held from an instant on (None = throughout)."""
    memo: dict[str, Verdict] = {}

    def decide(one: RequestClass, at: datetime) -> Verdict:
        if since is not None and at < since:
            return one.decision.verdict
        if one.uid not in memo:
            memo[one.uid] = _again(one, held(one, setting.view), setting)
        return memo[one.uid]

    return decide


def _again(
    one: RequestClass, contents: Mapping[Place, SlotState] | None, setting: Setting
) -> Verdict:
    if contents is None:
        return Verdict.UNKNOWN
    if not contents:
        return one.decision.verdict
    return decisions.again(one, replace(setting, view=Overlay(setting.view, contents))).verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One counterfactual, asked or not: a row of the table `controls`.

    Attributes:
        name: of the control or target.
        kind: `control`, `target`.
        title: what it does, in words.
        given: parameter -> values.
        supplied: parameter -> where the values come from; `not supplied`.
        since: from when it is on; None = for every access.
        available: day from which the mechanism existed; None for a target.
        source: of that day, or of the values.
        status: `asked`, `not available`, `parameter not supplied`.
        note: one sentence; None where there is nothing to say.
        counted: None unless asked.
    """

    name: str
    kind: str
    title: str
    given: Mapping[str, Sequence[str]]
    supplied: Mapping[str, str]
    since: datetime | None
    available: datetime | None
    source: str
    status: str
    note: str | None
    counted: Count | None


def row(asked: Asked) -> dict[str, Any]:
    """Row of `controls`."""
    found = asked.counted
    counts: dict[str, Any] = {}
    for answer in ANSWERS:
        counts[f"accesses_{answer}"] = found and found.accesses[answer]
        counts[f"objects_{answer}"] = found and found.objects[answer]
        counts[f"bytes_{answer}"] = found and found.bytes_out[answer]
        counts[f"classes_{answer}"] = list(found.classes[answer]) if found else None
    return {
        "control": asked.name,
        "kind": asked.kind,
        "title": asked.title,
        "parameters": _json({name: list(values) for name, values in asked.given.items()}),
        "parameters_from": _json(asked.supplied),
        "time_from": asked.since,
        "available_from": asked.available,
        "source": asked.source,
        "status": asked.status,
        "note": asked.note,
        "accesses": found and found.asked,
        "accesses_not_asked": found and found.not_asked,
        **counts,
    }


def _json(value: Mapping[str, Any]) -> str | None:
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if value else None
