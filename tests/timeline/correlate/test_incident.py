"""Which accesses are the incident: the definition's criteria in their order, one row each."""

from datetime import UTC, datetime
from typing import Any

import pytest

from collector.case import Exemption, Incident
from timeline.correlate.incident import judge

AT = datetime(2022, 6, 1, 12, tzinfo=UTC)
ROW: dict[str, Any] = {
    "time": AT,
    "outcome": "success",
    "auth_method": "anonymous",
    "resource_uid": "arn:aws:s3:::b/k",
    "container": "b",
    "src_ip": "198.51.100.23",
    "actor_uid": None,
    "session_issuer_uid": None,
    "actor_unique_id": None,
    "actor_account_uid": None,
}
ROLE = {
    "auth_method": "header",
    "actor_uid": "arn:aws:sts::111122223333:assumed-role/ops/dlee",
    "session_issuer_uid": "arn:aws:iam::111122223333:role/ops",
    "actor_account_uid": "111122223333",
    "src_ip": "s3.amazonaws.com",
}


def incident(**given: Any) -> Incident:
    empty: dict[str, Any] = {
        "time_from": None, "time_to": None, "resources": (), "addresses": (), "principals": (),
        "anonymous": False, "exempt": (), "discovered": None, "contained": None, "notified": None,
    }  # fmt: skip
    return Incident(**(empty | given))


def exempt(**given: Any) -> tuple[Exemption, ...]:
    return (Exemption(**({"principals": (), "addresses": (), "reason": "partner"} | given)),)


@pytest.mark.parametrize(
    ("definition", "changed", "expected"),
    [
        ({}, {}, (True, "success in the range (the definition names no actor)")),
        (
            {},
            {"outcome": "denied"},
            (False, "not a success (the definition names no actor)"),
        ),
        ({"anonymous": True}, {"outcome": "denied"}, (True, "anonymous")),
        ({"time_from": AT}, {}, (True, "success in the range (the definition names no actor)")),
        ({"time_to": AT}, {}, (False, "after the time range")),
        (
            {"time_from": datetime(2022, 6, 2, tzinfo=UTC)},
            {},
            (False, "before the time range"),
        ),
        ({"resources": ("arn:aws:s3:::b",), "anonymous": True}, {}, (True, "anonymous")),
        ({"resources": ("b",), "anonymous": True}, {}, (True, "anonymous")),
        ({"resources": ("arn:aws:s3:::b*",), "anonymous": True}, {}, (True, "anonymous")),
        ({"resources": ("arn:aws:s3:::bb",)}, {}, (False, "resource not listed")),
        ({"anonymous": True}, ROLE, (False, "neither anonymous nor listed")),
        ({"addresses": ("198.51.100.0/24",)}, {}, (True, "address listed")),
        ({"addresses": ("198.51.100.0/24",)}, ROLE, (False, "neither anonymous nor listed")),
        ({"addresses": ("s3.amazonaws.com",)}, ROLE, (True, "address listed")),
        ({"principals": ("111122223333",)}, ROLE, (True, "principal listed")),
        ({"principals": (ROLE["session_issuer_uid"],)}, ROLE, (True, "principal listed")),
        (
            {"principals": ("arn:aws:iam::*:role/op",)},
            ROLE,
            (False, "neither anonymous nor listed"),
        ),
        ({"exempt": exempt(addresses=("198.51.100.23",))}, {}, (False, "exempt: partner")),
        (
            {"anonymous": True, "exempt": exempt(principals=("arn:aws:iam::*:role/ops",))},
            ROLE,
            (False, "exempt: partner"),
        ),
    ],
)
def test_criterion(
    definition: dict[str, Any], changed: dict[str, Any], expected: tuple[bool, str]
) -> None:
    assert expected == judge(ROW | changed, incident(**definition))
