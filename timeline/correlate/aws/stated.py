"""What a record says of the ground of its own outcome, held against the decision.

Neither decides anything: the logged outcome, the mark that an access control list was needed and
the text of a refusal are checks on the evaluator (`access.md` G4, R-S3-14). What disagrees is a
contradiction, which is stored, counted and printed.

Sources: S3 User Guide, "Access control list (ACL) overview" (aclRequired, documented from
2022-11-16) and "Troubleshoot access denied (403 Forbidden) errors" (texts of refusals, given only
within one account or organization).
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from timeline.model import Decision, Verdict
from timeline.normalize.aws.same_request import ACCESS_LOGS

#: Before that day the mark is not documented: its absence says nothing.
MARKED_SINCE = datetime(2022, 11, 16, tzinfo=UTC)
#: Reads that a list can grant (R-S3-10). On writes the mark may mean that one was set.
READS = frozenset(
    {
        "s3:getobject", "s3:getobjectversion", "s3:getobjectacl", "s3:getobjectversionacl",
        "s3:getbucketacl", "s3:listbucket", "s3:listbucketversions",
        "s3:listbucketmultipartuploads",
    }
)  # fmt: skip
_LISTS = ("bucket.acl ", "object.acl ")

_EXPLICIT = re.compile(r"with an explicit deny in an? ([a-zA-Z -]+?)(?: policy)?\s*(?:[.:,(]|$)")
_IMPLICIT = re.compile(r"because no ([a-zA-Z -]+?)(?: policy)? allows ")
#: Kind of policy as a refusal names it -> starts of the labels of its denies.
_KINDS = {
    "identity-based": ("identity_policies",),
    "resource-based": ("bucket.policy", "access_point.policy", "kms_key_policy", "resource_policy"),
    "service control": ("scps",),
    "resource control": ("rcps",),
    "session": ("session_policies",),
    "permissions boundary": ("permissions_boundary",),
    "VPC endpoint": ("vpc_endpoint_policy",),
}


def stated(
    row: Mapping[str, Any], request: Mapping[str, Any], decision: Decision
) -> tuple[str, str] | None:
    """What the record states, and how the decision stands to it; None where it states nothing.

    Args:
        row: `outcome`, `auth_evidence`, `auth_evidence_supplied`, `error_message`, `time` and
            `source` of an access.
        request: of it; one that asks for several actions is not compared.
        decision: on it.

    Returns:
        (`access control list required`, …; `agrees`, `contradicts` or `undetermined`).
    """
    action = request["action"]
    if not isinstance(action, str) or request.get("also") is not None:
        return None
    if row["outcome"] == "success":
        return _of_success(row, action.lower(), decision)
    return _of_refusal(row["error_message"] or "", decision) if row["outcome"] == "denied" else None


def _of_success(row: Mapping[str, Any], action: str, decision: Decision) -> tuple[str, str] | None:
    if action not in READS or row["auth_evidence"] is None:
        return None
    # A second record of the request may say what the first is silent on.
    required = _marked(row["auth_evidence"]) or _marked(row["auth_evidence_supplied"] or "{}")
    # An access log may lack the field where others have a hyphen: its silence is no statement.
    if not required and (row["time"] < MARKED_SINCE or row["source"] in ACCESS_LOGS):
        return None
    words = "access control list required" if required else "no access control list required"
    if decision.verdict is not Verdict.ALLOWED:
        return words, "undetermined"
    without = any(not any(map(_of_list, path)) for path in decision.allow_paths)
    return words, "contradicts" if required == without else "agrees"


@lru_cache(maxsize=4_096)
def _marked(evidence: str) -> bool:
    return bool(json.loads(evidence).get("aclRequired") == "Yes")


def _of_list(label: str) -> bool:
    return label.startswith(_LISTS)


def _of_refusal(message: str, decision: Decision) -> tuple[str, str] | None:
    explicit, implicit = _EXPLICIT.search(message), _IMPLICIT.search(message)
    if explicit is not None and explicit[1] in _KINDS:
        words, kind = f"explicit deny, {_said(explicit[1])}", _KINDS[explicit[1]]
        if decision.verdict is not Verdict.DENIED:
            return words, "undetermined"
        held = any(label.startswith(kind) for label in decision.denies)
        return words, "agrees" if held else "contradicts"
    if implicit is not None and implicit[1] in _KINDS:
        words = f"not allowed, {_said(implicit[1])}"
        if decision.verdict is not Verdict.DENIED:
            return words, "undetermined"
        return words, "contradicts" if decision.deny_kind == "explicit" else "agrees"
    return None


def _said(kind: str) -> str:
    """`session policy`; a boundary is called nothing else."""
    return kind if kind == "permissions boundary" else f"{kind} policy"
