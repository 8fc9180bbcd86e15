"""The caller's own policies, and those of its organization, for one request (R-EVAL 1 to 3, 6)."""

from dataclasses import dataclass, field

from timeline.policy.aws.context import Request, in_account
from timeline.policy.aws.slots import PolicySet, State
from timeline.policy.aws.weigh import Weight, identity_weight, resource_denies
from timeline.policy.kleene import Kleene, Unknown, all_of, any_of, both, choose, either, negate

_NONE = PolicySet("")


@dataclass(slots=True)
class Result:
    """Outcome for one action, or of several together.

    Attributes:
        allowed: the answer.
        explicit: whether a Deny statement (or nothing else) refused it.
        paths, denies, voided: the reasons.
    """

    allowed: Kleene
    explicit: bool = False
    paths: list[tuple[str, ...]] = field(default_factory=list)
    denies: list[str] = field(default_factory=list)
    voided: list[dict[str, str]] = field(default_factory=list)


class Callers:
    """The caller's own side, and the policies that stand above it, for one request."""

    __slots__ = (
        "boundary",
        "identity",
        "member",
        "of_owner",
        "rcps",
        "request",
        "scps",
        "session",
        "state",
    )

    def __init__(self, request: Request, state: State, rcps: str = "rcps") -> None:
        self.request = request
        self.state = state
        #: Whether the caller belongs to the account that owns the bucket.
        self.of_owner = _of_owner(request, state)
        signed = request.principal.signed
        self.identity = self.boundary = self.session = _NONE
        if signed and request.principal.kind != "Root":
            self.identity = state.policies("identity_policies")
            self.boundary = state.policy("permissions_boundary")
            self.session = state.policies("session_policies")
        levels = state.levels("scps")  # read for every caller: an empty level is bad input
        self.scps = levels if signed else ()
        self.rcps = state.levels(rcps)
        reached = self.scps or self.rcps
        self.member: Kleene = negate(_service_linked(request)) if reached else True

    def denies(self, action: str, resource: str, *, also: str = "") -> Weight:
        """Explicit denies on the caller's side and above.

        Args:
            also: what stands behind an access point: control policies of resources reach both.
        """
        found = Weight()
        for policies in (self.identity, self.boundary, self.session):
            if not policies.silent:
                join(found, identity_weight(policies, action, resource, self.request, denies=True))
        for level in self.scps:
            weight = identity_weight(level, action, resource, self.request, denies=True)
            join(found, weight, only=self.member)
        reached = (resource, also) if also and also != resource else (resource,)
        for level in self.rcps:
            for arn in reached:
                weight = resource_denies(
                    level, action, arn, self.request, bounded=self.boundary.present
                )
                join(found, weight, only=self.member)
        return found

    def organization(self, action: str, resource: str) -> Kleene:
        """Every level of service control policies allows."""
        if not self.scps:
            return True
        allows = (identity_weight(v, action, resource, self.request).answer for v in self.scps)
        return any_of(all_of(*allows), negate(self.member))

    def limits(self, action: str, resource: str) -> tuple[Kleene, Kleene]:
        """What boundary and session policies leave."""
        if self.boundary.silent and self.session.silent:
            return True, self.request.principal.kind != "FederatedUser"
        boundary = self._limit(self.boundary, action, resource)
        session = self._limit(self.session, action, resource)
        if self.request.principal.kind == "FederatedUser":
            session = all_of(session, self.session.present)
        return boundary, session

    def _limit(self, policies: PolicySet, action: str, resource: str) -> Kleene:
        if policies.silent:
            return True
        allowed = identity_weight(policies, action, resource, self.request).answer
        return choose(policies.present, allowed, True)


def _of_owner(request: Request, state: State) -> Kleene:
    """By account; logs of requests name some callers by their account's canonical id alone."""
    who = request.principal
    if who.account is None and who.canonical_id is not None:
        owner = state.canonical_id("bucket")
        if isinstance(owner, str):
            return owner == who.canonical_id
    return in_account(request, state.text("bucket.owner_account"), "bucket.owner_account")


def _service_linked(request: Request) -> Kleene:
    """Service control and resource control policies do not reach service-linked roles."""
    who = request.principal
    if who.kind != "AssumedRole":
        return False
    issuer = request.lookup("aws:principalarn")
    if isinstance(issuer, str):
        return ":role/aws-service-role/" in issuer
    if who.role and not who.role.startswith("AWSServiceRoleFor"):
        return False
    return Unknown("aws:PrincipalArn")


def join(found: Weight, more: Weight, *, only: Kleene = True) -> None:
    """Book what another set of documents says, where `only` holds."""
    if more.answer is False:
        return
    answer = both(more.answer, only)
    if answer is True:
        found.labels += more.labels
    found.answer = either(found.answer, answer)
