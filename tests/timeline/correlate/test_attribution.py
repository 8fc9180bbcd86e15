"""Who began a session: links of keys, each with its event; parties by the case's own lists."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collector.case import Party
from timeline.correlate.attribution import party_of
from timeline.correlate.aws import stacks
from timeline.correlate.aws.attribution import Known, attribution, issues, ladder

Row = dict[str, Any]
NINE = datetime(2022, 6, 1, 9, tzinfo=UTC)


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
        "src_ip": None,
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
    initiating, listed = attribution(event, Known(issues=issues(rows)))
    assert (json.loads(initiating)["principal"] if initiating else None) == principal
    assert (len(json.loads(listed)) if listed else 0) == links


def test_every_link_cites_its_event() -> None:
    _, listed = attribution(change("ASIA2"), Known(issues=issues(CHAIN)))
    assert [link["event_uid"] for link in json.loads(listed or "[]")] == ["e2", "e1"]


CFN = "arn:aws:cloudformation:us-east-1:1"
STACK_ROLE = "arn:aws:iam::1:role/deploy"


def operation(n: int, name: str, caller: str, stack: str, **more: Any) -> Row:
    asked = {"stackName": stack, **more.pop("asked", {})}
    params = {"requestParameters": asked, "responseElements": more.pop("told", {})}
    return {
        "event_uid": f"s{n}", "operation": name, "outcome": "success", "duplicate_of": None,
        "params": json.dumps(params),
        "actor_uid": caller, "actor_unique_id": None, "actor_account_uid": "1",
        "account_uid": "1", "region": "us-east-1", "credential_uid": None,
        "source_identity": None, "time": NINE + timedelta(minutes=n),
        "evidence_item": "EV-1.f1", "locator": f"{n}@0+1", **more,
    }  # fmt: skip


def by_stack(minute: int, role: str = STACK_ROLE) -> Row:
    return change(
        None, invoked_by=stacks.SERVICE, src_ip=stacks.SERVICE, session_issuer_uid=role,
        actor_uid="session", time=NINE + timedelta(minutes=minute),
    )  # fmt: skip


ROLE = {"asked": {"roleARN": STACK_ROLE}}
ONE = [operation(1, "UpdateStack", "user/ann", "web", **ROLE)]


@pytest.mark.parametrize(
    ("rows", "minute", "principal", "candidates"),
    [
        (ONE, 2, "user/ann", 1),
        (ONE, 0, None, 0),  # before the operation
        (ONE, 1 + 25 * 60, None, 0),  # longer ago than an operation runs
        ([operation(1, "UpdateStack", "user/ann", "web")], 2, None, 0),  # with another role
        ([*ONE, operation(2, "UpdateStack", "user/bob", "web")], 3, "user/bob", 1),  # role kept
        ([*ONE, operation(2, "CreateStack", "user/bob", "api", **ROLE)], 3, None, 2),  # which?
        ([*ONE, operation(2, "CreateStack", "user/ann", "api", **ROLE)], 3, "user/ann", 2),
        (
            [
                operation(1, "CreateChangeSet", "user/bob", "web",
                          asked={**ROLE["asked"], "changeSetName": "x"},
                          told={"id": f"{CFN}:changeSet/x/9", "stackId": f"{CFN}:stack/web/7"}),
                operation(2, "ExecuteChangeSet", "user/ann", "",
                          asked={"changeSetName": f"{CFN}:changeSet/x/9"}),
            ],
            3, "user/ann", 1,
        ),
    ],
)  # fmt: skip
def test_a_stack_leads_to_who_began_its_operation(
    rows: list[Row], minute: int, principal: str | None, candidates: int
) -> None:
    known = Known(issues={}, operations=stacks.operations(rows))
    initiating, listed = attribution(by_stack(minute), known)
    assert (json.loads(initiating)["principal"] if initiating else None) == principal
    found = [x for x in json.loads(listed or "[]") if x["link"] == "stack operation"]
    assert len(found) == candidates
    assert all(link["event_uid"].startswith("s") for link in found)


def test_who_began_the_operation_is_walked_back_by_the_key_too() -> None:
    rows = [operation(5, "UpdateStack", "role/two", "web", credential_uid="ASIA2", **ROLE)]
    known = Known(issues=issues(CHAIN), operations=stacks.operations(rows))
    initiating, listed = attribution(by_stack(6), known)
    assert json.loads(initiating or "{}")["principal"] == "user/ann"
    assert [x["link"] for x in json.loads(listed or "[]")] == [
        "stack operation", "session key", "session key", "invoked by",
    ]  # fmt: skip


def test_a_web_identity_ends_the_walk() -> None:
    row = assume(1, "anyone", None, "ASIA1")
    row |= {"operation": "AssumeRoleWithWebIdentity"}
    told = {"credentials": {"accessKeyId": "ASIA1"}, "subjectFromWebIdentityToken": "repo:x:main"}
    row["params"] = json.dumps({"requestParameters": {}, "responseElements": told})
    initiating, _ = attribution(change("ASIA1"), Known(issues=issues([row])))
    assert json.loads(initiating or "{}") == {
        "principal": "repo:x:main", "link": "web identity", "certainty": "recorded",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "initiating", "rungs"),
    [
        ({"credential_uid": "ASIA1", "actor_uid": "role/x", "actor_account_uid": "1"}, None,
         {"request": "R", "credential": "ASIA1", "principal": "role/x", "account": "1"}),
        ({"credential_uid": None, "actor_uid": None, "actor_account_uid": "anonymous"}, None,
         {"request": "R"}),
        ({"credential_uid": "ASIA1", "actor_uid": "role/x", "actor_account_uid": "1"},
         '{"principal": "user/ann"}',
         {"request": "R", "credential": "ASIA1", "principal": "user/ann", "account": "1"}),
    ],
)  # fmt: skip
def test_the_ladder_stops_where_the_records_do(
    row: Row, initiating: str | None, rungs: dict[str, str]
) -> None:
    event = {"request_id": "R", "event_uid": "e", "actor_unique_id": None, "time": NINE, **row}
    found = ladder(event, initiating, Known(issues={}))
    assert found.pop("stops") == (
        f"at the {list(rungs)[-1]}: no record, answer or assignment in case.toml names a person"
    )
    assert found == rungs


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
