"""Which record would settle what is unknown, who holds it, and until when it exists.

The list that counsel sends to the other side (specification: product, Requests): one entry per
unknown and container, and per gap. Retention periods are the provider's defaults; a holder may have
kept more. Sources: CloudTrail User Guide (event history, 90 days; a trail's log files as long as
the bucket's owner keeps them), AWS Config Developer Guide (configuration history, 7 years by
default), S3 User Guide (server access logs: as long as the owner of the target bucket keeps them).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

COLUMNS = ("unknown", "about", "accesses", "from", "to", "record", "held_by", "exists_until")

EVENT_HISTORY, CONFIG_HISTORY = timedelta(days=90), timedelta(days=7 * 365)
_KEPT = "as long as its owner keeps it; no period is known from the records"
#: Gaps that another record could fill, whatever they are about.
_REFUSED = ("denied", "failed", "truncated", "out_of_retention")
#: Begin the subjects of gaps that a logger's switches made.
_LOGGERS = ("trail ", "event data store ")
_LOG_FILE = re.compile(r"([0-9]{12})_CloudTrail_([a-z0-9-]+)_[0-9]{8}T[0-9]{4}Z_")

Row: TypeAlias = Mapping[str, Any]
#: (record, holder, until when it exists)
_Answer: TypeAlias = tuple[str, str, str]


def requests(
    classes: Iterable[Row],
    accesses: Iterable[Row],
    times: Mapping[str, datetime],
    gaps: Iterable[Row],
) -> list[dict[str, str]]:
    """One entry per record to ask for, in order.

    Args:
        classes, accesses, gaps: rows of `classes`, `access_classes` and `gaps`.
        times: event_uid -> time, at least of the undecided accesses.
    """
    undecided = {c["class_uid"]: c for c in classes if c["decision"] == "UNKNOWN"}
    hanging: dict[tuple[str, str], list[datetime]] = {}
    for access in accesses:
        one = undecided.get(access["class_uid"])
        for name in one["unknowns"] if one else ():
            place = ("" if name.startswith("identity:") else one["resource"]) if one else ""
            hanging.setdefault((name, place), []).append(times[access["event_uid"]])
    found = [_for_unknown(name, place, at) for (name, place), at in sorted(hanging.items())]
    return [*found, *_for_gaps(gaps)]


def _for_unknown(name: str, container: str, at: Sequence[datetime]) -> dict[str, str]:
    record, holder, until = _record(name, container, max(at))
    return _entry(name, container, str(len(at)), min(at), max(at), (record, holder, until))


def _for_gaps(gaps: Iterable[Row]) -> Iterator[dict[str, str]]:
    for gap in gaps:
        answer = _of_gap(gap)
        if answer is not None:
            about = gap["subject"]
            yield _entry(gap["reason"], about, "", gap["time_from"], gap["time_to"], answer)


def _of_gap(gap: Row) -> _Answer | None:
    subject, end = str(gap["subject"]), gap["time_to"]
    if gap["kind"] == "logging_off" and subject.startswith(_LOGGERS):
        return (
            "the event history of management events, the configuration history, and for objects "
            "the server access logs, of this period",
            "the account of the trail or event data store; of server access logs the owner of the "
            "target bucket",
            f"event history: {_until(end, EVENT_HISTORY)}; configuration history: "
            f"{_until(end, CONFIG_HISTORY)}, if recorded; server access logs: if they were on",
        )
    if gap["kind"] == "logging_off":
        return (
            f"data events of {subject}, else its server access logs, of the period",
            f"the account that owns {subject}; of server access logs the owner of the target "
            "bucket",
            f"only if that logging was on; {_KEPT}",
        )
    if gap["kind"] in ("missing_log", "opaque"):
        log = _LOG_FILE.search(subject)
        if subject.startswith("s3://"):
            bucket = subject.removeprefix("s3://").partition("/")[0]
            owner = f" (account {log[1]}, {log[2]})" if log else ""
            return f"the log file itself{owner}", f"the owner of the bucket {bucket}", _KEPT
        if subject.startswith("digests of "):
            return "the digests of the period, and what they list", "the trail's owner", _KEPT
        return (
            "the record of the change with its body, or the configuration item after it",
            "the account of the resource",
            f"event history: {_until(end or gap['time_from'], EVENT_HISTORY)}; configuration "
            f"history: {_until(end or gap['time_from'], CONFIG_HISTORY)}, if recorded",
        )
    if gap["kind"] in _REFUSED:
        return (
            "the answer that was asked for and not given, or the records of that period",
            "whoever administers the account that refused, or the log's owner",
            _KEPT,
        )
    return None


def _record(name: str, container: str, last: datetime) -> _Answer:
    owner = f"the account that owns {container}" if container else "the account concerned"
    history = f"configuration history: {_until(last, CONFIG_HISTORY)}, if recorded"
    events = f"event history: {_until(last, EVENT_HISTORY)}; log files of a trail: {_KEPT}"
    if name.startswith("identity:"):
        account = name.partition(":")[2]
        return (
            "GetAccountAuthorizationDetails, or IAM configuration history, as of the accesses",
            f"account {account}" if account else "the caller's account",
            f"{history}; {events}",
        )
    if name.startswith(("identity_policies", "permissions_boundary", "session_policies")):
        return (
            "the policy version in force, and the AssumeRole event of the session",
            "the caller's account",
            f"{history}; {events}",
        )
    if name.startswith(("bucket.", "account_public_access_block", "object.")):
        return (
            f"configuration history of {container or 'the bucket'}, or CloudTrail records from "
            "its creation on",
            owner,
            f"{history}; {events}",
        )
    if name.startswith(("scps", "rcps", "organization")):
        return (
            "the organization's policies as of the accesses, and its CloudTrail records",
            "the organization's management account",
            events,
        )
    if name.lower().startswith(("aws:", "s3:")):
        return (
            f"the value of {name} of the requests: S3 server access log or network records",
            f"{owner}, or whoever runs the network",
            _KEPT,
        )
    return "a record that names it", owner, "not known"


def _entry(
    unknown: str,
    about: str,
    accesses: str,
    start: datetime | None,
    end: datetime | None,
    answer: _Answer,
) -> dict[str, str]:
    shown = (unknown, about, accesses, _day(start), _day(end), *answer)
    return dict(zip(COLUMNS, shown, strict=True))


def _until(last: datetime | None, kept: timedelta) -> str:
    """`until 2022-08-30`: counted from the last instant concerned."""
    if last is None:
        return f"{kept.days} days from the event"
    return f"until {last + kept:%Y-%m-%d}"


def _day(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")
