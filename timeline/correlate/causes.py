"""What causation says of a set of accesses: counts per change, and the sentences for them.

Counts are of accesses, per change and definition; they are never added up over changes, since one
access can need several (specification: causation, 7.4 and 7.6).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from timeline.correlate import wording
from timeline.correlate.roles import Answer

UNDOS = ("replay", "delta")


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """Rows of causation, looked up by class.

    Attributes:
        changes: class_uid -> rows of `class_changes`.
        sets: class_uid -> rows of `class_sets` at change level.
        shapes: class_uid -> undo -> shape of the result.
    """

    changes: Mapping[str, Sequence[Mapping[str, Any]]]
    sets: Mapping[str, Sequence[Mapping[str, Any]]]
    shapes: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """Counts over a set of accesses.

    Attributes:
        total: accesses.
        necessary: (change_uid, undo) -> accesses for which it is but-for.
        overdetermined: (members of the cut, undo) -> accesses.
        baseline: undo -> accesses that no recorded change was needed for.
        allowed_before: of these, all were allowed before the first recorded change.
        undetermined: undo -> accesses.
        joint_with: (change_uid, undo) -> the other members of larger minimal cuts.
        sufficient: most minimal sufficient sets of one class.
    """

    total: int
    necessary: Mapping[tuple[str, str], int]
    overdetermined: Mapping[tuple[tuple[str, ...], str], int]
    baseline: Mapping[str, int]
    allowed_before: bool
    undetermined: Mapping[str, int]
    joint_with: Mapping[tuple[str, str], frozenset[str]]
    sufficient: int

    @property
    def changes(self) -> tuple[str, ...]:
        """Changes that are but-for of any access, or members of a smallest cut."""
        uids = {uid for uid, _ in self.necessary}
        uids.update(uid for members, _ in self.overdetermined for uid in members)
        return tuple(sorted(uids))


def roll(per_class: Mapping[str, int], causes: Causes) -> Roll:
    """Counts over accesses given as class_uid -> number of accesses."""
    necessary: dict[tuple[str, str], int] = {}
    joint: dict[tuple[tuple[str, ...], str], int] = {}
    baseline = dict.fromkeys(UNDOS, 0)
    undetermined = dict.fromkeys(UNDOS, 0)
    together: dict[tuple[str, str], frozenset[str]] = {}
    before, sufficient = True, 0
    for uid, n in sorted(per_class.items()):
        for row in causes.changes.get(uid, ()):
            if row["but_for"] == Answer.YES:
                key = (row["change_uid"], row["undo"])
                necessary[key] = necessary.get(key, 0) + n
        rows = causes.sets.get(uid, ())
        for row in rows:
            if row["kind"] == "minimal cut" and len(row["members"]) > 1:
                for member in row["members"]:
                    key = (member, row["undo"])
                    others = frozenset(row["members"]) - {member}
                    together[key] = together.get(key, frozenset()) | others
        for undo in UNDOS:
            shape = causes.shapes.get(uid, {}).get(undo, "undetermined")
            if shape == "overdetermined":
                members = _smallest_cut(rows, undo)
                joint[members, undo] = joint.get((members, undo), 0) + n
            elif shape.startswith("no change needed"):
                baseline[undo] += n
                before = before and shape.endswith("baseline allowed")
            elif shape == "undetermined":
                undetermined[undo] += n
            held = [r for r in rows if r["undo"] == undo and r["kind"] == "minimal sufficient"]
            sufficient = max(sufficient, len(held))
    return Roll(
        total=sum(per_class.values()),
        necessary=necessary,
        overdetermined=joint,
        baseline=baseline,
        allowed_before=before,
        undetermined=undetermined,
        joint_with=together,
        sufficient=sufficient,
    )


def sentences(
    roll_up: Roll, describe: Callable[[str], str], depends: Sequence[str]
) -> tuple[str, ...]:
    """Sentences for a roll-up, replay-undo first; both undos where they differ.

    Args:
        roll_up: the counts.
        describe: change_uid -> `PutBucketPolicy at 2022-05-27T08:12:19Z by ...`.
        depends: names of the facts that undetermined results depend on.
    """
    found: list[str] = []
    n = roll_up.total
    for uid in sorted({uid for uid, _ in roll_up.necessary}, key=describe):
        counts = {undo: roll_up.necessary.get((uid, undo), 0) for undo in UNDOS}
        found += _necessary(uid, counts, roll_up, describe)
    found += _joint(roll_up, describe)
    found += _per_undo(
        roll_up.baseline, lambda k: wording.baseline_sufficient(k, n, roll_up.allowed_before)
    )
    found += _per_undo(roll_up.undetermined, lambda k: wording.undetermined(k, n, depends))
    return tuple(found)


def _necessary(
    uid: str, counts: Mapping[str, int], roll_up: Roll, describe: Callable[[str], str]
) -> list[str]:
    change, n = describe(uid), roll_up.total
    if counts["replay"] == counts["delta"]:
        return [wording.necessary(change, counts["replay"], n, "undo")]
    said = [
        wording.necessary(change, counts[undo], n, f"{undo}-undo") for undo in UNDOS if counts[undo]
    ]
    said += [wording.not_necessary(change, n, f"{undo}-undo") for undo in UNDOS if not counts[undo]]
    again = roll_up.joint_with.get((uid, "replay"), frozenset())
    if counts["replay"] < counts["delta"] and again:
        return [*said, wording.undos_differ(change, sorted(describe(u) for u in again))]
    return [*said, wording.replays_again(change)]


def _joint(roll_up: Roll, describe: Callable[[str], str]) -> list[str]:
    found = []
    for members in sorted({m for m, _ in roll_up.overdetermined}):
        counts = {undo: roll_up.overdetermined.get((members, undo), 0) for undo in UNDOS}
        names = [describe(uid) for uid in members]
        if counts["replay"] == counts["delta"]:
            found.append(wording.overdetermined(names, counts["replay"], roll_up.total))
            found.append(wording.definitions_differ(names))
            continue
        for undo in UNDOS:
            if counts[undo]:
                said = wording.overdetermined(names, counts[undo], roll_up.total)
                found.append(f"({undo}-undo) {said}")
    return found


def _per_undo(counts: Mapping[str, int], say: Callable[[int], str]) -> list[str]:
    if counts["replay"] == counts["delta"]:
        return [say(counts["replay"])] if counts["replay"] else []
    return [f"({undo}-undo) {say(counts[undo])}" for undo in UNDOS if counts[undo]]


def _smallest_cut(rows: Iterable[Mapping[str, Any]], undo: str) -> tuple[str, ...]:
    cuts = [
        tuple(sorted(r["members"]))
        for r in rows
        if r["undo"] == undo and r["kind"] == "minimal cut" and r["level"] == "change"
    ]
    return min(cuts, key=lambda members: (len(members), members), default=())
