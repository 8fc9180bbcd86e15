"""A second opinion: two-valued, interpreting documents as they stand, nothing compiled or cached.

It covers what `lines.py` draws but the ambiguities, shares no code with the evaluator, and knows no
unknowns: the tests ask it only about what is fully known.
"""

import ipaddress
from typing import Any

from tests.timeline.policy.aws.naive_language import STARS, Language, listed

OWNER_ONLY = ("getbucketpolicy", "putbucketpolicy", "deletebucketpolicy")
BUCKET_ACL = {"listbucket": "READ", "putobject": "WRITE", "getbucketacl": "READ_ACP"}
BUCKET_ACL |= {"deleteobject": "WRITE", "deleteobjectversion": "WRITE"}
OBJECT_ACL = {"getobject": "READ", "getobjectacl": "READ_ACP"}
PINS = ("principalarn", "principalaccount", "principalorgid", "userid")
SOURCES = ("sourcearn", "sourcevpc", "sourcevpce")


class Naive(Language):
    """One fully known request and state."""

    def own_side_denies(self) -> bool:
        signed = self.kind not in ("Anonymous", "AWSService")
        mine = []
        if signed and self.kind != "Root":
            mine += [*self.state["identity_policies"], self.state["permissions_boundary"]]
            mine += self.state["session_policies"] or []
        if signed:
            mine += [d for level in self.state["scps"] or [] for d in level]
        return bool(self.statements(mine, "Deny"))

    def denied(self) -> bool:
        rcps = [d for level in self.state["rcps"] or [] for d in level]
        if self.own_side_denies() or self.forbids(rcps, self.resource):
            return True
        if self.point and self.forbids(rcps, self.behind):
            return True
        root = self.kind == "Root" and self.account == self.bucket["owner_account"]
        locked_out = not (root and self.action[3:] in OWNER_ONLY)
        if locked_out and self.forbids([self.bucket["policy"]], self.behind):
            return True
        if self.point and self.forbids([self.point["policy"]], self.resource):
            return True
        endpoint = self.state["vpc_endpoint_policy"]
        return self.through_endpoint() and self.forbids([endpoint], self.resource)

    def through_endpoint(self) -> bool:
        keys = ("aws:sourcevpce", "aws:sourcevpc", "aws:vpcsourceip")
        return any(key in self.context for key in keys)

    def limits(self) -> tuple[bool, bool]:
        boundary, sessions = self.state["permissions_boundary"], self.state["session_policies"]
        left = boundary is None or self.allows([boundary])
        if self.kind == "FederatedUser":
            return left, bool(sessions) and self.allows(sessions)
        return left, not sessions or self.allows(sessions)

    def flag(self, name: str) -> bool:
        account = (self.state["account_public_access_block"] or {}).get(name, False)
        organization = self.state["organization_s3_policy"]
        if organization:
            account = organization == "all"
        point = (self.point or {}).get("public_access_block") or {}
        bucket = self.bucket["public_access_block"] or {}
        return bool(account or bucket.get(name) or point.get(name))

    def public(self, policy: dict[str, Any] | None, of_point: bool) -> bool:
        for s in listed((policy or {"Statement": []})["Statement"]):
            element = s.get("Principal")
            open_to = "NotPrincipal" in s or element in STARS or "Federated" in element
            if s["Effect"] != "Allow" or not open_to:
                continue
            condition = s.get("Condition", {})
            pinned = any(
                self.pins(operator.lower(), key.lower(), [str(v) for v in listed(value)], of_point)
                for operator, keys in condition.items()
                for key, value in keys.items()
            )
            if not pinned:
                return True
        return False

    def pins(self, operator: str, key: str, values: list[str], of_point: bool) -> bool:
        base = operator.removeprefix("foranyvalue:")
        if key == "aws:sourceip" and base == "ipaddress":
            nets = [ipaddress.ip_network(v) for v in values]
            return all(n.prefixlen >= (8 if n.version == 4 else 32) for n in nets)
        if base not in ("stringequals", "stringlike", "arnequals", "arnlike"):
            return False
        if key == "s3:dataaccesspointarn":
            fixed = [v.split(":")[4].isdigit() and not of_point for v in values]
            return all(f or "*" not in v for f, v in zip(fixed, values, strict=True))
        known = (
            key in [f"aws:{name}" for name in (*PINS, *SOURCES)]
            or key == "s3:dataaccesspointaccount"
        )
        return known and not any(c in v for v in values for c in ("*", "?", "${"))

    def kinds(self, policy: Any, arn: str, of_point: bool) -> set[str]:
        """How the Allow statements of a policy mean the caller."""
        outside = self.kind != "AWSService" and self.account != self.bucket["owner_account"]
        vpc = of_point and self.point and self.point["network_origin"] == "VPC"
        restricted = outside and self.flag("RestrictPublicBuckets") and not vpc
        if restricted and self.public(policy, of_point):
            return set()
        return self.granted(policy, arn)

    def granted(self, policy: Any, arn: str) -> set[str]:
        found = set()
        for s in self.statements([policy], "Allow", arn):
            kind = self.meant(s)
            star = "NotPrincipal" in s or s.get("Principal") in STARS
            if kind == "direct" and star and self.kind == "FederatedUser":
                kind = "direct" if self.state["session_policies"] else "role"
            found.add(kind)
        return found - {""}

    def acl(self) -> set[str]:
        """`everyone` and `account`: what the ACL that covers the action gives."""
        name = self.action[3:]
        found: set[str] = set()
        holder = self.bucket if name in BUCKET_ACL else self.state["object"]
        wanted = BUCKET_ACL.get(name) or OBJECT_ACL.get(name)
        if wanted is None or not holder or self.bucket["ownership"] == "BucketOwnerEnforced":
            return found
        nothing_there = name.startswith("delete") and not self.state["object"]
        if nothing_there and self.account != self.bucket["owner_account"]:
            return found
        for grant in holder["acl"]["Grants"]:
            group = grant["Grantee"].get("URI", "").rsplit("/", 1)[-1]
            if grant["Permission"] not in (wanted, "FULL_CONTROL") or self.kind == "AWSService":
                continue
            if group and self.flag("IgnorePublicAcls"):
                continue
            if group == "AllUsers" or (group and self.kind != "Anonymous"):
                found.add("everyone")
            elif not group and grant["Grantee"]["ID"] == self.who.get("canonical_id"):
                found.add("account")
        return found

    def side(self, kinds: set[str], acl: set[str], own: bool) -> bool:
        if self.kind in ("Anonymous", "AWSService"):
            return "direct" in kinds or "everyone" in acl
        if self.kind == "Root":
            return own or bool(kinds | acl)
        boundary, session = self.limits()
        mine = self.allows(self.state["identity_policies"]) and boundary and session
        if not own:
            return mine and bool(kinds | acl)
        role = "role" in kinds and boundary and session
        return "direct" in kinds or role or mine or "everyone" in acl

    def gated(self) -> bool:
        canned = self.context.get("s3:x-amz-acl")
        if self.action != "s3:putobject" or canned is None:
            return False
        if self.flag("BlockPublicAcls") and canned == "public-read":
            return True
        enforced = self.bucket["ownership"] == "BucketOwnerEnforced"
        return bool(enforced and canned != "bucket-owner-full-control")

    def key_allows(self) -> bool:
        """SSE-KMS: the same question to the key, as the service asks it."""
        stored, name = self.state["object"] or {}, self.action[3:]
        sse = stored.get("sse")
        if name == "putobject":
            sse = self.context.get("s3:x-amz-server-side-encryption", sse)
        if name not in ("getobject", "putobject") or sse != "aws:kms":
            return True
        if self.kind == "Anonymous" or self.context.get("aws:securetransport") == "false":
            return False
        policy, signed = self.state["kms_key_policy"], self.kind != "AWSService"
        if policy is None:
            return bool(signed and self.account == self.bucket["owner_account"])
        action = "kms:Decrypt" if name == "getobject" else "kms:GenerateDataKey"
        kept = {k: v for k, v in self.request["context"].items() if not k.startswith("s3:")}
        seen = kept | {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
        seen |= {"kms:CallerAccount": self.account} if self.account else {}
        by_bucket = stored.get("bucket_key_enabled")
        if name == "putobject":
            by_bucket = self.bucket["default_bucket_key_enabled"]
        arn = self.request["resource"]
        if "accesspoint" not in arn:
            arn = arn.split("/")[0] if by_bucket else arn
            seen["kms:EncryptionContext:aws:s3:arn"] = arn
        asked = {**self.request, "action": action, "resource": stored["kms_key"], "context": seen}
        inside = Naive(asked, self.state)
        rcps = [d for level in self.state["rcps"] or [] for d in level]
        if inside.own_side_denies() or inside.forbids([policy, *rcps], inside.resource):
            return False
        if signed and not all(inside.allows(level) for level in self.state["scps"] or []):
            return False
        kinds = inside.granted(policy, inside.resource)
        if not signed:
            return "direct" in kinds
        boundary, session = inside.limits()
        mine = inside.allows(self.state["identity_policies"]) and boundary and session
        mine = mine or self.kind == "Root"
        if self.account != inside.resource.split(":")[4]:
            return bool(kinds) and mine
        role = "role" in kinds and boundary and session
        return "direct" in kinds or role or ("account" in kinds and mine)

    def endpoint_allows(self) -> bool:
        endpoint = self.state["vpc_endpoint_policy"]
        if not endpoint or not self.through_endpoint():
            return True
        met = self.statements([endpoint], "Allow")
        return any(self.meant(s) or s.get("Principal") in STARS for s in met)

    def allowed(self) -> bool:
        signed, owner = self.kind not in ("Anonymous", "AWSService"), self.bucket["owner_account"]
        own: bool = signed and self.account == owner
        if self.denied() or self.gated() or not self.endpoint_allows():
            return False
        if signed and not all(self.allows(level) for level in self.state["scps"] or []):
            return False
        if self.action[3:] in OWNER_ONLY and not own and self.kind != "AWSService":
            return False
        if self.bucket["requester_pays"] and not own and self.kind != "AWSService":
            return False
        stored: dict[str, Any] | None = self.state["object"]
        if self.action == "s3:deleteobjectversion" and (stored or {}).get("legal_hold") == "ON":
            return False
        if self.point:
            vpc = self.point["network_origin"] == "VPC"
            if vpc and self.context.get("aws:sourcevpc") != self.point["vpc_id"]:
                return False
            kinds = self.kinds(self.point["policy"], self.resource, of_point=True)
            if not self.side(kinds, set(), own):
                return False
        return self.bucket_allows(own, signed) and self.key_allows()

    def bucket_allows(self, own: bool, signed: bool) -> bool:
        stored, owner = self.state["object"], self.bucket["owner_account"]
        enabled = self.bucket["ownership"] != "BucketOwnerEnforced"
        theirs: str = stored["owner_account"] if stored else owner
        if enabled and theirs != owner and self.action[3:] in OBJECT_ACL:
            return self.side(set(), self.acl(), signed and self.account == theirs)
        return self.side(self.kinds(self.bucket["policy"], self.behind, False), self.acl(), own)
