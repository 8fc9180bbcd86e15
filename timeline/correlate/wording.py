"""The sentences of findings, one template per kind of result; every verb by its result class.

Verb ladder (R-172): observed "records show" · derived "computed from" · counterfactual "under
counterfactual C, the evaluator returns ..." · indeterminate "the records examined do not
establish" · absent "no entry in source X over W". Numbers come in with unit and denominator. No
template holds a legal word; a test lints the whole of this module and every rendered finding.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

#: R-171 with the words of R-066: never in a text that butfor itself writes.
BLOCKED: tuple[str, ...] = (
    "negligent", "negligence", "gross", "reckless", "wilful", "willful", "liable", "liability",
    "fault", "blame", "breach of duty", "duty was breached", "unreasonable", "failed to",
    "should have", "guilty", "hacker", "criminal", "superseding", "proximate cause", "spoliation",
    "compliant", "non-compliant", "root cause", "proves", "certainly", "certain", "guarantee",
    "tamper-proof", "court-proof", "court-approved", "forensically sound", "beyond doubt",
    "100% accurate", "admissible",
)  # fmt: skip

#: Number and Sid of a statement in the label of a grant.
_NUMBERED = re.compile(r"#[0-9]+(\([^()]*\))")

#: Topic of accesses that read configuration and reach no data.
CONFIGURATION_READS = "reads of configuration or lists of containers"

#: What no finding says anything about.
NOT_OPINED: tuple[str, ...] = (
    "whether any party acted reasonably or owed a duty",
    "who the person behind a credential or address was",
    "what was done with data after it left the bucket",
)


def instant(at: datetime | None, *, edge: str) -> str:
    """UTC to the second, or what lies beyond the records on that edge (`start`, `end`)."""
    if at is None:
        return "before the first record" if edge == "start" else "beyond the last record"
    return at.strftime("%Y-%m-%d %H:%M:%S Z")


def bounded(at: datetime | None, bound: str, *, edge: str) -> str:
    """An instant with how it is known, unless exactly."""
    text = instant(at, edge=edge)
    return text if bound == "exact" or at is None else f"{bound} {text}"


def counted(n: int, singular: str, plural: str | None = None) -> str:
    """`1 request`, `3 requests`."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def listed(names: Sequence[str], empty: str = "none") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if not names:
        return empty
    if len(names) == 1:
        return names[0]
    return ", ".join(names[:-1]) + " and " + names[-1]


def window_open(
    resource: str, principal: str, action: str, start: str, end: str, opened: str, closed: str
) -> str:
    """Exposure computed from the records."""
    return (
        f"Computed from the configuration in force: from {start} until {end}, the evaluator "
        f"returns allow for {action} on {resource} by {principal}. {opened} {closed}"
    )


def window_conditional(
    resource: str, principal: str, action: str, start: str, end: str, opened: str, closed: str
) -> str:
    """Resource side allows; the caller's own account is not in the records."""
    return (
        f"Computed from the configuration in force: from {start} until {end}, the configuration "
        f"of {resource} granted {action} to {principal}. Such a request also needs a permission "
        f"from the caller's own account, which the records examined do not hold. {opened} {closed}"
    )


def opened_by(operation: str, actor: str, tool: str | None, at: str) -> str:
    """The records' own words on the change at the start."""
    with_tool = f", tool stated by the client: “{tool}”" if tool else ""
    return f"Records show {operation} by {actor} at {at}{with_tool}, where this period begins."


def closed_by(operation: str, actor: str, at: str) -> str:
    """The change at the end."""
    return f"Records show {operation} by {actor} at {at}, where it ends."


def no_opener() -> str:
    """No recorded change at the start."""
    return "Which change began this period is not established: no recorded change is at its start."


def no_closer(end_known: bool) -> str:
    """No recorded change at the end."""
    if end_known:
        return "No recorded change is at its end."
    return "No change that ends it is in the records examined."


def accesses_found(
    n: int, objects: int, anonymous: int, first: str, last: str, bytes_out: int | None
) -> str:
    """Logged successes inside the window, counted once each."""
    size = f", {bytes_out:,} bytes returned as logged" if bytes_out is not None else ""
    return (
        f"Records show {counted(n, 'successful request')} of this kind in this period, from "
        f"{first} to {last}, on {counted(objects, 'distinct object')}, {anonymous} of {n} "
        f"without credentials{size}."
    )


def grant_named(label: str) -> str:
    """`bucket.policy#1(Portal)` → `bucket.policy(Portal)`: the Sid names the statement.

    The number is that of the document as put together from its facts, in the order of Sids; a
    reader would look for it in the document as written. Without a Sid it is all there is.
    """
    return _NUMBERED.sub(r"\1", label)


def authorized(paths: Sequence[Sequence[str]]) -> str:
    """Which grants the evaluator found, and that it found no other."""
    if not paths:
        return "Which grant authorized them is not established."
    named = [" together with ".join(f"“{grant_named(grant)}”" for grant in path) for path in paths]
    if len(named) == 1:
        return (
            f"Computed from the same configuration, each was authorized by {named[0]} and by no "
            "other grant evaluated."
        )
    return (
        "Computed from the same configuration, each was authorized by one or more of "
        f"{listed(named)}, and by no other grant evaluated."
    )


def order_inferred() -> str:
    """A result that rests on outcomes says so (R-164)."""
    return (
        "Order inferred from the outcome: the logged results of accesses or writes bound the time "
        "of an unrecorded change; no decision above uses them, what follows does."
    )


def accesses_none(source: str, start: str, end: str, coverage: str) -> str:
    """Absence, with the coverage that bounds what it means."""
    return f"No entry of this kind in {source} over {start} to {end} ({coverage})."


def accesses_not_established(container: str) -> str:
    """No data events for the container: neither access nor its absence can be told."""
    return (
        f"Access during it: not established, no data events in the records for {container}. "
        "The records examined neither show an access nor exclude one."
    )


def accesses_not_covered(container: str, covered: str) -> str:
    """Data events exist, but not over this period."""
    return (
        f"Access during it: not established, the data events in the records for {container} "
        f"cover {covered} and not this period."
    )


def enabling_not_established(
    n: int, action: str, principal: str, resource: str, missing: str
) -> str:
    """Accesses happened; what allowed them is not in the records."""
    return (
        f"Records show {counted(n, 'successful request')} ({action}) by {principal} on "
        f"{resource}. "
        f"The records examined do not establish which grant or change enabled "
        f"{'it' if n == 1 else 'them'}: {missing}."
    )


def necessary(change: str, n: int, of: int, undo: str) -> str:
    """But-for, the form of R-172 first and its plain reading after it."""
    both = ", by delta-undo and by replay-undo alike" if undo == "undo" else ""
    return (
        f"Under counterfactual “{undo} of {change}”, the evaluator returns deny for "
        f"{n} of {of} requests{both}. In plain words: had that change not been in effect, "
        f"{'this request' if n == 1 else 'these requests'} would have been denied."
    )


def not_necessary(change: str, of: int, undo: str) -> str:
    """The other undo says otherwise, and that is printed."""
    return (
        f"Under counterfactual “{undo} of {change}”, the evaluator returns deny for 0 of {of} "
        "requests."
    )


def overdetermined(changes: Sequence[str], n: int, of: int) -> str:
    """No change alone, a set together."""
    return (
        f"Under the counterfactual that undoes {listed(changes)} together, the evaluator returns "
        f"deny for {n} of {of} requests; undoing one alone, it returns allow. In plain words: "
        f"either was enough without the other; undoing one would not have prevented the access; "
        f"undoing all of them would."
    )


def baseline_sufficient(n: int, of: int, allowed_before: bool) -> str:
    """No recorded change was needed."""
    tail = "already allowed it" if allowed_before else "would have allowed it"
    return (
        f"Under every counterfactual that undoes recorded changes, the evaluator returns allow for "
        f"{n} of {of} requests. In plain words: no recorded change was needed for it; the "
        f"configuration before the first recorded change {tail}."
    )


def undetermined(n: int, of: int, depends: Sequence[str]) -> str:
    """Unknown stays unknown."""
    return (
        f"For {n} of {of} requests the records examined do not establish whether a recorded "
        f"change was needed: it depends on {listed(depends, 'facts that are not in the records')}."
    )


def undos_differ(change: str, again: Sequence[str]) -> str:
    """One sentence on why delta-undo and replay-undo part."""
    return (
        f"The two undos differ: introduced by {change}, independently re-applied by "
        f"{listed(again)}, so that undoing the first alone leaves the access allowed in a replay."
    )


def replays_again(change: str) -> str:
    """The other reason why the undos part."""
    return (
        f"The two undos differ for {change}: the replay attempts every later write again, subject "
        "to its write gates; the delta takes back only what the change itself altered."
    )


def definitions_differ(changes: Sequence[str]) -> str:
    """But-for, NESS and HP-modified-2015 beside each other, and why they part (R-156)."""
    return (
        f"By but-for alone none of {listed(changes)} is named; by NESS each is, as a member of a "
        "sufficient set; by HP-modified-2015 each is part of a joint cause. The definitions differ "
        "because each set was enough without the others."
    )


def readings(across: str) -> str:
    """all, some, none of the completions."""
    return {
        "all": "in every reading of the records",
        "some": "in some reading of the records",
        "none": "in no reading of the records",
    }[across]


#: From record to statement.
STEPS: tuple[str, ...] = (
    "records as received, each cited by item, position and SHA-256",
    "records of changes and observations replayed into configuration per slot, with bounds",
    "each request evaluated against the configuration in force at its time",
    "the history run again less each change and each set of changes, the request evaluated anew",
)


def accesses_outside_incident(n: int) -> str:
    """Successes of the class that the case's definition leaves out."""
    return (
        f"Records show {counted(n, 'successful request')} of this kind in this period, "
        f"{'not' if n == 1 else 'none of them'} in the incident as case.toml defines it."
    )


def accesses_decided(
    n: int, action: str, principal: str, resource: str, first: str, last: str
) -> str:
    """Accesses outside of any window of an anonymous or foreign caller."""
    return (
        f"Records show {counted(n, 'successful request')} ({action}) by {principal} on {resource} "
        f"from {first} to {last}. Computed from the configuration in force, the evaluator returns "
        "allow for each."
    )


def containers(names: Sequence[str]) -> str:
    """One name, or how many there are; calls on no container in particular."""
    if not names:
        return "no container in particular"
    return names[0] if len(names) == 1 else counted(len(names), "container")


def missing(unknowns: Sequence[str]) -> str:
    """What an undecided access rests on."""
    identity = [u for u in unknowns if "identity" in u]
    tail = (
        "; the identity policies of the caller are not in the records and are taken for unknown, "
        "not for absent"
        if identity
        else ""
    )
    return f"not in the records: {listed(unknowns, 'the facts that decide it')}{tail}"


def contradicted() -> str:
    """Decision and log disagree."""
    return "computed from the configuration in force, the evaluator returns deny"


def contradictions(n: int, of: int, first: str, last: str) -> str:
    """Stored, counted and never explained away."""
    return (
        f"For {n} of {of} decided accesses from {first} to {last} the evaluator's answer and the "
        "logged outcome differ. The records examined do not establish why: the configuration that "
        "was in force, the evaluator or the record can be the reason."
    )


def counter_evidence(n: int) -> tuple[str, ...]:
    """A section of its own even when empty."""
    if n == 0:
        return ("none found in the evidence supplied",)
    return (f"{counted(n, 'access', 'accesses')} of the case with a contradicting logged outcome",)


def falsifiers(assumptions: Sequence[str], distance: timedelta | None = None) -> tuple[str, ...]:
    """What would show a finding to be wrong.

    Args:
        assumptions: that it rests on.
        distance: from the latest change needed to the first access; None where none was needed.
    """
    by = f" ({distance})" if distance is not None else ""
    fixed = (
        "a record of a change to one of the slots concerned that is not in the evidence",
        "a second grant that the evidence does not hold",
        f"a clock difference larger than the distance between change and access{by}",
    )
    named = {
        "unseen-guardrails-absent": "an account-wide or organization policy, a permissions "
        "boundary or a session policy in force that no evidence mentions",
        "records-complete": "a missing record between the first and the last of its source",
        "gaps-minimal": "changes inside a gap that cancel out",
        "documented-readings": "the provider deciding a register entry other than documented",
    }
    other = "the provider deciding an entry of the register otherwise than case.toml takes it: "
    taken = [f"{other}{a.split()[1]}" for a in sorted(assumptions) if a.startswith("reading ")]
    return (*fixed, *(named[a] for a in sorted(assumptions) if a in named), *taken)


def toggled(entry: Mapping[str, Any]) -> str:
    """One toggle of named assumptions and what it does to a finding."""
    names = " and ".join(entry["toggled"])
    if not entry["flips"]:
        return f"{names}: no answer changes"
    decided = listed([f"{name} {n}" for name, n in sorted(entry["decisions"].items())])
    of = counted(entry["classes"], "request class", "request classes")
    return f"{names}: flips {entry['flipped']} of {of}; then decided {decided}"


def covered(source: str, container: str | None, records: int, start: str, end: str) -> str:
    """One source and its period."""
    of = f" of {container}" if container else ""
    return f"{source}{of}: {counted(records, 'record')} from {start} to {end}, less the gaps listed"


def no_data_events(container: str) -> str:
    """The commonest limit."""
    return (
        f"no data events in the records for {container}: accesses to it are neither shown nor "
        "excluded (not established)"
    )


def depends_on(unknowns: Sequence[str]) -> str:
    """Named unknowns."""
    return f"depends on facts that the records do not hold: {listed(unknowns)}"


def cited_in_part(n: int) -> str:
    """Long lists are cited by their ends; the table holds all."""
    return (
        f"of {n} accesses the first and the last are cited here; all are in access_classes by the "
        "classes named"
    )


def gap_inside(subject: str, reason: str) -> str:
    """A gap that overlaps the accesses."""
    return f"gap in this period ({subject}): {reason}"
