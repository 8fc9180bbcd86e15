"""Who began a session: links of keys, each with its event; parties by the case's own lists."""

import json
from typing import Any

import pytest

from collector.case import Party
from timeline.correlate.attribution import party_of
from timeline.correlate.aws.attribution import attribution, issues

Row = dict[str, Any]


def assume(n: int, caller: str, caller_key: str | None, key: str, **asked: str) -> Row:
    return {
        "event_uid": f"e{n}", "operation": "AssumeRole", "outcome": "success",
        "params": json.dumps(
            {"requestParameters": asked, "responseElements": {"credentials": {"accessKeyId": key}}}
        ),
        "actor_uid": caller, "actor_unique_id": None, "actor_account_uid": None,
        "credential_uid": caller_key, "evidence_item": "EV-1.f1", "locator": f"{n}@0+1",
    }  # fmt: skip


def change(key: str | None, **more: Any) -> Row:
    return {
        "event_uid": "c", "credential_uid": key, "source_identity": None, "invoked_by": None,
        "evidence_item": "EV-1.f1", "locator": "9@0+1", **more,
    }  # fmt: skip


CHAIN = [assume(1, "user/ann", "AKIA1", "ASIA1"), assume(2, "role/one", "ASIA1", "ASIA2")]
LOOP = [assume(1, "role/a", "ASIA2", "ASIA1"), assume(2, "role/b", "ASIA1", "ASIA2")]


@pytest.mark.parametrize(
    ("rows", "event", "principal", "links"),
    [
        (CHAIN, change("ASIA2"), "user/ann", 2),
        (CHAIN, change("ASIA1"), "user/ann", 1),
        (CHAIN, change("AKIA9"), None, 0),
        (CHAIN, change(None), None, 0),
        (LOOP, change("ASIA1"), "role/b", 2),
        ([], change("ASIA9", source_identity="ann@example"), "ann@example", 1),
    ],
)
def test_chain(rows: list[Row], event: Row, principal: str | None, links: int) -> None:
    initiating, listed = attribution(event, issues(rows))
    assert (json.loads(initiating)["principal"] if initiating else None) == principal
    assert (len(json.loads(listed)) if listed else 0) == links


def test_every_link_cites_its_event() -> None:
    _, listed = attribution(change("ASIA2"), issues(CHAIN))
    assert [link["event_uid"] for link in json.loads(listed or "[]")] == ["e2", "e1"]


OWNER = Party(name="Owner", role=None, principals=(), accounts=("1",))
CONTRACTOR = Party(name="Contractor", role=None, principals=("role/ops*",), accounts=("2",))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["role/ops-x", "1"], "Contractor"),  # a listed principal wins over its account
        (["role/dev", "1"], "Owner"),
        (["2"], "Contractor"),
        (["3"], "unattributed"),
        ([None], "unattributed"),
    ],
)
def test_party(names: list[str | None], expected: str) -> None:
    assert expected == party_of(names, (OWNER, CONTRACTOR))


def test_two_parties_that_list_one_principal_leave_it_unattributed() -> None:
    other = Party(name="Other", role=None, principals=("role/ops-x",), accounts=())
    assert party_of(["role/ops-x"], (CONTRACTOR, other)) == "unattributed"


def test_party_labels_swap_and_nothing_else() -> None:
    swapped = (
        Party(name="Contractor", role=None, principals=(), accounts=("1",)),
        Party(name="Owner", role=None, principals=("role/ops*",), accounts=("2",)),
    )
    names = (["role/ops-x", "1"], ["1"], ["2"], ["3"])
    swap = {"Owner": "Contractor", "Contractor": "Owner", "unattributed": "unattributed"}
    for held in names:
        assert party_of(held, swapped) == swap[party_of(held, (OWNER, CONTRACTOR))]
