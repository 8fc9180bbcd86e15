"""The sentences of findings, one template per kind of result; every verb by its result class.

Verb ladder (R-172): observed "records show" · derived "computed from" · counterfactual "under
counterfactual C, the evaluator returns ..." · indeterminate "the records examined do not
establish" · absent "no entry in source X over W". Numbers come in with unit and denominator. No
template holds a legal word; a test lints the whole of this module and every rendered finding.
"""

from collections.abc import Sequence
from datetime import datetime

#: R-171 with the words of R-066: never in a text that butfor itself writes.
BLOCKED: tuple[str, ...] = (
    "negligent", "negligence", "gross", "reckless", "wilful", "willful", "liable", "liability",
    "fault", "blame", "breach of duty", "duty was breached", "unreasonable", "failed to",
    "should have", "guilty", "hacker", "criminal", "superseding", "proximate cause", "spoliation",
    "compliant", "non-compliant", "root cause", "proves", "certainly", "certain", "guarantee",
    "tamper-proof", "court-proof", "court-approved", "forensically sound", "beyond doubt",
    "100% accurate", "admissible",
)  # fmt: skip

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
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def bounded(at: datetime | None, bound: str, *, edge: str) -> str:
    """An instant with how it is known, unless exactly."""
    text = instant(at, edge=edge)
    return text if bound == "exact" or at is None else f"{bound} {text}"


def counted(n: int, singular: str, plural: str | None = None) -> str:
    """`1 request`, `3 requests`."""
    return f"{n} {singular if n == 1 else plural or singular + 's'}"


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
        f"Records show {counted(n, 'successful request')} of this class inside it, from {first} "
        f"to {last}, on {counted(objects, 'distinct object')}, {anonymous} of {n} "
        f"without credentials{size}."
    )


def accesses_none(source: str, start: str, end: str, coverage: str) -> str:
    """Absence, with the coverage that bounds what it means."""
    return f"No entry of this class in {source} over {start} to {end} ({coverage})."


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


def enabling_not_established(n: int, of: int, principal: str, resource: str, missing: str) -> str:
    """Accesses happened; what allowed them is not in the records."""
    return (
        f"Records show {counted(n, 'successful request')} of {of} by {principal} on {resource}. "
        f"The records examined do not establish which grant or change enabled "
        f"{'it' if n == 1 else 'them'}: {missing}."
    )


def necessary(change: str, n: int, of: int, undo: str) -> str:
    """But-for, the form of R-172 first and its plain reading after it."""
    return (
        f"Under counterfactual “{undo} of {change}”, the evaluator returns deny for "
        f"{n} of {of} requests. In plain words: had {change} not been in effect, "
        f"{'this request' if n == 1 else 'these requests'} would have been denied."
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
        f"{listed(again)}."
    )


def readings(across: str) -> str:
    """all, some, none of the completions."""
    return {
        "all": "in every reading of the records",
        "some": "in some reading of the records",
        "none": "in no reading of the records",
    }[across]
