"""What the provider calls a public policy (R-S3-2).

Reference: S3 User Guide, access-control-block-public-access, "The meaning of public".
"""

from timeline.policy.aws.conditions import Condition
from timeline.policy.aws.conditions.addresses import network
from timeline.policy.aws.context import Readings
from timeline.policy.aws.language import Document, Statement, compile_document
from timeline.policy.kleene import Kleene, Unknown, any_of

#: Keys whose fixed values keep a statement from being public.
PINS = frozenset(
    (
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principalservicename",
        "aws:sourcearn",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceowner",
        "aws:sourceaccount",
        "aws:userid",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:dataaccesspointarn",
        "s3:dataaccesspointaccount",
    )
)
#: Operators that can pin: positive, and false where the key is missing.
PINNING = frozenset(
    ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress")
)
#: A6: the older text counts only statements that allow one of these.
BAD_ACTIONS = ("get", "list", "put", "delete", "abortmultipartupload", "restoreobject")
_WIDEST = {4: 8, 6: 32}


def policy_is_public(
    document: object, *, access_point: bool = False, readings: Readings | None = None
) -> Kleene:
    """Whether any Allow statement is public. Deny statements never change that.

    Args:
        document: policy as an object or as its JSON text; None = no policy.
        access_point: whether it is an access point's policy.
        readings: of the ambiguities A5 and A6; the register's defaults if None.
    """
    if document is None:
        return False
    compiled = document if isinstance(document, Document) else compile_document(document)
    if compiled.problem:
        return Unknown(f"malformed policy: {compiled.problem}")
    taken = readings or Readings()
    return any_of(*(_is_public(s, access_point, taken) for s in compiled.allows))


def _is_public(statement: Statement, access_point: bool, readings: Readings) -> Kleene:
    if statement.problem or statement.principals is None:
        return Unknown(f"malformed statement {statement.label}: {statement.problem or 'principal'}")
    named = statement.principals
    if not (named.everyone or named.federated or statement.not_principal):
        return False
    unread: Kleene = False
    for condition in statement.conditions:
        if condition.problem:
            unread = any_of(unread, Unknown(condition.problem))
        elif _pins(condition, access_point, readings):
            return False
    if not statement.may_allow(BAD_ACTIONS) and not readings.default("A6"):
        return False
    return True if unread is False else unread


def _pins(condition: Condition, access_point: bool, readings: Readings) -> bool:
    if condition.operator not in PINNING or condition.if_exists or not condition.values:
        return False
    if condition.quantifier == "forallvalues":
        return False
    if condition.key == "aws:sourceip":
        return all(_narrow(value) for value in condition.values)
    if condition.key not in PINS or condition.operator == "ipaddress":
        return False
    if all(_fixed(value) for value in condition.values):
        return True
    if condition.key == "aws:userid":
        return all(_fixed(v) or _one_role(v) for v in condition.values) and readings.default("A5")
    if condition.key == "s3:dataaccesspointarn" and not access_point:
        return all(_fixed_account(value) for value in condition.values)
    return False


def _fixed(value: str) -> bool:
    return bool(value) and not any(sign in value for sign in ("*", "?", "${"))


def _one_role(value: str) -> bool:
    """`AROLEID:*`: any session of one role."""
    role, colon, session = value.partition(":")
    return bool(colon) and session == "*" and _fixed(role)


def _fixed_account(value: str) -> bool:
    """An access point ARN whose account is fixed; the name may be a wildcard."""
    fields = value.split(":", 5)
    return len(fields) == 6 and fields[4].isdigit() and fields[5].startswith("accesspoint/")


def _narrow(value: str) -> bool:
    """A network not broader than /8 or /32, or inside the private ranges of RFC 1918."""
    found = network(value)
    return found is not None and found.prefixlen >= _WIDEST[found.version]
