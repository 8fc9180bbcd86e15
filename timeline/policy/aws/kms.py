"""The key of an encrypted object: the same caller needs the key's permission too (R-S3-15).

For a PutObject without the encryption header the bucket's default counts, where the state gives it
as `bucket.default_sse` and `bucket.default_kms_key`; else `object.sse` is taken. Grants on the key
may be given as `kms_grants`: a list of {grantee, operations, constrained}, or as ListGrants returns
them. Where the state names that path as unknown, a refusal for want of a permission is not known
either. A grant under a constraint, to a session or within a boundary decides nothing by itself.

S3 gives the key the ARN of the object as encryption context, or that of the bucket where a bucket
key is used: `object.bucket_key_enabled`, and of an upload the header, else
`bucket.default_bucket_key_enabled`. Where none of them is given, both ARNs are tried.

Resource control policies of a key in another account than the bucket's are `rcps_of_key`.

References: S3 User Guide, UsingKMSEncryption, bucket-key, troubleshoot-403-errors; KMS Developer
Guide, key-policies, policy-conditions, services-s3.
"""

from collections.abc import Mapping

from timeline.policy.aws.callers import Callers, Result, join
from timeline.policy.aws.context import Request, Value, in_account
from timeline.policy.aws.principal import Principal
from timeline.policy.aws.side import Side
from timeline.policy.aws.slots import PolicySet
from timeline.policy.aws.target import Target
from timeline.policy.aws.weigh import identity_weight, resource_denies, resource_grants
from timeline.policy.kleene import Kleene, Unknown, all_of, any_of, choose, negate, pending
from timeline.policy.malformed import MalformedError

NEEDED = {
    "s3:getobject": "kms:decrypt",
    "s3:getobjectversion": "kms:decrypt",
    "s3:listmultipartuploadparts": "kms:decrypt",
    "s3:putobject": "kms:generatedatakey",
}
#: Parts are encrypted under the key of their upload, and read back when it is completed.
_OF_PARTS = ("UploadPart", "UploadPartCopy", "CompleteMultipartUpload")
_GRANTS = "kms_grants"
_HEADER = "s3:x-amz-server-side-encryption"
_NETWORK = (
    "aws:SourceIp",
    "aws:VpcSourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:SecureTransport",
    "aws:UserAgent",
    "aws:Referer",
)
#: Keys that a call of S3 on the caller's behalf has and that no record of ours shows.
_UNSEEN = ("kms:", "aws:calledvia")
_ENCRYPTED_FOR = "kms:encryptioncontext:aws:s3:arn"
_BUCKET_KEY = "bucket_key_enabled"


def key_allows(action: str, target: Target, callers: Callers, result: Result) -> Kleene:
    """Whether the object's key, if it has one, lets the request through."""
    needed, operation = NEEDED.get(action), callers.request.operation
    if needed is None or operation == "HeadObject":
        return True
    if action == "s3:putobject" and operation in _OF_PARTS:
        needed = "kms:decrypt"
    encrypted = _encrypted(action, callers)
    if encrypted is False:
        return True
    answer = _key_answer(needed, action, target, callers, result)
    if answer is False and encrypted is True:
        result.denies.append(f"object.kms_key: no {needed}")
    return choose(encrypted, answer, True)


def _encrypted(action: str, callers: Callers) -> Kleene:
    """Whether the object is, or will be, under a KMS key."""
    header = callers.request.lookup(_HEADER) if action == "s3:putobject" else None
    algorithm = callers.state.text(_slot(action, callers, "sse")) if header is None else header
    if isinstance(algorithm, Unknown):
        return algorithm
    return isinstance(algorithm, str) and "aws:kms" in algorithm


def _slot(action: str, callers: Callers, name: str) -> str:
    """Of an upload the bucket's default encryption counts, where the state holds it."""
    given = "default_sse" in callers.state.bucket
    return f"bucket.default_{name}" if action == "s3:putobject" and given else f"object.{name}"


def _key_answer(
    needed: str, action: str, target: Target, callers: Callers, result: Result
) -> Kleene:
    request, state = callers.request, callers.state
    transport = request.lookup("aws:securetransport")
    secure: Kleene = transport if isinstance(transport, Unknown) else transport != "false"
    if request.principal.kind == "Anonymous" or secure is False:
        return False
    policies = state.policy("kms_key_policy")
    owner = callers.of_owner
    if not policies.documents and policies.further is None:
        return all_of(secure, owner)
    key = _key(action, callers)
    if isinstance(key, Unknown):
        return key
    fields = key.split(":")
    if len(fields) != 6 or not fields[5].startswith("key/"):
        return Unknown("object.kms_key")  # policies name keys, never aliases
    bucket_owner = state.text("bucket.owner_account")
    foreign: Kleene = bucket_owner not in (None, fields[4])
    if isinstance(bucket_owner, Unknown):
        foreign = bucket_owner

    def under(rcps: str, encrypted_for: Value) -> tuple[Kleene, list[str]]:
        seen = _as_the_key_sees_it(request, fields[3], fields[4], encrypted_for)
        return _own_answer(needed, key, fields[4], Callers(seen, state, rcps=rcps), policies)

    def answer(encrypted_for: Value) -> tuple[Kleene, list[str]]:
        if foreign is True:
            return under("rcps_of_key", encrypted_for)
        same, denies = under("rcps", encrypted_for)
        if foreign is False:
            return same, denies
        other, further = under("rcps_of_key", encrypted_for)
        return choose(foreign, other, same), [one for one in denies if one in further]

    given = request.lookup(_ENCRYPTED_FOR)
    own, denies = answer(Unknown(_ENCRYPTED_FOR) if given is None else given)
    if given is None and isinstance(own, Unknown) and _ENCRYPTED_FOR in own.reasons:
        tried = [answer(arn) for arn in _contexts(action, target, callers)]
        if tried:
            (own, denies), (other, _) = tried[0], tried[-1]
            own = choose(Unknown(f"object.{_BUCKET_KEY}"), own, other)
    if own is False:
        result.denies += denies
    return all_of(secure, choose(policies.present, own, owner))


def _contexts(action: str, target: Target, callers: Callers) -> tuple[str, ...]:
    """ARNs that the encryption context may hold: the object's, the bucket's, or either."""
    if target.through_access_point:
        return ()  # no page says which ARN it is there
    bucket, stored = target.bucket_arn.partition("/")[0], target.bucket_arn
    algorithm = callers.state.text(_slot(action, callers, "sse"))
    used: object = callers.state.object.get(_BUCKET_KEY)
    if action == "s3:putobject":
        header = callers.request.lookup(_HEADER)
        algorithm = algorithm if header is None else str(header)
        used = _of_upload(callers)
    elif callers.state.hidden(f"object.{_BUCKET_KEY}") is not None:
        used = None
    if used in (False, "false") or algorithm == "aws:kms:dsse":  # which knows no bucket keys
        return (stored,)
    return (bucket,) if used in (True, "true") else (stored, bucket)


def _of_upload(callers: Callers) -> object:
    """Whether an upload uses a bucket key: by its header, else by its bucket."""
    if callers.request.operation in _OF_PARTS:
        return None  # its header stood on another request
    header = callers.request.lookup(f"{_HEADER}-bucket-key-enabled")
    name = f"default_{_BUCKET_KEY}"
    if header is not None or callers.state.hidden(f"bucket.{name}") is not None:
        return header
    return callers.state.bucket.get(name)


def _own_answer(
    needed: str, key: str, account: str, inside: Callers, policies: PolicySet
) -> tuple[Kleene, list[str]]:
    """R-EVAL with the rule for keys: the key policy must name the caller or its account.

    Returns:
        The answer, and the statements that deny.
    """
    request = inside.request
    denied = inside.denies(needed, key)
    bounded = inside.boundary.present
    join(denied, resource_denies(policies, needed, key, request, bounded=bounded))
    star = request.principal.kind != "FederatedUser" or inside.session.present
    grants = resource_grants(policies, needed, key, request, star_is_direct=star)
    boundary, session = inside.limits(needed, key)
    identity = identity_weight(inside.identity, needed, key, request)
    side = Side(inside, identity, boundary, session, Result(False))
    own = in_account(request, account, "object.kms_key")
    allowed = any_of(side.key_side(grants, own), _granted(needed, inside))
    answer = all_of(negate(denied.answer), inside.organization(needed, key), allowed)
    return answer, denied.labels if denied.answer is True else []


def _granted(needed: str, inside: Callers) -> Kleene:
    """Whether a grant on the key lets the caller do what is needed (KMS Developer Guide, grants).

    A grant needs no identity policy; whether a boundary or session policy limits it is not said.
    """
    state, unclear = inside.state, Unknown(_GRANTS)
    hidden = state.hidden(_GRANTS, within=True)
    operation = needed.partition(":")[2]
    who = inside.request.principal
    names = {who.arn, inside.request.lookup("aws:principalarn")} - {None}
    answers: list[Kleene] = [pending(hidden)]
    for grantee, operations, constrained in map(_grant, _listed(state.given.get(_GRANTS))):
        if operation not in operations:
            continue
        limited = any_of(inside.boundary.present, inside.session.present)
        if grantee is None:
            answers.append(unclear)
        elif grantee in names:
            answers.append(unclear if constrained or limited is not False else True)
        elif who.account == _account(grantee) and _may_mean(grantee, who):
            answers.append(unclear)
    return any_of(*answers)


def _listed(value: object) -> list[object]:
    """Grants as a list, or in the envelope of ListGrants."""
    value = value.get("Grants") if isinstance(value, Mapping) else value
    if value is not None and not isinstance(value, list | tuple):
        raise MalformedError(f"state.{_GRANTS}: expected a list of grants, found {value!r}")
    return list(value or ())


def _grant(value: object) -> tuple[str | None, frozenset[str], bool]:
    """Grantee where it is known, operations in lower case, whether constrained."""
    if not isinstance(value, Mapping):
        raise MalformedError(f"state.{_GRANTS}: expected objects, found {value!r}")
    grantee = value.get("grantee", value.get("GranteePrincipal"))
    operations = value.get("operations", value.get("Operations"))
    if not isinstance(grantee, str | None) or not isinstance(operations, list | tuple):
        raise MalformedError(f"state.{_GRANTS}: expected a grantee and operations, found {value!r}")
    constrained = bool(value.get("constrained") or value.get("Constraints"))
    return grantee, frozenset(str(each).lower() for each in operations), constrained


def _may_mean(grantee: str, who: Principal) -> bool:
    """Whether a grantee of the caller's account may be the caller, or let it in."""
    same_role = who.role is not None and grantee.rpartition("/")[2] == who.role
    return who.arn is None or grantee.endswith(":root") or same_role


def _account(arn: str) -> str:
    """Account field of an ARN; empty if it is none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def _key(action: str, callers: Callers) -> str | Unknown:
    """The key's ARN: the request names it for a new object, the state for an old one."""
    name: Value = None
    if action == "s3:putobject":
        name = callers.request.lookup(f"{_HEADER}-aws-kms-key-id")
    if name is None:
        name = callers.state.text(_slot(action, callers, "kms_key"))
    if isinstance(name, str | Unknown):
        return name
    return Unknown("object.kms_key")


def _as_the_key_sees_it(
    request: Request, region: str, account: str, encrypted_for: Value
) -> Request:
    added: Mapping[str, Value] = {
        "kms:viaservice": f"s3.{region}.amazonaws.com",
        "kms:calleraccount": request.principal.account,
        "aws:viaawsservice": "true",
        _ENCRYPTED_FOR: encrypted_for,
    }
    return request.for_service(added, _NETWORK, _UNSEEN, account)
