"""What a source is: a kind of evidence at a provider, and every operation it may call.

A source is one file in `collector/<provider>/`: its `SPEC` (this module's words) and the function
that asks. The specs of all sources together *are* the allow-list: the guard refuses whatever they
do not name, and the least-privilege policy is generated from them. Nothing here imports an SDK.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """When an operation of the allow-list may be called; the guard enforces it per call."""

    ALWAYS = "always"
    LOG_DESTINATION = "only on log destinations: named by --log-bucket or found in trail settings"
    OBJECT_METADATA = "only with --object-metadata"
    OBJECTS_IN_SCOPE = "only on buckets and prefixes named by --objects"
    JOB = "makes the provider prepare a report; changes no configuration; recorded as such"
    CREDENTIALS = "issues credentials; never recorded as bytes, one ledger line only"
    IN_USE = "only with --tier 3"


class Level(StrEnum):
    """For what a source is read: once a run, once an account, or once an account and Region."""

    RUN = "run"
    ACCOUNT = "account"
    REGION = "region"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One read operation of a provider.

    Attributes:
        service: name of the SDK's client.
        name: the API operation, as the provider spells it.
        permissions: what a policy must allow for it; empty if nothing.
        resource: kind of resource it reads: `account`, `bucket`, `key` …
        condition: when it may be called.
    """

    service: str
    name: str
    permissions: tuple[str, ...]
    resource: str
    condition: Condition = Condition.ALWAYS

    @property
    def id(self) -> str:
        """`service:Name`, the form of the ledger."""
        return f"{self.service}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """A source, complete: what it asks, what that needs, how long the provider keeps it.

    Attributes:
        id: `<provider>.<stem of the file>`.
        title: one line for plans and tables.
        level: for what it is read.
        operations: everything it may call.
        retention: how long the provider keeps what is read here.
        docs: the provider's page on it.
        tier: 1 decides access, 2 is context, 3 is read only where in use.
        collect: asks everything; gets the cell (scope × connection) it works in. It raises nothing
            for an answer of the provider: each attempt ends as an observation.
    """

    id: str
    title: str
    level: Level
    operations: tuple[Operation, ...]
    retention: str
    docs: str
    collect: Callable[..., None]
    tier: int = 1
