"""What complete lists of answers do not show: buckets of an account, grants on a key.

Source: API references of ListBuckets (ContinuationToken) and ListGrants (Truncated).
"""

from collections.abc import Iterable, Mapping, Sequence

from timeline.state.aws.answer_forms import BUCKETS, GRANTS, grants, listing
from timeline.state.aws.context import account_uid, bucket_uid
from timeline.state.aws.kms import ALL_GRANTS
from timeline.state.aws.record import mapping, text
from timeline.state.aws.seen import Seen, pages
from timeline.state.ledger import OWNER, Observation, scalar


def buckets(
    seen: Iterable[Seen], places: Iterable[tuple[str, str]], owned: Mapping[str, str]
) -> list[Observation]:
    """Buckets that an account owned and that a complete listing of it does not show.

    Args:
        seen: answers.
        places: (resource, slot) that any record or answer mentions.
        owned: bucket -> account, where that is established: the account of a record may be the
            caller's, and proves no owner.
    """
    known = sorted(set(places))
    found: list[Observation] = []
    for group in pages(seen, (BUCKETS,), _goes_on):
        last = group[-1]
        if not last.about.startswith(account_uid("")):
            continue
        shown = {name for one in group for name, _ in listing(one)}
        gone = {
            bucket_uid(bucket)
            for bucket, account in owned.items()
            if account_uid(account) == last.about and bucket not in shown
        }
        for uid, slot in known:
            whole = bucket_uid(uid.removeprefix(bucket_uid("")).partition("/")[0])
            if whole in gone and slot != OWNER:
                words = f"not in the complete listing of {last.about}"
                found.append(last.observation(uid, slot, {}, words, ends=whole))
    return found


def of_keys(seen: Sequence[Seen], places: Iterable[tuple[str, str]]) -> list[Observation]:
    """That all grants on a key are known, and those that a complete list does not show."""
    known = sorted(set(places))
    found: list[Observation] = []
    for group in pages(seen, (GRANTS,), _truncated):
        last = group[-1]
        found.append(last.observation(last.about, ALL_GRANTS, scalar("complete"), "all pages"))
        shown = {slot for one in group for _, slot, _ in grants(one)}
        found += [
            last.observation(uid, slot, {}, "not in the list")
            for uid, slot in known
            if uid == last.about and slot.startswith("grant/") and slot not in shown
        ]
    return found


def _goes_on(one: Seen) -> bool:
    root = mapping(one.body.get("ListAllMyBucketsResult", dict(one.body)))
    return text(root.get("ContinuationToken")) is not None


def _truncated(one: Seen) -> bool:
    return (text(one.body.get("Truncated")) or "false").lower() != "false"
