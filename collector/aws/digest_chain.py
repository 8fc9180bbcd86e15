"""CloudTrail digest chains judged: which log files are what was delivered (evidence.md).

    1  read every digest, every archived key; in archives that were handed over whole too
    2  signature of each digest; where its metadata was lost, from its successor
    3  along each chain: predecessor's hash and signature; digests that are not there; chain starts
    4  each log file that a valid digest lists: valid, invalid, missing
    5  each log file that no valid digest lists: not covered; inside a covered period, said apart

Not received, or listed nowhere, is "could not be checked"; altered is "wrong". Undetectable: a
whole chain signed again with keys swapped in the archive. Whoever doubts the keys calls
ListPublicKeys for the same Region and period.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from collector.aws import archived, digests
from collector.aws.archived import LOG, base
from collector.aws.digests import Chain, Digest
from collector.verify.holdings import Held, Holdings, Judgement
from collector.verify.report import Discrepancy, unchecked, wrong

#: Digests are written every hour.
PERIOD = timedelta(hours=1)
#: A log file's name gives the minute of its delivery, so nothing is concluded so near to a bound.
MARGIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Log:
    """Verdict on one log file; `item` None if it was not received."""

    name: str
    item: str | None
    status: str
    reason: str

    def as_data(self) -> dict[str, Any]:
        return {
            "item": self.item,
            "name": self.name,
            "reason": self.reason,
            "status": self.status,
        }


@dataclass(slots=True)
class _Run:
    """What the steps collect."""

    found: list[Discrepancy]
    notes: list[str]
    logs: list[_Log]
    chains: list[dict[str, Any]]
    valid: list[Digest]
    unreadable: set[str]
    counts: dict[str, int]


def judge(holdings: Holdings) -> Judgement:
    """The whole procedure on what a case holds."""
    run = _Run([], [], [], [], [], set(), {"invalid": 0, "missing": 0, "unchecked": 0, "valid": 0})
    files, unreadable = archived.unfold(holdings.files)
    run.found += unreadable
    answers = tuple(one for one in holdings.answers if digests.answer_concerns(one))
    holdings = replace(holdings, files=files, answers=answers)
    logs = [held for held in files if LOG.fullmatch(base(held.name))]
    read = _read(files, run)
    if not read and not logs and not any(run.counts.values()):
        return Judgement(discrepancies=tuple(unreadable), part=None, notes=())
    _check_signatures(read, holdings, run)
    _check_chains(read, holdings, run)
    _check_listed(logs, run)
    _check_unlisted(logs, run)
    rows = sorted(run.logs, key=lambda one: (one.name, one.item or "", one.status))
    tally = {"invalid": 0, "missing": 0, "not covered": 0, "valid": 0}
    for one in rows:
        tally[one.status] += 1
    part = {
        "chains": run.chains,
        "digests": run.counts,
        "files": [one.as_data() for one in rows],
        "logs": tally,
    }
    return Judgement(discrepancies=tuple(run.found), part=part, notes=tuple(run.notes))


def _read(files: Iterable[Held], run: _Run) -> list[Digest]:
    """Step 1. One digest per object and content: a second copy adds nothing."""
    known: dict[tuple[str, str], Digest] = {}
    for held in files:
        if not digests.looks_like_digest(held):
            continue
        try:
            digest = digests.read(held)
        except digests.DigestError as error:
            expected, _, found = str(error).partition("|")
            run.found.append(wrong("provider-digest", held.path, expected, found))
            run.unreadable.add(base(held.name))
            run.counts["invalid"] += 1
            continue
        earlier = known.get((digest.key, digest.sha256))
        if earlier is None or (earlier.signature is None and digest.signature is not None):
            known[digest.key, digest.sha256] = digest
    return sorted(known.values(), key=lambda one: (str(one.chain), one.end, one.held.path))


def _check_signatures(read: list[Digest], holdings: Holdings, run: _Run) -> None:
    """Step 2."""
    keys = digests.public_keys(holdings.files, holdings.answers)
    carried = {
        one.previous_key: one.previous_signature for one in read if one.previous_key is not None
    }
    for digest in read:
        signature = digest.signature or carried.get(digest.key)
        fault = digests.signature_fault(digest, signature, keys)
        if fault is None:
            run.valid.append(digest)
            run.counts["valid"] += 1
            continue
        check, expected, found = fault
        could_not = check != "provider-digest"
        say = unchecked if could_not else wrong
        run.found.append(say(check, digest.held.path, expected, found))
        run.counts["unchecked" if could_not else "invalid"] += 1


def _check_chains(read: list[Digest], holdings: Holdings, run: _Run) -> None:
    """Step 3. Each digest against the one that it names as its predecessor."""
    by_key: dict[str, list[Digest]] = defaultdict(list)
    chains: dict[Chain, list[Digest]] = defaultdict(list)
    for digest in read:
        by_key[digest.key].append(digest)
        chains[digest.chain].append(digest)
    delivered = digests.latest_delivery(holdings.answers)
    for chain, members in chains.items():
        before: Digest | None = None
        for digest in members:
            _check_link(digest, before, by_key, run)
            before = digest if before is None or digest.end > before.end else before
        _check_end(chain, members, delivered.get(chain.trail), run)


def _check_link(
    digest: Digest, before: Digest | None, by_key: dict[str, list[Digest]], run: _Run
) -> None:
    path = digest.held.path
    if digest.previous_key is None:
        if before is not None and digest.start > before.end:
            off = f"{_shown(before.end)} to {_shown(digest.start)}"
            found = f"validation off from {off}, cause not established"
            run.found.append(unchecked("provider-gap", path, "a predecessor", found))
        return
    predecessors = by_key.get(digest.previous_key, [])
    for one in predecessors:
        if one.sha256 != digest.previous_sha256:
            run.found.append(
                wrong("provider-chain", one.held.path, digest.previous_sha256, one.sha256)
            )
        elif one.signature is not None and one.signature != digest.previous_signature:
            run.found.append(
                wrong(
                    "provider-chain",
                    one.held.path,
                    "the signature that its successor states",
                    "another signature",
                )
            )
    if not predecessors and base(digest.previous_key) not in run.unreadable:
        if before is None or before.end >= digest.end:
            run.notes.append(f"{path}: digests before {_shown(digest.start)} were not received")
            return
        count = max(1, round((digest.start - before.end) / PERIOD))
        run.counts["missing"] += count
        period = f"{_shown(before.end)} to {_shown(digest.start)}"
        run.found.append(
            unchecked("provider-digest-missing", path, f"{count} digests for {period}", "none")
        )


def _check_end(chain: Chain, members: list[Digest], delivered: datetime | None, run: _Run) -> None:
    """Nothing after the newest digest names it: only the trail's own status can."""
    newest = max(members, key=lambda one: one.end)
    end = "not established"
    if delivered is not None and chain.region == chain.home_region and not chain.backfill:
        end = "established"
        if delivered - newest.end > PERIOD:
            end = "not received"
            run.found.append(
                unchecked(
                    "provider-end",
                    newest.held.path,
                    f"digests up to {_shown(delivered)}",
                    f"none after {_shown(newest.end)}",
                )
            )
    run.chains.append(
        {
            "chain": str(chain),
            "digests": len(members),
            "end": end,
            "from": _shown(min(one.start for one in members)),
            "to": _shown(newest.end),
        }
    )


def _check_listed(logs: list[Held], run: _Run) -> None:
    """Step 4. Every log file of every valid digest, once."""
    held: dict[str, list[Held]] = defaultdict(list)
    for one in logs:
        held[base(one.name)].append(one)
    listed = {(log.key, log.sha256): log for one in run.valid for log in one.logs}
    for log in sorted(listed.values(), key=lambda one: (one.key, one.sha256)):
        copies = [one for one in held[base(log.key)] if _may_be(one, log.bucket, log.key)]
        if not copies:
            name = f"s3://{log.bucket}/{log.key}"
            run.logs.append(_Log(name=name, item=None, status="missing", reason="not received"))
            run.found.append(unchecked("provider-log-missing", name, log.sha256, "not received"))
        for one in copies:
            run.logs.append(_judge_log(one, log.sha256, run))


def _may_be(held: Held, bucket: str, key: str) -> bool:
    """A copy from a hand-over is known by its name, which is unique; one that we took, by place."""
    return not held.source.startswith("s3://") or held.source == f"s3://{bucket}/{key}"


def _judge_log(held: Held, expected: str, run: _Run) -> _Log:
    actual, container = digests.content_digest(held)
    if actual != expected or container in ("trailing", "cut off"):
        found = actual if container in ("gzip", "plain") else f"{container}: {actual}"
        run.found.append(wrong("provider-log", held.path, expected, found))
        status, reason = "invalid", "differs from what was delivered"
    elif container == "plain":
        status, reason = "valid", "content valid, container not as delivered"
    else:
        status, reason = "valid", "as delivered"
    return _Log(name=held.name, item=held.uid, status=status, reason=reason)


def _check_unlisted(logs: list[Held], run: _Run) -> None:
    """Step 5. By delivery time, which the name gives to the minute; never by event time."""
    known = {base(log.key) for one in run.valid for log in one.logs}
    for held in logs:
        name = base(held.name)
        if name in known:
            continue
        matched = LOG.fullmatch(name)
        assert matched is not None
        account, region, minute = matched.groups()
        reason = "no valid digest for the time of its delivery"
        if _covered(account, region, minute, run.valid):
            reason = "delivered in a period whose digests do not list it"
            found = "none: inserted, or of another trail that delivers to the same place"
            run.found.append(
                unchecked("provider-log-unlisted", held.path, "a digest that lists it", found)
            )
        run.logs.append(_Log(name=held.name, item=held.uid, status="not covered", reason=reason))


def _covered(account: str, region: str, minute: str, valid: Iterable[Digest]) -> bool:
    try:
        at = datetime.strptime(minute, "%Y%m%dT%H%M").replace(tzinfo=UTC)
    except ValueError:
        return False
    spans = [
        (one.start, one.end)
        for one in valid
        if (one.chain.account, one.chain.region) == (account, region) and not one.chain.backfill
    ]
    return any(start <= at - MARGIN and at + MARGIN <= end for start, end in _merged(sorted(spans)))


def _merged(spans: list[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Periods that touch, as one."""
    current: tuple[datetime, datetime] | None = None
    for start, end in spans:
        if current is not None and start <= current[1]:
            current = (current[0], max(current[1], end))
            continue
        if current is not None:
            yield current
        current = (start, end)
    if current is not None:
        yield current


def _shown(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
