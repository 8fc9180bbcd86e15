"""Records that should have been delivered and are not here: log files, digests, the last minutes.

A digest lists the log files delivered in its period. A listed file that is not among the evidence
is a gap of the minutes before its delivery; between two digests of a chain that do not follow each
other, which files were delivered is not known. Whether what is here is unaltered is not asked:
that is `butfor verify`. Names of log files and hours of digests: CloudTrail User Guide, log file
names, digest file structure. Delivery takes 15 minutes at most on average, per the same guide.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collector.aws import digests
from collector.clock import stamp
from collector.model import EvidenceItem, Gap
from collector.verify.holdings import Held

#: From an event to the log file that holds it.
DELIVERY = timedelta(minutes=15)
_DIGEST = "CloudTrail-Digest"
_LOG = re.compile(r"([0-9]{12})_CloudTrail_([a-z0-9-]+)_([0-9]{8}T[0-9]{4})Z_")


def read(case: Path, items: Sequence[EvidenceItem]) -> list[digests.Digest]:
    """Every digest among the evidence that can be read."""
    return [found for item in items if _DIGEST in item.name for found in _read(case, item)]


def listed(read: Sequence[digests.Digest], items: Sequence[EvidenceItem]) -> frozenset[str]:
    """Uids of items whose inflated content has the SHA-256 of a log file that a digest lists."""
    known = {log.sha256 for digest in read for log in digest.logs}
    return frozenset(
        item.uid for item in items if (item.content_sha256 or item.digest.sha256) in known
    )


def gaps(read: Sequence[digests.Digest], items: Sequence[EvidenceItem]) -> list[Gap]:
    """Gaps of every chain of digests among the evidence; none where there is no digest."""
    names = {_base(item.name) for item in items}
    held = {digest.key for digest in read}
    chains: dict[str, list[digests.Digest]] = defaultdict(list)
    for digest in sorted(read, key=lambda d: (str(d.chain), d.end, d.key, d.held.uid)):
        chains[str(digest.chain)].append(digest)
    missing = {
        log.key: digest
        for digest in sorted(read, key=lambda d: (d.key, d.held.uid))
        for log in digest.logs
        if _base(log.key) not in names
    }
    found = [_log_missing(key, digest) for key, digest in sorted(missing.items())]
    for _, members in sorted(chains.items()):
        found += _between(members, held)
    return found


def last_minutes(last: datetime | None, acquired: datetime | None) -> list[Gap]:
    """Whether records still on their way were missed: collected within minutes of the last one."""
    if last is None or acquired is None or acquired - last > DELIVERY or acquired < last:
        return []
    return [
        Gap(
            kind="missing_log",
            subject="the last minutes before the collection",
            reason=(
                f"records run up to {stamp(last)} and were acquired at {stamp(acquired)}: "
                "delivery takes up to 15 minutes, later deliveries are not here"
            ),
            time_from=acquired - DELIVERY,
            time_to=acquired,
        )
    ]


def _read(case: Path, item: EvidenceItem) -> list[digests.Digest]:
    held = Held(
        uid=item.uid,
        path=str(item.path),
        place=case / item.path,
        name=item.name,
        source=item.source,
        metadata={},
    )
    try:
        return [digests.read(held)]
    except (digests.DigestError, OSError, ValueError):
        return []  # a damaged digest is named by `butfor verify`; nothing is concluded from it


def _log_missing(key: str, digest: digests.Digest) -> Gap:
    named = _LOG.search(_base(key))
    start, end = digest.start - DELIVERY, digest.end
    if named is not None:
        end = datetime.strptime(named[3], "%Y%m%dT%H%M").replace(tzinfo=UTC) + timedelta(minutes=1)
        start = end - DELIVERY - timedelta(minutes=1)
    return Gap(
        kind="missing_log",
        subject=f"s3://{digest.bucket}/{key}",
        reason=(
            "expected this log file, which a digest lists as delivered; it is not among the "
            "evidence: its events are not in the records"
        ),
        time_from=start,
        time_to=end,
        item=digest.held.uid,
    )


def _between(members: Sequence[digests.Digest], held: set[str]) -> list[Gap]:
    found = []
    before: digests.Digest | None = None
    for digest in members:
        lost = digest.previous_key is not None and digest.previous_key not in held
        if lost and before is not None and before.end < digest.start:
            found.append(
                Gap(
                    kind="missing_log",
                    subject=f"digests of {digest.chain}",
                    reason=(
                        "expected the digests between two others of one chain, found none: which "
                        "log files were delivered in between, and whether all are here, is not "
                        "known"
                    ),
                    time_from=before.end - DELIVERY,
                    time_to=digest.start,
                    item=digest.held.uid,
                )
            )
        before = digest if before is None or digest.end > before.end else before
    return found


def _base(name: str) -> str:
    return re.split(r"[/\\]", name)[-1]
