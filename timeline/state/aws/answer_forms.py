"""Forms of answers about one resource, which the request named: what slots they show.

The body as it came over the wire (XML as objects by element name), or as the provider's
command-line tool writes it. Source: `collection.md` section 1; the API references.
"""

from collections.abc import Callable, Mapping

from timeline.model import Json
from timeline.state.aws import kms, multi_region, reads, s3_documents, undecided
from timeline.state.aws import organization_answers as organization
from timeline.state.aws.context import bucket_uid, text_at
from timeline.state.aws.endpoints import endpoint_uid
from timeline.state.aws.record import Unreadable, document, many, mapping, statements, text, truth
from timeline.state.aws.s3 import FLAGS, flag_slot
from timeline.state.aws.seen import Seen, Shown
from timeline.state.ledger import EXISTENCE, Atoms, Observation, scalar

BUCKETS = "aws.s3.buckets"
GRANTS = "aws.kms.grants"


def observations(one: Seen) -> list[Observation]:
    """What an answer shows, or proves absent.

    Raises:
        Unreadable: it is of another form.
    """
    error = text_at(one.body.get("Error"), "Code")
    if error == "NoSuchBucket":
        return [one.observation(one.about, EXISTENCE, {}, error)]
    if error in (organization.NOT_IN_USE, organization.NO_EFFECTIVE) and one.kind in _NOTHING:
        return [one.observation(*shown, error) for shown in _NOTHING[one.kind](one)]
    if error is not None:
        meant, slots = ABSENT.get(one.kind, ("", ()))
        if error != meant:
            raise Unreadable(f"expected an answer, found the error {error}")
        return [one.observation(one.about, slot, atoms, error) for slot, atoms in slots]
    return [one.observation(*shown) for shown in READERS[one.kind](one)]


def _statements(value: Json) -> Atoms:
    return statements(document(value))


def _root(one: Seen, name: str) -> Mapping[str, Json]:
    """Content of the root element; an empty element is an empty object.

    Raises:
        Unreadable: the root is another one.
    """
    if name not in one.body:
        raise Unreadable(f"expected {name}, found {', '.join(sorted(one.body)) or 'nothing'}")
    return mapping(one.body[name])


def _bucket_policy(one: Seen) -> tuple[Shown, ...]:
    whole = dict(one.body)
    written: Json = whole if "Statement" in whole else whole.get("Policy")
    return ((one.about, "policy", _statements(written)),)


def _flags(uid: str, body: Mapping[str, Json]) -> tuple[Shown, ...]:
    return tuple((uid, flag_slot(name), scalar(truth(body.get(name)))) for name in FLAGS)


def _block(one: Seen) -> tuple[Shown, ...]:
    return _flags(one.about, _root(one, "PublicAccessBlockConfiguration"))


def _ownership(one: Seen) -> tuple[Shown, ...]:
    controls = _root(one, "OwnershipControls")
    rules = many(controls.get("Rule", controls.get("Rules")))
    named = text_at(rules[0], "ObjectOwnership") if len(rules) == 1 else None
    if named is None:
        raise Unreadable(f"expected one rule with ObjectOwnership, found {len(rules)} rules")
    return ((one.about, "ownership", scalar(named)),)


def _request_payment(one: Seen) -> tuple[Shown, ...]:
    payer = text(_root(one, "RequestPaymentConfiguration").get("Payer"))
    if payer not in ("Requester", "BucketOwner"):
        raise Unreadable(f"expected Payer Requester or BucketOwner, found {payer}")
    return ((one.about, "requester_pays", scalar(payer == "Requester")),)


def _versioning(one: Seen) -> tuple[Shown, ...]:
    status = text(_root(one, "VersioningConfiguration").get("Status"))
    return ((one.about, "versioning", scalar(status) if status else {}),)


def _logging(one: Seen) -> tuple[Shown, ...]:
    enabled = mapping(_root(one, "BucketLoggingStatus").get("LoggingEnabled"))
    return ((one.about, "logging", scalar(enabled) if enabled else {}),)


def _encryption(one: Seen) -> tuple[Shown, ...]:
    body = _root(one, "ServerSideEncryptionConfiguration")
    rules = many(body.get("Rule", body.get("Rules")))
    rule = mapping(mapping(rules[0]).get("ApplyServerSideEncryptionByDefault")) if rules else {}
    algorithm = text(rule.get("SSEAlgorithm"))
    if algorithm is None:
        raise Unreadable("expected SSEAlgorithm in the rule, found none")
    value: Json = {"algorithm": algorithm, "key": text(rule.get("KMSMasterKeyID"))}
    return ((one.about, "encryption", scalar(value)),)


def _access_point(one: Seen) -> tuple[Shown, ...]:
    body = mapping(one.body.get("GetAccessPointResult", dict(one.body)))
    bucket = text(body.get("Bucket"))
    if bucket is None:
        raise Unreadable("expected the bucket of an access point, found none")
    vpc = text_at(body.get("VpcConfiguration"), "VpcId")
    return (
        (one.about, "bucket", scalar(bucket)),
        (one.about, "vpc", scalar(vpc) if vpc else {}),
        *_flags(one.about, mapping(body.get("PublicAccessBlockConfiguration"))),
    )


def _access_point_policy(one: Seen) -> tuple[Shown, ...]:
    body = mapping(one.body.get("GetAccessPointPolicyResult", dict(one.body)))
    return ((one.about, "policy", _statements(body.get("Policy"))),)


def _policy_version(one: Seen) -> tuple[Shown, ...]:
    """The request names the policy as `arn/version`; the answer names the version."""
    version = mapping(one.body.get("PolicyVersion"))
    name, arn = text(version.get("VersionId")), one.about
    if name is None or not arn.endswith(f"/{name}"):
        raise Unreadable(f"expected a version of {arn}, found {name}")
    uid = arn.removesuffix(f"/{name}")
    shown: list[Shown] = [(uid, f"version/{name}", _statements(version.get("Document")))]
    if truth(version.get("IsDefaultVersion")):
        shown.append((uid, "default_version", scalar(name)))
    return tuple(shown)


def _key_policy(one: Seen) -> tuple[Shown, ...]:
    """The request names the key as `arn/default`; the provider has no other name."""
    return ((one.about.removesuffix("/default"), "policy", _statements(one.body.get("Policy"))),)


def _key(one: Seen) -> tuple[Shown, ...]:
    data = mapping(one.body.get("KeyMetadata"))
    arn, enabled = text(data.get("Arn")), data.get("Enabled")
    if arn is None or enabled is None:
        raise Unreadable("expected Arn and Enabled in KeyMetadata, found neither or one")
    return ((arn, "enabled", scalar(truth(enabled))),)


def grants(one: Seen) -> tuple[Shown, ...]:
    """Grants on the key that the request named."""
    if not isinstance(one.body.get("Grants"), list):
        raise Unreadable("expected the list Grants, found none")
    shown: list[Shown] = []
    for entry in many(one.body["Grants"]):
        body = mapping(entry)
        name = text(body.get("GrantId"))
        if name is None:
            raise Unreadable("expected GrantId in a grant, found none")
        shown.append((one.about, f"grant/{name}", kms.granted(body)))
    return tuple(shown)


def _endpoints(one: Seen) -> tuple[Shown, ...]:
    """One without a document lets everything through; the answer of the provider spells it out."""
    shown: list[Shown] = []
    for entry in many(one.body.get("vpcEndpointSet")):
        body = mapping(entry)
        name, written = text(body.get("vpcEndpointId")), body.get("policyDocument")
        if name is None:
            raise Unreadable("expected vpcEndpointId, found none")
        vpc = text(body.get("vpcId"))
        shown.append((endpoint_uid(name), "policy", _statements(written) if written else {}))
        shown.append((endpoint_uid(name), "vpc", scalar(vpc)))
    return tuple(shown)


def _buckets(one: Seen) -> tuple[Shown, ...]:
    """Presence alone: names of buckets do not say whose they are, so a listing is of no prefix."""
    if "Buckets" not in mapping(one.body.get("ListAllMyBucketsResult", dict(one.body))):
        raise Unreadable("expected the list Buckets, found none")
    return tuple((bucket_uid(name), EXISTENCE, scalar(value=True)) for name, _ in listing(one))


def listing(one: Seen) -> tuple[tuple[str, str | None], ...]:
    """(name, date of creation) of every bucket of a listing."""
    root = mapping(one.body.get("ListAllMyBucketsResult", dict(one.body)))
    listed = root.get("Buckets")
    entries = many(listed["Bucket"] if isinstance(listed, dict) and "Bucket" in listed else listed)
    pairs = [(text_at(each, "Name"), text_at(each, "CreationDate")) for each in entries]
    return tuple((name, created) for name, created in pairs if name is not None)


READERS: dict[str, Callable[[Seen], tuple[Shown, ...]]] = {
    "aws.s3.policy": _bucket_policy,
    "aws.s3.public_access_block": _block,
    "aws.s3.ownership": _ownership,
    "aws.s3.request_payment": _request_payment,
    "aws.s3.versioning": _versioning,
    "aws.s3.logging": _logging,
    "aws.s3.encryption": _encryption,
    "aws.s3.access_point": _access_point,
    "aws.s3.access_point_policy": _access_point_policy,
    "aws.iam.policy_version": _policy_version,
    "aws.kms.key_policy": _key_policy,
    "aws.kms.key": _key,
    GRANTS: grants,
    organization.ORGANIZATION_KIND: organization.organization,
    organization.ROOTS: organization.roots,
    organization.UNITS: organization.children,
    organization.ACCOUNTS: organization.children,
    organization.PARENTS: organization.parents,
    organization.POLICY_KIND: organization.policy,
    organization.TARGETS: organization.targets,
    organization.ATTACHED: organization.attached,
    organization.EFFECTIVE_KIND: organization.effective,
    "aws.ec2.vpc_endpoints": _endpoints,
    BUCKETS: _buckets,
    **s3_documents.READERS,
    **undecided.READERS,
    **multi_region.READERS,
}

#: Kinds of which an error says more than that there is nothing.
_NOTHING = {
    organization.ORGANIZATION_KIND: organization.in_none,
    organization.EFFECTIVE_KIND: organization.no_effective,
}

#: Kind -> error that proves absence of exactly what was asked, and what the slots then hold.
ABSENT: dict[str, tuple[str, tuple[tuple[str, Atoms], ...]]] = {
    "aws.s3.policy": reads.ABSENT["GetBucketPolicy"],
    "aws.s3.public_access_block": reads.ABSENT["GetBucketPublicAccessBlock"],
    "aws.s3.ownership": reads.ABSENT["GetBucketOwnershipControls"],
    "aws.s3.encryption": (
        "ServerSideEncryptionConfigurationNotFoundError",
        (("encryption", {}),),
    ),
    "aws.s3.access_point_policy": ("NoSuchAccessPointPolicy", (("policy", {}),)),
    **s3_documents.ABSENT,
    **undecided.ABSENT,
}
