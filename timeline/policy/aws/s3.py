"""The S3 rules: which action asks what of whom, access control lists, Block Public Access.

References: S3 User Guide, acl-overview, about-object-ownership,
access-control-block-public-access, access-control-auth-workflow-bucket-operation and
-object-operation, RequesterPaysBuckets.
"""

from dataclasses import dataclass

import msgspec

from timeline.policy.aws.context import Request, in_account
from timeline.policy.aws.public import policy_is_public
from timeline.policy.aws.slots import (
    ALL_USERS,
    ENFORCED,
    LOG_DELIVERY,
    SIGNED_USERS,
    Acl,
    AclGrant,
    PolicySet,
    State,
)
from timeline.policy.aws.weigh import NOTHING, Weight
from timeline.policy.kleene import Kleene, Unknown, all_of, any_of, both, either, negate, pending

#: Only an identity policy grants these; there is no bucket yet, or none in particular.
IDENTITY_ONLY = frozenset(
    (
        "s3:listallmybuckets",
        "s3:createbucket",
        "s3:putaccountpublicaccessblock",
        "s3:getaccountpublicaccessblock",
        "s3:listaccesspoints",
        "s3:createaccesspoint",
        "s3:createjob",
        "s3:listjobs",
    )
)
#: Refused to everybody outside the owner's account, whatever the policy says (R-S3-19).
OWNER_ONLY = frozenset(
    (
        "s3:getbucketpolicy",
        "s3:putbucketpolicy",
        "s3:deletebucketpolicy",
        "s3:putbucketlogging",
        "s3:getbucketrequestpayment",
    )
)
#: The owner account's root may always do these, even against the bucket policy's own Deny.
ROOT_ALWAYS = frozenset(("s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"))
#: Object actions that the bucket's side decides, whoever owns the object (R-S3-9).
BUCKET_CONTEXT = frozenset(
    (
        "s3:putobject",
        "s3:deleteobject",
        "s3:deleteobjectversion",
        "s3:restoreobject",
        "s3:getobjecttagging",
        "s3:putobjecttagging",
        "s3:deleteobjecttagging",
        "s3:getobjectversiontagging",
        "s3:putobjectversiontagging",
        "s3:deleteobjectversiontagging",
        "s3:abortmultipartupload",
        "s3:listmultipartuploadparts",
    )
)
#: Actions that the initiator of the upload holds without a grant.
INITIATOR = frozenset(("s3:abortmultipartupload", "s3:listmultipartuploadparts"))
DELETES = frozenset(("s3:deleteobject", "s3:deleteobjectversion"))
#: Bucket ACL permission -> actions (R-S3-10). READ never gives GetObject.
BUCKET_ACL = {
    "s3:listbucket": "READ",
    "s3:listbucketversions": "READ",
    "s3:listbucketmultipartuploads": "READ",
    "s3:putobject": "WRITE",
    "s3:deleteobject": "WRITE",
    "s3:deleteobjectversion": "WRITE",
    "s3:getbucketacl": "READ_ACP",
    "s3:putbucketacl": "WRITE_ACP",
}
OBJECT_ACL = {
    "s3:getobject": "READ",
    "s3:getobjectversion": "READ",
    "s3:getobjecttorrent": "READ",
    "s3:getobjectacl": "READ_ACP",
    "s3:getobjectversionacl": "READ_ACP",
    "s3:putobjectacl": "WRITE_ACP",
    "s3:putobjectversionacl": "WRITE_ACP",
}
#: Canonical id that owns what anonymous callers upload (access-control-overview).
ANONYMOUS_ID = "65a011a29cdf8ec533ec3d1ccaae921c"


@dataclass(slots=True)
class AclWeight:
    """ACL grants that cover the action.

    Attributes:
        everyone: AllUsers.
        signed: AuthenticatedUsers, for a caller with an account.
        account: the caller's canonical id, or the log delivery group for its service.
        voided: grants made void, with what voided them.
    """

    everyone: Weight
    signed: Weight
    account: Weight
    voided: list[dict[str, str]]

    @property
    def any(self) -> Kleene:
        """An ACL grant in one way or another."""
        if self is NO_ACL:
            return False
        return either(either(self.everyone.answer, self.signed.answer), self.account.answer)

    @property
    def labels(self) -> list[str]:
        """All labels."""
        return [*self.everyone.labels, *self.signed.labels, *self.account.labels]


#: Shared: no ACL grant covers the action.
NO_ACL = AclWeight(NOTHING, NOTHING, NOTHING, [])


def effective_flag(
    state: State, request: Request, name: str, *, access_point: bool
) -> tuple[Kleene, str]:
    """A Block Public Access flag after the account, organization and access point (R-S3-0).

    Returns:
        The flag, and where it is on, if it is: the bucket is named before the account.
    """
    bucket = state.flag("bucket", name)
    point = state.flag("access_point", name) if access_point else False
    if bucket is True or point is True:
        # Where the account's flag cannot matter, its ambiguity is not met either.
        holder = "bucket" if bucket is True else "access_point"
        return True, f"{holder}.public_access_block.{name}"
    account = account_flag(state, request, name)
    return either(either(account, bucket), point), f"account_public_access_block.{name}"


def account_flag(state: State, request: Request, name: str) -> Kleene:
    """The flag for the bucket owner's account: an organization's S3 policy overrides it."""
    hidden = state.hidden("organization_s3_policy", within=True)
    account = state.flag("", name)
    if hidden is not None:
        return hidden
    policy = state.given.get("organization_s3_policy")
    if policy is None:
        return account
    setting = _organization_setting(policy)
    if setting == "all":
        return True
    if setting == "none":
        if account is False:
            return False
        return False if request.readings.default("A7") else account
    return Unknown("organization_s3_policy")


def _organization_setting(policy: object) -> object:
    """`all` or `none`, out of the organization's S3 policy document or given as such."""
    if isinstance(policy, str) and policy.lstrip().startswith("{"):
        try:
            policy = msgspec.json.decode(policy)
        except msgspec.DecodeError:
            return None
    for name in ("s3_attributes", "public_access_block_configuration", "@@assign"):
        if isinstance(policy, dict) and name in policy:
            policy = policy[name]
    return policy


def object_is_foreign(state: State) -> Kleene:
    """Whether the object belongs to another than the bucket's owner (R-S3-4)."""
    hidden = state.hidden("object")
    ownership = state.ownership()
    if ownership == ENFORCED or (not state.object and hidden is None):
        return False
    differs = _owners_differ(state) if hidden is None else hidden
    if differs is False or isinstance(ownership, str):
        return differs
    return all_of(differs, ownership)


def _owners_differ(state: State) -> Kleene:
    theirs, ours = state.text("object.owner_account"), state.text("bucket.owner_account")
    if isinstance(theirs, str) and isinstance(ours, str):
        return theirs != ours
    their_id, our_id = state.canonical_id("object"), state.canonical_id("bucket")
    if isinstance(their_id, str) and isinstance(our_id, str):
        return their_id != our_id
    unknown = [u for u in (theirs, ours, their_id, our_id) if isinstance(u, Unknown)]
    return all_of(*unknown) if unknown else Unknown("object.owner_account")


def restricts(
    state: State, request: Request, policies: PolicySet, *, access_point: bool
) -> tuple[Kleene, str]:
    """Whether RestrictPublicBuckets voids the grants of this public policy (R-S3-12).

    Returns:
        Whether it does, for a caller outside the owner's account, and where the flag is on.
    """
    flag, on = effective_flag(state, request, "RestrictPublicBuckets", access_point=access_point)
    if flag is False:
        return False, on
    of_point = policies.slot.startswith("access_point")
    if of_point and state.access_point.get("network_origin") == "VPC":
        return False, on
    public = any_of(
        *(
            policy_is_public(document, access_point=of_point, readings=request.readings)
            for _, document in policies.documents
        ),
        pending(policies.further),
    )
    return both(flag, public), on


def acl_weight(state: State, request: Request, action: str, *, access_point: bool) -> AclWeight:
    """Grants of the ACL that covers this action, after the gates (R-S3-10, R-S3-11)."""
    holder = "bucket" if action in BUCKET_ACL else "object"
    permission = BUCKET_ACL.get(action) or OBJECT_ACL.get(action)
    if permission is None:
        return NO_ACL
    if holder == "object" and not state.object and state.hidden("object") is None:
        return NO_ACL
    acl = state.acl(holder)
    fitting = [g for g in acl.grants if g.permission in (permission, "FULL_CONTROL")]
    if not fitting and acl.further is None:
        return NO_ACL
    ownership = state.ownership()
    enabled: Kleene = ownership != ENFORCED if isinstance(ownership, str) else ownership
    ignored: Kleene = False
    on = ""
    if enabled is not False:
        ignored, on = effective_flag(state, request, "IgnorePublicAcls", access_point=access_point)
    found = AclWeight(Weight(), Weight(), Weight(), [])
    ignore_all = _ignores_all(acl, ignored, fitting, request)
    for grant in fitting:
        label = f"{acl.slot} {grant.label}"
        counts = both(enabled, negate(ignored if grant.public else ignore_all))
        if permission == "WRITE" and counts is not False and _may_mean(request, grant):
            counts = both(counts, _write_reaches(state, request, action))
        matched = _add_grant(found, state, request, holder, grant, counts, label)
        if matched and enabled is False:
            found.voided.append({"grant": label, "by": f"bucket.ownership {ENFORCED}"})
        elif matched and grant.public and ignored is True:
            found.voided.append({"grant": label, "by": on})
    if acl.further is not None:
        further = all_of(acl.further, enabled)
        public = all_of(further, negate(ignored))
        found.everyone.add(public, acl.slot)
        found.signed.add(public, acl.slot)
        found.account.add(all_of(further, _may_be_named(state, request, holder)), acl.slot)
    return found


def _may_be_named(state: State, request: Request, holder: str) -> Kleene:
    """Whether a grant to a canonical id may mean the caller: anonymous ones own what they put."""
    if request.principal.kind != "Anonymous":
        return True
    if holder == "bucket":
        return False
    owner = state.canonical_id("object")
    if isinstance(owner, Unknown):
        return owner
    if owner is None and not isinstance(state.text("object.owner_account"), str):
        return Unknown("object.owner_account")
    return owner == ANONYMOUS_ID


def _ignores_all(acl: Acl, ignored: Kleene, fitting: list[AclGrant], request: Request) -> Kleene:
    """A2: whether the flag also takes the other grants of an ACL that holds a public one."""
    if ignored is False or all(grant.public for grant in fitting):
        return False
    holds_public: Kleene = any(grant.public for grant in acl.grants)
    if holds_public is False:
        holds_public = pending(acl.further)
    if holds_public is False or request.readings.default("A2"):
        return False
    return all_of(ignored, holds_public)


def _add_grant(
    found: AclWeight,
    state: State,
    request: Request,
    holder: str,
    grant: AclGrant,
    counts: Kleene,
    label: str,
) -> bool:
    """Book the grant where it matches the caller; returns whether it (possibly) matches."""
    who = request.principal
    if grant.group and grant.grantee == ALL_USERS:
        if who.kind == "AWSService":
            return False
        found.everyone.add(counts, label)
        return True
    if grant.group and grant.grantee == SIGNED_USERS:
        if not who.signed:
            return False
        found.signed.add(counts, label)
        return True
    if grant.group:
        if grant.grantee != LOG_DELIVERY or who.service != "logging.s3.amazonaws.com":
            return False
        found.account.add(counts, label)
        return True
    matches = is_canonical(state, request, grant.grantee)
    if matches is True:
        matches = _may_be_named(state, request, holder)
    found.account.add(all_of(counts, matches), label)
    return matches is not False


def is_canonical(state: State, request: Request, canonical: str) -> Kleene:
    """Whether the canonical id is that of the caller's account."""
    who = request.principal
    if who.kind == "Anonymous":
        return canonical == ANONYMOUS_ID
    if not who.signed or canonical == ANONYMOUS_ID:
        return False
    if who.canonical_id is not None:
        return who.canonical_id == canonical
    for holder in ("bucket", "object"):
        if canonical == state.canonical_id(holder):
            owner = state.text(f"{holder}.owner_account")
            if isinstance(owner, str) and who.account is not None:
                return owner == who.account
    return Unknown("request.principal.canonical_id")


def _may_mean(request: Request, grant: AclGrant) -> bool:
    """False only of a canonical id that is certainly another's."""
    who = request.principal
    return grant.group or who.canonical_id is None or who.canonical_id == grant.grantee


def _write_reaches(state: State, request: Request, action: str) -> Kleene:
    """WRITE creates new keys; over existing ones it reaches only their owner or the bucket's."""
    bucket_owner = in_account(request, state.text("bucket.owner_account"), "bucket.owner_account")
    if bucket_owner is True:
        return True
    hidden = state.hidden("object")
    if hidden is not None:
        reaches: Kleene = hidden
    elif state.object:
        reaches = owns_object(state, request)
    else:
        reaches = action not in DELETES
    # A21: acl-overview limits overwrites so; the older text and the S3 Control API page say "any
    # object in the bucket", and a server that was measured does so.
    if reaches is not True and not request.readings.default("A21"):
        return True
    return any_of(bucket_owner, reaches)


def owns_object(state: State, request: Request) -> Kleene:
    """Whether the caller's account owns the object."""
    who = request.principal
    if who.signed:
        account = state.text("object.owner_account")
        if isinstance(account, str) and who.account is not None:
            return account == who.account
    owner = state.canonical_id("object")
    if isinstance(owner, str):
        return is_canonical(state, request, owner)
    if isinstance(owner, Unknown):
        return owner
    if not who.signed and isinstance(state.text("object.owner_account"), str):
        return False
    return Unknown("object.owner_account")
