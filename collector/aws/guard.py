"""The allow-list, enforced: an operation that no source names never reaches the network.

Two hooks of the SDK, on the session, so that every client has them, also those that the SDK
makes for itself to obtain credentials: `before-parameter-build` sees the parameters and refuses
first; `before-send` sees what is about to leave and refuses whatever came another way.
"""

from collections.abc import Mapping
from typing import Any

from collector.aws.scope import Found, RunScope
from collector.errors import UsageError
from collector.source import Condition, Operation
from collector.sources import of_provider

#: They look read-only and are not (collection.md §0): they mint credentials, make key material,
#: show secrets, or read content. Refused before the allow-list is consulted; a test holds both
#: disjoint.
NEVER: frozenset[str] = frozenset(
    {
        "sts:GetSessionToken",
        "sts:GetFederationToken",
        "sts:GetWebIdentityToken",
        "sts:GetDelegatedAccessToken",
        "s3control:GetDataAccess",
        "cognito-identity:GetCredentialsForIdentity",
        "cognito-identity:GetId",
        "cognito-identity:GetOpenIdToken",
        "cognito-identity:GetOpenIdTokenForDeveloperIdentity",
        "cognito-idp:DescribeIdentityProvider",
        "cognito-idp:DescribeUserPoolClient",
        "cognito-idp:GetTokensFromRefreshToken",
        "cognito-idp:ListUserPoolClientSecrets",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyPair",
        "kms:GenerateDataKeyPairWithoutPlaintext",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:GenerateMac",
        "kms:GenerateRandom",
        "kms:GetParametersForImport",
        "s3:SelectObjectContent",
        "s3:GetObjectTorrent",
        "accessanalyzer:CreateAccessPreview",
    }
)


class NotAllowedError(UsageError):
    """A call that the allow-list does not hold; nothing was sent."""


def allow_list() -> dict[str, tuple[Operation, ...]]:
    """`service:Name` -> the entries of the sources that name it."""
    entries: dict[str, tuple[Operation, ...]] = {}
    for spec in of_provider("aws"):
        for operation in spec.operations:
            if operation not in entries.get(operation.id, ()):
                entries[operation.id] = (*entries.get(operation.id, ()), operation)
    return entries


def is_credential(operation: str) -> bool:
    """Whether an operation issues credentials, so that its bytes are never recorded."""
    entries = _ALLOWED.get(operation, ())
    return any(entry.condition is Condition.CREDENTIALS for entry in entries)


class Guard:
    """Refuses every call that is not on the list, or not under its condition."""

    def __init__(self, run: RunScope, found: Found) -> None:
        """The run states the conditions; `found` knows the log destinations."""
        self._run = run
        self._found = found

    def enforce(self, run: RunScope, found: Found) -> None:
        """From now on the conditions of this run: the identity was asked before it was open."""
        self._run = run
        self._found = found

    def install(self, events: Any) -> None:  # noqa: ANN401 (the SDK's event emitter)
        """Hook into a session's or a client's events."""
        events.register_first("before-parameter-build", self.before_build)
        events.register_first("before-send", self.before_send)

    def before_build(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:  # noqa: ANN401
        """Refuse by name and by parameters, before a request exists."""
        self.check(f"{model.service_model.service_name}:{model.name}", params)

    def before_send(self, event_name: str, **_: Any) -> None:  # noqa: ANN401
        """Refuse by name whatever is about to leave."""
        operation = ":".join(event_name.split(".")[1:])
        if operation not in _SENDABLE:
            raise NotAllowedError(_refusal(operation, "it is not on the allow-list"))

    def check(self, operation: str, params: Mapping[str, Any]) -> None:
        """Raise unless some entry of the list permits this call.

        Raises:
            NotAllowedError: the operation is not on the list, or no entry's condition holds.
        """
        if operation in NEVER:
            raise NotAllowedError(_refusal(operation, "it is never called"))
        entries = _ALLOWED.get(operation, ())
        if not entries:
            raise NotAllowedError(_refusal(operation, "it is not on the allow-list"))
        if not any(self._holds(entry.condition, params) for entry in entries):
            conditions = "; ".join(entry.condition for entry in entries)
            raise NotAllowedError(_refusal(operation, f"allowed {conditions}"))

    def _holds(self, condition: Condition, params: Mapping[str, Any]) -> bool:
        bucket = params.get("Bucket", "")
        key = params.get("Key", params.get("Prefix", ""))
        in_scope = any(place.covers(bucket, key) for place in self._run.objects)
        match condition:
            case Condition.LOG_DESTINATION:
                return self._found.is_log_destination(bucket, key)
            case Condition.OBJECTS_IN_SCOPE:
                return in_scope
            case Condition.OBJECT_METADATA:
                return in_scope and self._run.object_metadata
            case Condition.IN_USE:
                return self._run.tier >= 3
            case Condition.ALWAYS | Condition.JOB | Condition.CREDENTIALS:
                return True


def _refusal(operation: str, reason: str) -> str:
    return f"refused to call {operation}: {reason}; nothing was sent"


_ALLOWED = allow_list()

#: What an event calls a service (its service id, hyphenated), where it is not the client's name.
_EVENT_NAMES = {
    "cognito-idp": "cognito-identity-provider",
    "s3control": "s3-control",
    "config": "config-service",
    "sso-admin": "sso-admin",
    "sso-oidc": "sso-oidc",
}
_SENDABLE = frozenset(
    f"{_EVENT_NAMES.get(service, service)}:{name}"
    for service, _, name in (operation.partition(":") for operation in _ALLOWED)
)
