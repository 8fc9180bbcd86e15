"""Which organization an account belonged to, as answers and records show it (R-161).

1. an answer names the organization of an account at its instant: DescribeOrganization that of the
   account that asked and of the managing one, ListAccountsForParent that of every account listed,
   in its ARN; an account that asked in vain was in none;
2. at another instant it is carried from the nearest answer before and the nearest one after (named
   assumption `records-complete`): where both are there, they have to agree;
3. a recorded joining or leaving between, of this account or of one that is not named, ends it: the
   organization is then not known.

Source: AWS Organizations API reference; Service Authorization Reference (ARN of an account).
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from timeline.correlate.people import UserRecord
from timeline.normalize import Snapshot

#: Operations after which an account may be in another organization or in none.
OPERATIONS = (
    "AcceptHandshake", "CreateOrganization", "DeleteOrganization", "LeaveOrganization",
    "RemoveAccountFromOrganization",
)  # fmt: skip
_OF_THE_CALLER = ("CreateOrganization", "DeleteOrganization", "LeaveOrganization")
_ARN = re.compile(r"arn:[a-z-]+:organizations::[0-9]{12}:account/(o-[a-z0-9]+)/([0-9]{12})")
_ABOUT = re.compile(r"aws:account:([0-9]{12})")
#: Answers of identitystore:ListUsers.
USERS = "aws.identitystore.users"
_IN_NONE = "AWSOrganizationsNotInUseException"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An organization of an account as one answer shows it; None = it is in none."""

    account: str
    organization: str | None
    at: datetime
    evidence_item: str
    locator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A recorded joining or leaving; `account` None where the record does not say whose."""

    account: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Memberships:
    """What answers and records say of the accounts of a case."""

    shown: Sequence[Shown] = ()
    moves: Sequence[Move] = ()

    def of(self, account: str, at: datetime) -> Shown | None:
        """The answer that names the organization of an account at an instant; None = not known."""
        own = [one for one in self.shown if one.account == account]
        before = max((s for s in own if s.at <= at), key=lambda s: s.at, default=None)
        after = min((s for s in own if s.at >= at), key=lambda s: s.at, default=None)
        used = [one for one in (before, after) if one is not None]
        if len({one.organization for one in used}) != 1 or used[0].organization is None:
            return None
        start, end = min(at, used[0].at), max(at, used[-1].at)
        moved = any(
            start <= move.at <= end for move in self.moves if move.account in (None, account)
        )
        return None if moved else used[0]


def memberships(answers: Iterable[Snapshot], rows: Iterable[Mapping[str, Any]]) -> Memberships:
    """Reads answers of any kind, and records of `OPERATIONS`."""
    shown = {one for answer in answers for one in _shown(answer)}
    return Memberships(
        shown=sorted(shown, key=lambda s: (s.account, s.at, s.evidence_item, s.locator)),
        moves=[
            _move(row)
            for row in rows
            if row["service"] == "organizations.amazonaws.com"
            and row["operation"] in OPERATIONS
            and row["outcome"] == "success"
        ],
    )


def users(answers: Iterable[Snapshot]) -> list[UserRecord]:
    """User records of Identity Center's directory, out of answers of ListUsers."""
    found = {
        UserRecord(
            store=str(one.get("IdentityStoreId")),
            user=str(one["UserId"]),
            names=tuple(str(one[name]) for name in ("UserName", "DisplayName") if one.get(name)),
            at=answer.observed_at,
            evidence_item=answer.item.uid,
            locator=answer.locator,
        )
        for answer in answers
        if answer.kind == USERS and answer.observed_at and isinstance(answer.body, dict)
        for one in answer.body.get("Users") or ()
        if isinstance(one, dict) and one.get("UserId")
    }
    kept = (one for one in found if one.names)
    return sorted(kept, key=lambda u: (u.store, u.user, u.at, u.evidence_item, u.locator))


def _shown(answer: Snapshot) -> list[Shown]:
    if answer.observed_at is None or not isinstance(answer.body, dict):
        return []
    asked = _ABOUT.fullmatch(answer.about or "")
    found: dict[str, str | None] = {}
    if answer.kind == "aws.organizations.accounts":
        for each in answer.body.get("Accounts") or ():
            named = _ARN.fullmatch(str(each.get("Arn")))
            if named is not None:
                found[named[2]] = named[1]
    elif answer.kind == "aws.organizations.organization":
        said = answer.body.get("Organization") or {}
        if said.get("Id"):
            accounts = (said.get("MasterAccountId"), asked[1] if asked else None)
            found = {str(account): str(said["Id"]) for account in accounts if account}
        elif asked and (answer.body.get("Error") or {}).get("Code") == _IN_NONE:
            found = {asked[1]: None}
    return [
        Shown(
            account=account,
            organization=organization,
            at=answer.observed_at,
            evidence_item=answer.item.uid,
            locator=answer.locator,
        )
        for account, organization in sorted(found.items())
    ]


def _move(row: Mapping[str, Any]) -> Move:
    asked = (json.loads(row["params"]) if row["params"] else {}).get("requestParameters") or {}
    account = asked.get("accountId")
    if row["operation"] in _OF_THE_CALLER:
        # Deleting it leaves the managing account alone: an organization with members stays.
        account = row["actor_account_uid"]
    return Move(account=account, at=row["time"])
