"""The allow-list: everything that it does not name is refused before it reaches the network."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session
import botocore.stub
import pytest
from botocore import xform_name

from collector.aws import guard as guards
from collector.aws.paging import next_page
from collector.aws.policy import plan, policy, selected
from collector.aws.scope import Found, Place, RunScope
from collector.source import Condition
from collector.sources import SOURCES, of_provider

NOW = datetime(2026, 1, 2, tzinfo=UTC)
RUN = RunScope(started=NOW, time_from=NOW, time_to=NOW)
SERVICES = sorted({operation.partition(":")[0] for operation in guards.allow_list()})


def guarded(run: RunScope = RUN) -> botocore.session.Session:
    session = botocore.session.Session()
    session.set_credentials("AKIACANARY", "canary")
    guards.Guard(run, Found(run)).install(session.get_component("event_emitter"))
    return session


@pytest.mark.parametrize("service", SERVICES)
def test_every_other_operation_of_every_service_is_refused(service: str) -> None:
    client = guarded().create_client(
        service, region_name="us-east-1", endpoint_url="http://127.0.0.1:9"
    )
    refused = 0
    for name in client.meta.service_model.operation_names:
        allowed = guards.allow_list().get(f"{service}:{name}", ())
        if any(entry.condition is not Condition.CREDENTIALS for entry in allowed):
            continue
        if allowed:
            continue
        with pytest.raises(guards.NotAllowedError, match="nothing was sent"):
            getattr(client, xform_name(name))()
        refused += 1
    known = sum(one.startswith(f"{service}:") for one in guards.allow_list())
    assert len(client.meta.service_model.operation_names) == refused + known


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_comes_to_the_wire_another_way_is_refused(service: str) -> None:
    client = guarded().create_client(service, region_name="us-east-1")
    name = next(
        one
        for one in client.meta.service_model.operation_names
        if f"{service}:{one}" not in guards.allow_list()
    )
    hyphenated = client.meta.service_model.service_id.hyphenize()
    with pytest.raises(guards.NotAllowedError):
        client.meta.events.emit(f"before-send.{hyphenated}.{name}", request=None)
    ours = next(one for one in guards.allow_list() if one.startswith(f"{service}:"))
    client.meta.events.emit(f"before-send.{hyphenated}.{ours.partition(':')[2]}", request=None)


@pytest.mark.parametrize(
    ("operation", "params", "options", "passes"),
    [
        ("s3:GetObject", {"Bucket": "evidence", "Key": "k"}, {}, False),
        ("s3:GetObject", {"Bucket": "logs", "Key": "AWSLogs/1"}, {}, True),
        ("s3:GetObject", {"Bucket": "logs", "Key": "private/1"}, {}, False),
        ("s3:ListObjectsV2", {"Bucket": "evidence", "Prefix": ""}, {}, False),
        ("s3:ListObjectsV2", {"Bucket": "logs", "Prefix": "AWS"}, {}, True),
        ("s3:GetObjectAcl", {"Bucket": "evidence", "Key": "in/1"}, {}, True),
        ("s3:GetObjectAcl", {"Bucket": "evidence", "Key": "out/1"}, {}, False),
        ("s3:HeadObject", {"Bucket": "evidence", "Key": "in/1"}, {}, False),
        ("s3:HeadObject", {"Bucket": "evidence", "Key": "in/1"}, {"object_metadata": True}, True),
        ("s3:HeadObject", {"Bucket": "evidence", "Key": "o/1"}, {"object_metadata": True}, False),
        ("s3tables:ListTableBuckets", {}, {}, False),
        ("s3tables:ListTableBuckets", {}, {"tier": 3}, True),
        ("sts:GetSessionToken", {}, {}, False),
        ("s3:PutBucketPolicy", {"Bucket": "logs"}, {}, False),
    ],
)
def test_conditions_are_enforced_per_call(
    operation: str, params: dict[str, str], options: dict[str, object], passes: bool
) -> None:
    run = RunScope(
        started=NOW,
        time_from=NOW,
        time_to=NOW,
        log_buckets=((Place(bucket="logs", prefix="AWSLogs/"), None),),
        objects=(Place(bucket="evidence", prefix="in/"),),
        **options,  # type: ignore[arg-type]
    )
    one = guards.Guard(run, Found(run))
    if passes:
        one.check(operation, params)
    else:
        with pytest.raises(guards.NotAllowedError):
            one.check(operation, params)


def test_nothing_that_is_never_called_is_on_the_list() -> None:
    assert set() == set(guards.allow_list()) & guards.NEVER


WRITING = ("Put", "Create", "Delete", "Update", "Attach", "Detach", "Modify", "Set", "Start")


def test_the_list_reads_only() -> None:
    exceptions = {
        operation.id
        for spec in SOURCES
        for operation in spec.operations
        if operation.condition in (Condition.CREDENTIALS, Condition.JOB)
    }
    for operation in guards.allow_list():
        name = operation.partition(":")[2]
        reads = name.startswith(("Get", "List", "Describe", "Head", "Lookup", "BatchGet"))
        # A query over what the recorder holds; it has no statement that writes.
        reads |= name in ("SelectResourceConfig", "SelectAggregateResourceConfig")
        assert reads or operation in exceptions, operation
        assert not name.startswith(WRITING) or operation in exceptions, operation


@cache
def any_client(service: str) -> Any:
    return guarded().create_client(service, region_name="us-east-1")


def every_listing() -> Iterator[tuple[str, str]]:
    for operation in guards.allow_list():
        service, _, name = operation.partition(":")
        yield service, name


@pytest.mark.parametrize(("service", "name"), sorted(every_listing()))
def test_every_listing_is_read_to_its_end(service: str, name: str) -> None:
    client = any_client(service)
    model = client.meta.service_model.operation_model(name)
    given = model.output_shape.members if model.output_shape is not None else {}
    method = xform_name(name)
    if client.can_paginate(method):
        rules = client.get_paginator(method)._pagination_cfg
        tokens = rules["output_token"]
        for token in [tokens] if isinstance(tokens, str) else tokens:
            shape = model.output_shape
            for part in token.split("."):
                assert part in shape.members, "an expression, not a member: cannot be followed"
                shape = shape.members[part]
        return
    wrapped = next(iter(given.items())) if len(given) == 1 else None
    inner = getattr(wrapped[1], "members", None) if wrapped else None
    given = inner or given
    # Longest first: S3 echoes the ContinuationToken it was asked with.
    words = ("nextcontinuationtoken", "continuationtoken", "nexttoken", "marker")
    token = next((one for word in words for one in given if one.lower() == word), None)
    if token is not None:
        page = {wrapped[0]: {token: "t"}} if wrapped and inner else {token: "t"}
        assert next_page(client, name, page), f"{token} is not followed"


def test_policy_allows_what_the_plan_calls_and_nothing_else() -> None:
    asked = {
        permission
        for line in plan(RUN)
        if line["requested"] and line["condition"] != Condition.CREDENTIALS
        for permission in line["permissions"]
    }
    granted = {action for one in policy(RUN)["Statement"] for action in one["Action"]}
    assert asked == granted
    assert not any("*" in action for action in granted)


def test_policy_reads_objects_only_in_named_log_buckets() -> None:
    run = RunScope(
        started=NOW,
        time_from=NOW,
        time_to=NOW,
        log_buckets=((Place(bucket="logs", prefix="p/"), None),),
        role_name="Auditor",
    )
    for statement in policy(run)["Statement"]:
        if "s3:GetObject" in statement["Action"]:
            assert statement["Resource"] == ["arn:aws:s3:::logs/p/*"]
    assert "sts:AssumeRole" in json.dumps(policy(run))
    nameless = json.dumps(policy(RUN))
    assert "s3:GetObject" in nameless
    assert "NAME-THE-LOG-BUCKET" in nameless


def test_sources_are_complete_and_in_order() -> None:
    names = [spec.id for spec in SOURCES]
    assert len(names) == len(set(names))
    for earlier, later in [
        ("aws.s3_bucket", "aws.objects"),
        ("aws.s3_bucket", "aws.s3_access_logs"),
        ("aws.s3_bucket", "aws.cloudtrail_logs"),
        ("aws.cloudtrail", "aws.cloudtrail_logs"),
    ]:
        assert names.index(earlier) < names.index(later)
    for spec in SOURCES:
        assert spec.operations
        assert spec.docs.startswith("https://docs.aws.amazon.com/")
        assert spec.retention
        assert spec.id.endswith(spec.collect.__module__.rpartition(".")[2])
    assert set(of_provider("aws")) == set(SOURCES)
    assert [spec for spec in selected(RUN, ["aws.kms"])] == [
        spec for spec in SOURCES if spec.id == "aws.kms"
    ]
