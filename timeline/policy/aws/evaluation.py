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

from timeline.policy.aws import kms, s3
from timeline.policy.aws.callers import Callers, Result, join
from timeline.policy.aws.context import Request, in_account
from timeline.policy.aws.refusals import refusals, versioning_is_for_the_owner
from timeline.policy.aws.side import Side
from timeline.policy.aws.slots import PolicySet, State
from timeline.policy.aws.target import Target
from timeline.policy.aws.weigh import (
    NO_GRANTS,
    Grants,
    Weight,
    identity_weight,
    resource_denies,
    resource_grants,
)
from timeline.policy.kleene import Kleene, Unknown, all_of, any_of, choose, negate


def decide_action(action: str, target: Target, request: Request, state: State) -> Result:
    """The numbered procedure of this module for one action.

    Args:
        action: in lower case.
        target: what the request names.
    """
    unsupported = target.unsupported(action)
    if unsupported:
        return Result(Unknown(f"unsupported: {unsupported}"))
    missing = _missing_state(action, target, state)
    if missing is not None:
        return Result(missing)
    callers = Callers(request, state)
    policies = [(state.policy(slot), arn) for slot, arn in target.policies(action)]
    result = Result(False)
    # (1), (3)
    met = request.readings.begin()
    denied = callers.denies(action, target.arn, also=target.bucket_arn)
    _join_resource_denies(denied, policies, action, callers)
    # (2), (4)
    organization = callers.organization(action, target.arn)
    endpoint = _endpoint(action, target, callers, denied)
    # A refusal that rests on no ambiguity makes every ambiguity met later irrelevant.
    refused = denied.answer is True or organization is False or endpoint is False
    decisive = refused and not request.readings.touched
    # (5)
    passes: list[Kleene] = []
    if target.service == "s3":
        passes = refusals(action, target, callers, result, decide_action)
    # (6), (7)
    granted = _granted(action, target, callers, policies, result)
    key = kms.key_allows(action, target, callers, result) if target.service == "s3" else True
    result.explicit = denied.answer is True
    result.denies = denied.labels + result.denies
    result.allowed = all_of(negate(denied.answer), organization, endpoint, *passes, granted, key)
    if action == "s3:getbucketversioning" and result.allowed is not False:
        result.allowed = all_of(result.allowed, versioning_is_for_the_owner(callers))
    request.readings.end(met, forget=decisive)
    if organization is False:
        result.denies.append("scps: a level without Allow")
    if endpoint is False:
        result.denies.append("vpc_endpoint_policy: no Allow")
    return result


def _join_resource_denies(
    denied: Weight, policies: list[tuple[PolicySet, str]], action: str, callers: Callers
) -> None:
    """Denies of the resource's policies; the owner's root is never locked out of the policy."""
    bounded = callers.boundary.present
    for slot, arn in policies:
        weight = resource_denies(slot, action, arn, callers.request, bounded=bounded)
        only: Kleene = True
        if slot.slot == "bucket.policy" and action in s3.ROOT_ALWAYS:
            root = callers.request.principal.kind == "Root"
            only = negate(callers.of_owner) if root else True
        join(denied, weight, only=only)


def _missing_state(action: str, target: Target, state: State) -> Unknown | None:
    """State that the request needs and that was not given: never taken for absent."""
    if action in s3.IDENTITY_ONLY:
        return None
    if target.service == "s3" and not target.bucket and not target.through_access_point:
        return Unknown("request.resource")
    name = state.bucket.get("name")
    if target.service == "s3" and target.bucket and name and target.bucket != name:
        return Unknown(f"state of bucket {target.bucket}")
    if target.through_access_point:
        point, named = target.arn.partition("/object/")[0], state.access_point.get("arn")
        if not state.access_point:
            return Unknown("access_point")
        if named is not None and named != point:
            return Unknown(f"state of access point {point}")
    for slot, _ in target.policies(action) if target.service != "s3" else ():
        if slot not in state.given:
            return Unknown(slot)
    return None


def _endpoint(action: str, target: Target, callers: Callers, denied: Weight) -> Kleene:
    """The endpoint's policy: denies are booked, the Allow is returned (R-S3-17)."""
    request = callers.request
    policies = callers.state.policy("vpc_endpoint_policy")
    if policies.silent:
        return True
    keys = [request.lookup(k) for k in ("aws:sourcevpce", "aws:vpcsourceip", "aws:sourcevpc")]
    through = any_of(*(k if isinstance(k, Unknown) else k is not None for k in keys))
    if through is False:
        return True
    bounded = callers.boundary.present
    deny = resource_denies(policies, action, target.arn, request, bounded=bounded)
    join(denied, deny, only=through)
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
        s.applies(target.arn, request)
        for _, document in policies.documents
        for s in document.allowing(action)
        if s.principals is not None and s.principals.everyone and not s.not_principal
    )
    return any_of(allow.any, *everyone)


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
    mine = Side(callers, identity, boundary, session, result)
    if not policies:
        own = in_account(request, target.account or request.principal.account, "resource")
        return mine.own_side(own)
    answers = []
    for slot, arn in policies:
        grants = resource_grants(
            slot, action, arn, request, star_is_direct=_star_is_direct(callers)
        )
        if slot.slot == "bucket.policy":
            answers.append(_bucket_side(action, target, mine, slot, grants))
        elif slot.slot == "access_point.policy":
            account = state.text("access_point.account")
            account = target.account if account is None else account
            own = in_account(request, account, "access_point.account")
            grants = mine.restricted(slot, grants, callers.of_owner, access_point=True)
            answers.append(mine.side(grants, None, own))
        else:
            own = in_account(request, target.account, "request.resource")
            guarded = target.service in ("kms", "sts")
            side = mine.key_side(grants, own) if guarded else mine.side(grants, None, own)
            answers.append(side)
    return answers[0] if len(answers) == 1 else all_of(*answers)


def _star_is_direct(callers: Callers) -> Kleene:
    """`*` does not name a federated user's session that has no session policy."""
    if callers.request.principal.kind != "FederatedUser":
        return True
    return callers.session.present


def _bucket_side(
    action: str, target: Target, mine: Side, slot: PolicySet, grants: Grants
) -> Kleene:
    request, state = mine.callers.request, mine.callers.state
    point = target.through_access_point
    owner = mine.callers.of_owner
    grants = mine.restricted(slot, grants, owner, access_point=point)
    acl = s3.acl_weight(state, request, action, access_point=point)
    mine.result.voided += acl.voided
    if acl is not s3.NO_ACL:
        _restrict_acl(mine, slot, acl, owner, point)
    if not target.key or action in s3.BUCKET_CONTEXT:
        answer = mine.side(grants, acl, owner)
        if action in s3.DELETES:
            answer = _third_party_delete(answer, mine, grants, acl, owner)
        if action in s3.INITIATOR:
            answer = any_of(answer, _initiated(request, state))
        return answer
    foreign = s3.object_is_foreign(state)
    if foreign is False:
        return mine.side(grants, acl, owner)
    theirs = s3.owns_object(state, request)
    if foreign is True:
        by = "object.owner_account: the bucket policy grants nothing on it"
        mine.result.voided += [{"grant": label, "by": by} for label in grants.labels]
        return mine.side(NO_GRANTS, acl, theirs)
    return choose(foreign, mine.side(NO_GRANTS, acl, theirs), mine.side(grants, acl, owner))


def _restrict_acl(
    mine: Side, slot: PolicySet, acl: s3.AclWeight, owner: Kleene, point: bool
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
    answer: Kleene, mine: Side, grants: Grants, acl: s3.AclWeight, owner: Kleene
) -> Kleene:
    """A13: a third party deletes a foreign-owned object under a bucket-policy Allow."""
    state, request = mine.callers.state, mine.callers.request
    if answer is False or owner is True or grants.any is False:
        return answer
    exists = bool(state.object) or state.hidden("object") is not None
    theirs = s3.owns_object(state, request) if exists else False
    third = all_of(s3.object_is_foreign(state), negate(owner), negate(theirs))
    if third is False or request.readings.default("A13"):
        return answer
    return choose(third, mine.side(NO_GRANTS, acl, owner), answer)


def _initiated(request: Request, state: State) -> Kleene:
    """The initiator of a multipart upload may list its parts and abort it without a grant."""
    upload = state.given.get("multipart_upload")
    if state.hidden("multipart_upload") is not None or "multipart_upload" not in state.given:
        return Unknown("multipart_upload.initiator")
    initiator = upload.get("initiator") if isinstance(upload, dict) else None
    return initiator is not None and initiator == request.principal.arn
