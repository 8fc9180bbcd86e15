"""The organization of an account: as answers show it, until a record may have changed it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.timeline.normalize.evidence import Store
from timeline.correlate.aws.attribution import Known, ladder
from timeline.correlate.aws.membership import memberships
from timeline.normalize import Snapshot

NOON = datetime(2022, 6, 1, 12, tzinfo=UTC)
OWN, MANAGING = "111122223333", "999999999999"
IN_ONE = {"Organization": {"Id": "o-one", "MasterAccountId": MANAGING}}
IN_TWO = {"Organization": {"Id": "o-two", "MasterAccountId": MANAGING}}
IN_NONE = {"Error": {"Code": "AWSOrganizationsNotInUseException"}}
LISTED = {"Accounts": [{
    "Id": OWN, "Arn": f"arn:aws:organizations::{MANAGING}:account/o-one/{OWN}"}]}  # fmt: skip


def answer(hour: int | None, body: Mapping[str, Any], kind: str = "organization") -> Snapshot:
    return Snapshot(
        kind=f"aws.organizations.{kind}", body=body, about=f"aws:account:{OWN}", sha256="0" * 64,
        item=Store().add(json.dumps(body).encode(), "answer.json"), locator="body",
        observed_at=None if hour is None else NOON + timedelta(hours=hour),
    )  # fmt: skip


def moved(hour: int, operation: str, caller: str = OWN, **asked: str) -> dict[str, Any]:
    return {
        "service": "organizations.amazonaws.com", "operation": operation, "outcome": "success",
        "params": json.dumps({"requestParameters": asked}), "actor_account_uid": caller,
        "time": NOON + timedelta(hours=hour),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "rows", "organization"),
    [
        ([], [], None),
        ([answer(None, IN_ONE)], [], None),  # at which time, nobody said
        ([answer(-5, IN_ONE)], [], "o-one"),
        ([answer(5, IN_ONE)], [], "o-one"),
        ([answer(5, LISTED, "accounts")], [], "o-one"),
        ([answer(5, {"Accounts": [{"Id": OWN}]}, "accounts")], [], None),
        ([answer(-5, IN_ONE), answer(5, IN_TWO)], [], None),
        ([answer(-9, IN_TWO), answer(-5, IN_ONE), answer(5, IN_ONE)], [], "o-one"),
        ([answer(5, IN_NONE)], [], None),
        ([answer(-5, IN_ONE), answer(5, IN_NONE)], [], None),
        ([answer(5, IN_ONE)], [moved(1, "AcceptHandshake", MANAGING)], None),  # whose, is not said
        ([answer(5, IN_ONE)], [moved(1, "LeaveOrganization")], None),
        ([answer(5, IN_ONE)], [moved(1, "LeaveOrganization", "444455556666")], "o-one"),
        ([answer(5, IN_ONE)], [moved(-1, "LeaveOrganization")], "o-one"),
        ([answer(5, IN_ONE)],
         [moved(1, "RemoveAccountFromOrganization", MANAGING, accountId=OWN)], None),
        ([answer(5, IN_ONE)],
         [moved(1, "RemoveAccountFromOrganization", MANAGING, accountId="4")], "o-one"),
    ],
)  # fmt: skip
def test_the_ladder_reaches_an_organization_that_is_shown(
    answers: list[Snapshot], rows: list[dict[str, Any]], organization: str | None
) -> None:
    event = {
        "request_id": "R", "event_uid": "e", "credential_uid": "ASIA1", "actor_uid": "role/x",
        "actor_unique_id": None, "actor_account_uid": OWN, "time": NOON,
    }  # fmt: skip
    known = Known(issues={}, memberships=memberships(answers, rows))
    rungs = ladder(event, None, known)
    assert rungs.get("organization") == organization
    assert ("organization_shown" in rungs) == (organization is not None)
    anonymous = ladder({**event, "actor_account_uid": "anonymous"}, None, known)
    assert "organization" not in anonymous


def test_an_answer_names_the_managing_account_too() -> None:
    held = memberships([answer(0, IN_ONE)], [])
    shown = held.of(MANAGING, NOON)
    assert shown is not None
    assert (shown.organization, shown.locator) == ("o-one", "body")
