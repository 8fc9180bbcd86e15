"""One request against one state: the evaluation logic (R-EVAL, R-S3-5 to R-S3-19).

For each action, in this order; the order fixes the reasons, not the outcome:

 1. explicit denies of every policy that applies
 2. service control policies allow; 3. resource control policies only deny
 4. the endpoint's policy allows
 5. what is refused whatever the policies say: owner-only calls, requester pays, Object Lock,
    the network of an access point, the write gates
 6. a grant: the resource side and the caller's own side, as account and ownership demand
 7. the encryption key

`decide_once` takes one reading of each ambiguity; `timeline.policy.aws.evaluate` compares them.
"""

from dataclasses import dataclass, field

from timeline.policy.aws import kms, s3
from timeline.policy.aws.context import Request
from timeline.policy.aws.gates import header_gate
from timeline.policy.aws.slots import PolicySet, State
from timeline.policy.aws.target import Target
from timeline.policy.aws.weigh import (
    Grants,
    Weight,
    identity_weight,
    resource_denies,
    resource_grants,
)
from timeline.policy.kleene import Kleene, Unknown, all_of, any_of, choose, negate

_PATHS = 64


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

    __slots__ = ("boundary", "identity", "member", "rcps", "request", "scps", "session", "state")

    def __init__(self, request: Request, state: State) -> None:
        self.request = request
        self.state = state
        signed = request.principal.signed
        account = signed and request.principal.kind != "Root"
        none = PolicySet("")
        self.identity = state.policies("identity_policies") if account else none
        self.boundary = state.policy("permissions_boundary") if account else none
        self.session = state.policies("session_policies") if account else none
        self.member = negate(_service_linked(request))
        self.scps = state.levels("scps") if signed else ()
        self.rcps = state.levels("rcps")

    def denies(self, action: str, resource: str) -> Weight:
        """Explicit denies on the caller's side and above."""
        found = Weight()
        for policies in (self.identity, self.boundary, self.session):
            _join(found, identity_weight(policies, action, resource, self.request, denies=True))
        for level in self.scps:
            weight = identity_weight(level, action, resource, self.request, denies=True)
            _join(found, weight, only=self.member)
        for level in self.rcps:
            weight = resource_denies(
                level, action, resource, self.request, bounded=self.boundary.present
            )
            _join(found, weight, only=self.member)
        return found

    def organization(self, action: str, resource: str) -> Kleene:
        """Every level of service control policies allows."""
        if not self.scps:
            return True
        allows = (identity_weight(v, action, resource, self.request).answer for v in self.scps)
        return any_of(all_of(*allows), negate(self.member))

    def limits(self, action: str, resource: str) -> tuple[Kleene, Kleene]:
        """What boundary and session policies leave."""
        boundary = self._limit(self.boundary, action, resource)
        session = self._limit(self.session, action, resource)
        if self.request.principal.kind == "FederatedUser":
            session = all_of(session, self.session.present)
        return boundary, session

    def _limit(self, policies: PolicySet, action: str, resource: str) -> Kleene:
        if not policies.documents and policies.further is None:
            return True
        allowed = identity_weight(policies, action, resource, self.request).answer
        return choose(policies.present, allowed, True)


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


def _join(found: Weight, more: Weight, *, only: Kleene = True) -> None:
    answer = all_of(more.answer, only)
    if answer is True:
        found.labels += more.labels
    found.answer = any_of(found.answer, answer)


def decide_action(action: str, target: Target, request: Request, state: State) -> Result:
    """The numbered procedure of this module for one action.

    Args:
        action: in lower case.
        target: what the request names.
    """
    unsupported = target.unsupported(action)
    if unsupported:
        return Result(Unknown(f"unsupported: {unsupported}"))
    callers = Callers(request, state)
    own = target.arn
    result = Result(False)
    # (1)-(3)
    denied = callers.denies(action, own)
    endpoint = _endpoint(action, target, request, state, denied)
    bounded = callers.boundary.present
    policies = [(state.policy(slot), arn) for slot, arn in target.policies(action)]
    for slot, arn in policies:
        weight = resource_denies(slot, action, arn, request, bounded=bounded)
        if slot.slot == "bucket.policy" and action in s3.ROOT_ALWAYS:
            _join(denied, weight, only=negate(_owner_root(request, state)))
        else:
            _join(denied, weight)
    organization = callers.organization(action, own)
    # (5)
    refusals = [] if target.service != "s3" else _refusals(action, target, request, state, result)
    # (6), (7)
    granted = _granted(action, target, callers, policies, result)
    key = kms.key_allows(action, callers, result) if target.service == "s3" else True
    result.explicit = denied.answer is True
    result.denies = denied.labels + result.denies
    result.allowed = all_of(negate(denied.answer), organization, endpoint, *refusals, granted, key)
    if organization is False:
        result.denies.append("scps: a level without Allow")
    if endpoint is False:
        result.denies.append("vpc_endpoint_policy: no Allow")
    return result


def _owner_root(request: Request, state: State) -> Kleene:
    if request.principal.kind != "Root":
        return False
    return s3.in_account(request, state.text("bucket.owner_account"), "bucket.owner_account")


def _endpoint(
    action: str, target: Target, request: Request, state: State, denied: Weight
) -> Kleene:
    """The endpoint's policy: denies are booked, the Allow is returned (R-S3-17)."""
    policies = state.policy("vpc_endpoint_policy")
    if not policies.documents and policies.further is None:
        return True
    keys = [request.lookup(k) for k in ("aws:sourcevpce", "aws:vpcsourceip", "aws:sourcevpc")]
    through = any_of(*(k if isinstance(k, Unknown) else k is not None for k in keys))
    if through is False:
        return True
    deny = resource_denies(policies, action, target.arn, request, bounded=False)
    _join(denied, deny, only=through)
    allow = resource_grants(policies, action, target.arn, request, star_is_direct=True)
    full = choose(policies.present, _spoken(allow, policies, request, action, target), True)
    return any_of(negate(through), full)


def _spoken(
    allow: Grants, policies: PolicySet, request: Request, action: str, target: Target
) -> Kleene:
    """In an endpoint's policy `*` means services too: they come through it like anybody."""
    if request.principal.kind != "AWSService":
        return allow.any
    everyone = (
        s.applies(action, target.arn, request)
        for _, document in policies.documents
        for s in document.allows
        if s.principals is not None and s.principals.everyone
    )
    return any_of(allow.any, *everyone)


def _refusals(
    action: str, target: Target, request: Request, state: State, result: Result
) -> list[Kleene]:
    """What stands whatever the policies say; each answer is whether the request passes."""
    if action in s3.IDENTITY_ONLY and action != "s3:createbucket":
        return []
    passes: dict[str, Kleene] = {}
    owner = s3.in_account(request, state.text("bucket.owner_account"), "bucket.owner_account")
    if action in s3.OWNER_ONLY and request.principal.kind != "AWSService":
        passes["only callers of the bucket owner's account"] = owner
    if action == "s3:getbucketversioning" and owner is not True and request.principal.signed:
        passes["A15: only callers of the bucket owner's account"] = any_of(
            owner, request.readings.default("A15")
        )
    if action != "s3:createbucket":
        passes["bucket.requester_pays"] = _pays(request, state, owner)
    if target.through_access_point:
        passes["access_point.network_origin VPC"] = _network(request, state)
    for name, refused in header_gate(action, request, state).items():
        passes[name] = negate(refused)
    result.denies += [name for name, answer in passes.items() if answer is False]
    return list(passes.values())


def _pays(request: Request, state: State, owner: Kleene) -> Kleene:
    """R-S3-5: anonymous callers never, others outside the owner's account with the header."""
    charged = state.requester_pays()
    if charged is False or request.principal.kind == "AWSService":
        return True
    header = request.lookup("s3:x-amz-request-payer")
    if header is None:
        header = request.lookup("x-amz-request-payer")
    offered: Kleene = header if isinstance(header, Unknown) else header is not None
    return any_of(negate(charged), owner, all_of(request.principal.signed, offered))


def _network(request: Request, state: State) -> Kleene:
    origin = state.text("access_point.network_origin")
    if isinstance(origin, Unknown):
        return origin
    if origin is None or origin.upper() != "VPC":
        return True
    vpc, wanted = request.lookup("aws:sourcevpc"), state.text("access_point.vpc_id")
    for value in (vpc, wanted):
        if isinstance(value, Unknown):
            return value
    return vpc is not None and vpc == wanted


def _granted(
    action: str,
    target: Target,
    callers: Callers,
    policies: list[tuple[PolicySet, str]],
    result: Result,
) -> Kleene:
    """Step 6: R-EVAL 5 to 7, R-EVAL-X, -A, -S and R-S3-7 to R-S3-10."""
    request, state = callers.request, callers.state
    boundary, session = callers.limits(action, target.arn)
    identity = identity_weight(callers.identity, action, target.arn, request)
    mine = _Side(callers, identity, boundary, session, result)
    if not policies:
        own = s3.in_account(request, target.account or request.principal.account, "resource")
        return mine.own_side(own)
    answers = []
    for slot, arn in policies:
        grants = resource_grants(
            slot, action, arn, request, star_is_direct=_star_is_direct(callers)
        )
        if slot.slot == "bucket.policy":
            answers.append(_bucket_side(action, target, mine, slot, grants))
        else:
            holder = f"{slot.slot.rpartition('.')[0]}.account"
            account = state.text(holder) if holder != ".account" else target.account
            own = s3.in_account(request, account, holder)
            if slot.slot == "access_point.policy":
                grants = mine.restricted(slot, grants, own, access_point=True)
            answers.append(mine.side(grants, None, own))
    return all_of(*answers)


def _star_is_direct(callers: Callers) -> Kleene:
    """`*` does not name a federated user's session that has no session policy."""
    if callers.request.principal.kind != "FederatedUser":
        return True
    return callers.session.present


def _bucket_side(
    action: str, target: Target, mine: "_Side", slot: PolicySet, grants: Grants
) -> Kleene:
    request, state = mine.callers.request, mine.callers.state
    point = target.through_access_point
    owner = s3.in_account(request, state.text("bucket.owner_account"), "bucket.owner_account")
    grants = mine.restricted(slot, grants, owner, access_point=point)
    acl = s3.acl_weight(state, request, action, access_point=point)
    mine.result.voided += acl.voided
    _restrict_acl(mine, slot, acl, owner, point)
    if not target.key or action in s3.BUCKET_CONTEXT:
        answer = mine.side(grants, acl, owner)
        if action in s3.DELETES and mine.callers.request.readings is not None:
            answer = _third_party_delete(answer, mine, grants, acl, owner)
        if action in s3.INITIATOR:
            answer = any_of(answer, _initiated(request, state))
        return answer
    foreign = s3.object_is_foreign(state)
    if foreign is False:
        return mine.side(grants, acl, owner)
    theirs = s3.owns_object(state, request)
    nothing = Grants()
    if foreign is True:
        by = "object.owner_account: the bucket policy grants nothing on it"
        mine.result.voided += [{"grant": label, "by": by} for label in grants.labels]
        return mine.side(nothing, acl, theirs)
    return choose(foreign, mine.side(nothing, acl, theirs), mine.side(grants, acl, owner))


def _restrict_acl(
    mine: "_Side", slot: PolicySet, acl: s3.AclWeight, owner: Kleene, point: bool
) -> None:
    """A4: the other reading voids ACL grants too while the public policy is restricted."""
    request = mine.callers.request
    if acl.any is False or owner is True or request.principal.kind == "AWSService":
        return
    applies, _ = s3.restricts(mine.callers.state, request, slot, access_point=point)
    if applies is False or request.readings.default("A4"):
        return
    for weight in (acl.everyone, acl.signed, acl.account):
        weight.answer = all_of(weight.answer, any_of(owner, negate(applies)))


def _third_party_delete(
    answer: Kleene, mine: "_Side", grants: Grants, acl: s3.AclWeight, owner: Kleene
) -> Kleene:
    """A13: a third party deletes a foreign-owned object under a bucket-policy Allow."""
    state, request = mine.callers.state, mine.callers.request
    if answer is False or owner is True or grants.any is False:
        return answer
    theirs = s3.owns_object(state, request) if state.object or state.hidden("object") else False
    third = all_of(s3.object_is_foreign(state), negate(owner), negate(theirs))
    if third is False or request.readings.default("A13"):
        return answer
    return choose(third, mine.side(Grants(), acl, owner), answer)


def _initiated(request: Request, state: State) -> Kleene:
    """The initiator of a multipart upload may list its parts and abort it without a grant."""
    upload = state.given.get("multipart_upload")
    if state.hidden("multipart_upload") or "multipart_upload" not in state.given:
        return Unknown("multipart_upload.initiator")
    initiator = upload.get("initiator") if isinstance(upload, dict) else None
    return initiator is not None and initiator == request.principal.arn


class _Side:
    """The caller's side, to be joined with each resource side in turn."""

    __slots__ = ("boundary", "callers", "identity", "own", "result", "session")

    def __init__(
        self,
        callers: Callers,
        identity: Weight,
        boundary: Kleene,
        session: Kleene,
        result: Result,
    ) -> None:
        self.callers = callers
        self.identity = identity
        self.boundary = boundary
        self.session = session
        self.own = all_of(identity.answer, boundary, session)
        self.result = result
        if identity.answer is True:
            self._void_own()

    def _void_own(self) -> None:
        for by, answer in (
            ("permissions_boundary", self.boundary),
            ("session_policies", self.session),
        ):
            if answer is False:
                self.result.voided += [{"grant": g, "by": by} for g in self.identity.labels]

    def own_side(self, own: Kleene) -> Kleene:
        """Where no resource policy exists: identity policies of the resource's account."""
        if self.callers.request.principal.kind == "Root":
            return own
        self._path([], own_side=True, answer=all_of(self.own, own))
        return all_of(self.own, own)

    def restricted(
        self, slot: PolicySet, grants: Grants, owner: Kleene, *, access_point: bool
    ) -> Grants:
        """The grants that RestrictPublicBuckets leaves to this caller."""
        callers = self.callers
        request, state = callers.request, callers.state
        if grants.any is False or owner is True or request.principal.kind == "AWSService":
            return grants
        if access_point:
            point = state.text("access_point.account")
            owner = any_of(owner, s3.in_account(request, point, "access_point.account"))
        applies, on = s3.restricts(state, request, slot, access_point=access_point)
        keeps = any_of(owner, negate(applies))
        if keeps is True:
            return grants
        if keeps is False:
            self.result.voided += [{"grant": label, "by": on} for label in grants.labels]
            return Grants()
        return Grants(
            *(Weight(all_of(w.answer, keeps)) for w in (grants.direct, grants.role, grants.account))
        )

    def side(self, grants: Grants, acl: s3.AclWeight | None, own: Kleene) -> Kleene:
        """The resource side and the caller's side, for a caller of the owner's account or not."""
        kind = self.callers.request.principal.kind
        everyone = acl.everyone.answer if acl else False
        signed = acl.signed.answer if acl else False
        account = acl.account.answer if acl else False
        labels = grants.labels + (acl.labels if acl else [])
        if kind in ("Anonymous", "AWSService"):
            answer = any_of(grants.direct.answer, everyone, account)
            self._path(labels, own_side=False, answer=answer)
            return answer
        resource = any_of(grants.any, everyone, signed, account)
        if kind == "Root":
            answer = any_of(own, resource)
            self._path(["account root"] if own is True else labels, own_side=False, answer=answer)
            return answer
        same = self._same_account(grants, any_of(everyone, signed)) if own is not False else False
        cross = self._cross_account(resource, everyone) if own is not True else False
        answer = choose(own, same, cross)
        direct = grants.direct.labels + grants.role.labels
        if own is True:
            direct += [*acl.everyone.labels, *acl.signed.labels] if acl else []
            self._path(direct, own_side=False, answer=any_of(answer))
            self._path([], own_side=True, answer=all_of(answer, self.own))
        else:
            self._path(labels, own_side=True, answer=answer)
        return answer

    def _same_account(self, grants: Grants, acl: Kleene) -> Kleene:
        direct = grants.direct.answer
        # A1: do session policies limit a grant that names the session itself, or everybody?
        if direct is not False and self.session is not True:
            limited = self.callers.request.principal.kind in ("AssumedRole", "FederatedUser")
            if limited and not self.callers.request.readings.default("A1"):
                direct = all_of(direct, self.session)
        role = all_of(grants.role.answer, self.boundary, self.session)
        return any_of(direct, role, self.own, acl)

    def _cross_account(self, resource: Kleene, everyone: Kleene) -> Kleene:
        if self.callers.request.principal.account == "cloudfront":
            return resource  # an origin access identity has no policies of its own
        # A9: does an AllUsers grant need the caller's identity side too?
        open_to_all = everyone is not False and self.own is not True
        if open_to_all and not self.callers.request.readings.default("A9"):
            return any_of(everyone, all_of(self.own, resource))
        return all_of(self.own, resource)

    def _path(self, labels: list[str], *, own_side: bool, answer: Kleene) -> None:
        """Book how it is allowed: each resource grant, with each identity grant if needed."""
        if answer is not True:
            return
        paths = self.result.paths
        if not own_side:
            paths += [(label,) for label in labels]
            return
        for mine in self.identity.labels:
            paths += [(mine, label) for label in labels] if labels else [(mine,)]
            if len(paths) > _PATHS:
                break
