"""The least-privilege policy and the plan, both generated from the allow-list."""

from collections.abc import Iterable, Iterator
from typing import Any

from collector.aws.scope import RunScope
from collector.errors import UsageError
from collector.source import Condition, Operation, SourceSpec
from collector.sources import of_provider


def selected(run: RunScope, only: Iterable[str] = ()) -> tuple[SourceSpec, ...]:
    """The sources of a run: those named, else all up to its tier.

    Raises:
        UsageError: a name that no source has.
    """
    names = tuple(only)
    known = {spec.id for spec in of_provider("aws")}
    if unknown := sorted(set(names) - known):
        raise UsageError(f"expected sources among {', '.join(sorted(known))}; found {unknown[0]!r}")
    return tuple(
        spec
        for spec in of_provider("aws")
        if (spec.id in names if names else spec.tier <= run.tier)
    )


def requested(run: RunScope, operation: Operation) -> bool:
    """Whether a run would call an operation at all."""
    match operation.condition:
        case Condition.OBJECT_METADATA:
            return run.object_metadata and bool(run.objects)
        case Condition.OBJECTS_IN_SCOPE:
            return bool(run.objects)
        case Condition.IN_USE:
            return run.tier >= 3
        case Condition.CREDENTIALS:
            # The SDK's own exchanges need nothing from the policy; our role change does.
            return operation.id == "sts:AssumeRole" and run.role_name is not None
        case Condition.ALWAYS | Condition.JOB | Condition.LOG_DESTINATION:
            return True


def policy(run: RunScope, only: Iterable[str] = ()) -> dict[str, Any]:
    """An identity policy that allows what the run calls, and nothing else.

    Log objects are readable only in the buckets that `--log-bucket` names: destinations found
    during the run are not known yet, and a wildcard would allow reading content.
    """
    wide: set[str] = set()
    logs: set[str] = set()
    objects: set[str] = set()
    for spec in selected(run, only):
        for operation in spec.operations:
            if not requested(run, operation):
                continue
            match operation.condition:
                case Condition.LOG_DESTINATION:
                    logs.update(operation.permissions)
                case Condition.OBJECTS_IN_SCOPE | Condition.OBJECT_METADATA:
                    objects.update(operation.permissions)
                case Condition.CREDENTIALS:
                    pass
                case _:
                    wide.update(operation.permissions)
    statements = [_statement("ReadConfiguration", wide, ("*",))]
    if logs:
        statements += _log_statements(run, logs - wide)
    if objects:
        statements += _object_statements(run, objects)
    if run.role_name:
        role = (f"arn:aws:iam::*:role/{run.role_name}",)
        statements.append(_statement("ChangeIntoAccounts", {"sts:AssumeRole"}, role))
    return {"Version": "2012-10-17", "Statement": statements}


def plan(run: RunScope, only: Iterable[str] = ()) -> Iterator[dict[str, Any]]:
    """Every operation of a run, in order, with what it needs; nothing is called."""
    for spec in selected(run, only):
        for operation in spec.operations:
            yield {
                "source": spec.id,
                "operation": operation.id,
                "resource": operation.resource,
                "per": spec.level.value,
                "permissions": list(operation.permissions),
                "condition": operation.condition.value,
                "requested": requested(run, operation)
                or operation.condition is Condition.CREDENTIALS,
            }


def _log_statements(run: RunScope, actions: set[str]) -> list[dict[str, Any]]:
    places = [place for place, _ in run.log_buckets]
    # A name that no bucket can have (upper case): the policy is valid and allows nothing here.
    keys = [f"arn:aws:s3:::{p.bucket}/{p.prefix}*" for p in places]
    return [_statement("ReadLogObjects", actions, keys or ("arn:aws:s3:::NAME-THE-LOG-BUCKET/*",))]


def _object_statements(run: RunScope, actions: set[str]) -> list[dict[str, Any]]:
    on_bucket = {action for action in actions if action.startswith("s3:List")}
    buckets = [f"arn:aws:s3:::{place.bucket}" for place in run.objects]
    keys = [f"arn:aws:s3:::{place.bucket}/{place.prefix}*" for place in run.objects]
    return [
        _statement("ListObjectsInScope", on_bucket, buckets),
        _statement("ReadObjectSettings", actions - on_bucket, keys),
    ]


def _statement(sid: str, actions: Iterable[str], resources: Iterable[str]) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(set(actions)),
        "Resource": sorted(set(resources)),
    }
