"""What correlation needs to know of a cloud, as functions: nothing here names one.

One value per provider; `timeline/correlate/<provider>/` fills it. The rest of correlation is the
same for all of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from timeline.correlate.course import Content
from timeline.correlate.views import Place, Viewed
from timeline.model import Decision, Json, Verdict

#: Times at which something known of a place begins or ends, ascending.
Edges: TypeAlias = Mapping[Place, Sequence[datetime]]

#: The `request` object of the evaluator's input, with plain JSON values.
Request: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """What documents of a slice can tell requests apart by.

    Attributes:
        keys: context keys, lower case.
        patterns: resource patterns as written.
        whole: a pattern holds a variable or cannot be compared: the resource counts as a whole.
        sessions: some document tells sessions of one role apart.
    """

    keys: frozenset[str]
    patterns: tuple[str, ...]
    whole: bool
    sessions: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A request nobody may have made, to find when it would have been allowed.

    Attributes:
        request: its request object; `time` is filled in.
        principal: label of the principal.
        action: one action.
        resource_uid: pattern or resource that it stands for.
        container: the container.
        owned: it stands for an object of the container's owner with the default grants.
        own_account_allows: the caller's own account is assumed to allow it; only the resource
            side is asked.
    """

    request: Request
    principal: str
    action: str
    resource_uid: str
    container: str
    owned: bool
    own_account_allows: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The functions of one provider.

    Attributes:
        name: as in the column `provider`.
        is_access: whether a row of `events` is an access that is to be decided.
        kind: the columns that this is read from.
        request_of: a row of `events` -> its request; None if it maps to no known action.
        columns: the columns that requests are made from.
        told: rows of `events` as an Arrow table of these columns -> columns; rows that are equal
            in all of them have requests that differ in time and resource alone.
        write_request: (row of a write, resource it writes) -> its request; None as above.
        read: (view, request, instant): reads every slot that its decision rests on.
        decide: (view, request, instant, assumptions) -> decision.
        probe: (view, probe, instant, assumptions) -> decision, and whether it holds only if the
            caller's own account allows it.
        gate: (request of a write, what it writes, view, instant, assumptions) -> ALLOWED where no
            write gate refuses it, DENIED where one does.
        refusal_depends: whether a refused write was refused by permissions or gates, and not for
            its own form.
        assemble: facts of a slot -> its value in the provider's form.
        slack: how long a change of a place may take to be seen everywhere.
        mentions: documents -> what they can tell requests apart by.
        signature: (request, mentions) -> what distinguishes the class, as JSON; of the resource
            only the container, but for what is under `resource`.
        resource_told: (resource, mentions) -> what a signature has under `resource`.
        group: request -> the part of it that its slice follows from, as JSON.
        principal_label: request -> ARN, account, or anonymous.
        container_label: request -> container.
        own_places: request -> resources whose own slots set the request apart (the object).
        resource_label: (request, mentions) -> pattern that a window over it is about.
        foreign: (principal label, container, view, instant) -> anonymous or of another account.
        probes: (view, edges) -> requests to find exposure windows for.
        source_name: (provider, category, service) -> name of a coverage source.
        decides: slot -> whether a decision on a request that writes no settings can depend on it.
        meets_gates: request -> whether it may meet a gate that refuses writes.
        is_grant: (place, value as JSON text) -> whether the fact gives a permission.
        bears: (request, place, values of a fact as JSON texts, all that stands in the worlds
            tried) -> whether the fact can matter to the request.
        alike: (request, place, value as JSON text) -> a text that is equal for facts of equal
            effect on the request, of which one is as good as many; None = not known.
        emptied: slot -> JSON text of its value when the last grant was taken from it; None = it
            is then absent.
        gate_on: slot -> JSON text of its value when it is a gate that is on; None = no gate.
        of_time: JSON text of a fact -> whether it may act otherwise as time passes.
        stated: (access, its request, decision) -> what the record says of the ground of its
            outcome, and whether the decision agrees; None = it says nothing.
        readings: entry of the register of ambiguities -> what its first and its other reading say.
        without_default: entries of which no reading is the default.
        caller: request -> (resource that holds the caller's own policies, names by which a document
            can mean this caller and no other); None where nobody can stand for the caller.
        of_caller: JSON text of a fact -> whether it may tell callers of one account apart by more
            than a name in it.
    """

    name: str
    is_access: Callable[[Mapping[str, Any]], bool]
    kind: tuple[str, ...]
    request_of: Callable[[Mapping[str, Any]], Request | None]
    columns: tuple[str, ...]
    told: Callable[[Any], Sequence[Any]]
    write_request: Callable[[Mapping[str, Any], str], Request | None]
    read: Callable[[Viewed, Request, datetime], object]
    decide: Callable[[Viewed, Request, datetime, frozenset[str]], Decision]
    probe: Callable[[Viewed, Probe, datetime, frozenset[str]], tuple[Decision, bool]]
    gate: Callable[[Request, Mapping[Place, Content], Viewed, datetime, frozenset[str]], Decision]
    refusal_depends: Callable[[Mapping[str, Any]], bool]
    assemble: Callable[[Mapping[str, Json]], Json]
    slack: Callable[[Place], timedelta]
    mentions: Callable[[Iterable[Json]], Mentions]
    signature: Callable[[Request, Mentions], Mapping[str, Any]]
    resource_told: Callable[[str, Mentions], Json]
    group: Callable[[Request], Mapping[str, Any]]
    principal_label: Callable[[Request], str]
    container_label: Callable[[Request], str]
    own_places: Callable[[Request], tuple[str, ...]]
    resource_label: Callable[[Request, Mentions], str]
    foreign: Callable[[str, str, Viewed, datetime], bool]
    probes: Callable[[Viewed, Edges], Sequence[Probe]]
    source_name: Callable[[Mapping[str, Any]], str]
    decides: Callable[[str], bool]
    meets_gates: Callable[[Request], bool]
    is_grant: Callable[[Place, str], bool]
    bears: Callable[[Request, Place, Sequence[str], Mapping[Place, Sequence[str] | None]], bool]
    alike: Callable[[Request, Place, str], str | None]
    emptied: Callable[[str], str | None]
    gate_on: Callable[[str], str | None]
    of_time: Callable[[str], bool]
    stated: Callable[[Mapping[str, Any], Request, Decision], tuple[str, str] | None]
    readings: Mapping[str, tuple[str, str]]
    without_default: frozenset[str]
    caller: Callable[[Request], tuple[str, tuple[str, ...]] | None]
    of_caller: Callable[[str], bool]


def let_through(
    provider: Provider,
    request: Request,
    written: Mapping[Place, Content],
    view: Viewed,
    at: datetime,
    assumptions: frozenset[str],
) -> bool | None:
    """Whether permissions and write gates let a write through in a state; None = not known.

    Args:
        provider: of the write.
        request: of it, at its own time.
        written: what it writes.
        view, at: the state that it meets.
        assumptions: named ones that are on.
    """
    asked = {
        provider.decide(view, request, at, assumptions).verdict,
        provider.gate(request, written, view, at, assumptions).verdict,
    }
    if Verdict.DENIED in asked:
        return False
    return None if Verdict.UNKNOWN in asked else True
