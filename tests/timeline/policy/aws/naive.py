"""A second opinion: two-valued, interpreting documents as they stand, nothing compiled or cached.

It covers what `lines.py` draws but access points, keys, Object Lock and the ambiguities, shares no
code with the evaluator, and knows no unknowns: the tests ask it only about what is fully known.
"""

import ipaddress
from typing import Any

OWNER_ONLY = ("getbucketpolicy", "putbucketpolicy", "deletebucketpolicy")
BUCKET_ACL = {"listbucket": "READ", "putobject": "WRITE", "getbucketacl": "READ_ACP"}
OBJECT_ACL = {"getobject": "READ", "getobjectacl": "READ_ACP"}
MULTIVALUED = ("aws:tagkeys",)


def glob(pattern: str, text: str) -> bool:
    """`*` and `?`, by recursion."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return glob(pattern[1:], text) or (bool(text) and glob(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and glob(pattern[1:], text[1:])


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class Naive:
    """One fully known request and state."""

    def __init__(self, request: dict[str, Any], state: dict[str, Any]) -> None:
        self.who = request["principal"]
        self.kind = self.who["type"]
        self.account = self.who.get("account", "")
        self.action = request["action"].lower()
        self.resource = request["resource"]
        self.state, self.bucket = state, state["bucket"]
        self.context = {k.lower(): v for k, v in request["context"].items()}
        self.context |= self.derived()

    def derived(self) -> dict[str, Any]:
        arn = self.who.get("arn", "")
        keys = {
            "aws:principalaccount": self.account or "anonymous",
            "aws:resourceaccount": self.bucket["owner_account"],
            "aws:currenttime": "2026-01-01T12:00:00Z",
        }
        if self.kind in ("IAMUser", "Root", "FederatedUser"):
            keys["aws:principalarn"] = arn
        if self.kind == "AssumedRole":
            # Of an unknown path; the evaluator decides only what holds for every path.
            keys["aws:principalarn"] = f"arn:aws:iam::{self.account}:role/{arn.split('/')[1]}"
        if self.kind == "IAMUser":
            keys["aws:username"] = arn.split("/")[-1]
        return {k: v for k, v in keys.items() if k not in self.context}

    def substituted(self, text: str) -> str | None:
        """The text with its variables replaced; None if one is missing or multivalued."""
        while "${" in text:
            before, _, rest = text.partition("${")
            name, _, after = rest.partition("}")
            value = self.context.get(name.lower())
            if not isinstance(value, str) or not value:
                return None
            text = before + value + after
        return text

    def holds(self, operator: str, key: str, wanted: list[str]) -> bool:
        name = operator.lower()
        quantifier, _, base = name.rpartition(":")
        if_exists, base = base.endswith("ifexists"), base.removesuffix("ifexists")
        value = self.context.get(key.lower())
        if base == "null":
            return (value is None or value == []) == (wanted == ["true"])
        negated = "not" in base
        if value is None:
            return negated or if_exists if not quantifier else quantifier == "forallvalues"
        if isinstance(value, list) and not quantifier:
            return False
        values = listed(value) if value != "" or not quantifier else []
        hits = [any(self.one(base, v, w) for w in wanted) != negated for v in values]
        if not quantifier:
            return hits[0]
        return all(hits) if quantifier == "forallvalues" else any(hits)

    def one(self, base: str, value: str, wanted: str) -> bool:
        text = self.substituted(wanted)
        if text is None:
            return False
        if "ipaddress" in base:
            return ipaddress.ip_address(value) in ipaddress.ip_network(text, strict=False)
        if base.startswith("arn"):
            parts, given = text.split(":", 5), value.split(":", 5)
            sizes = len(parts) == 6 and len(given) == 6
            return sizes and all(glob(p, g) for p, g in zip(parts, given, strict=True))
        if "like" in base:
            return glob(text, value)
        if base == "numericlessthanequals":
            return float(value) <= float(text)
        if base == "datelessthan":
            return value < text
        return value.lower() == text.lower() if base == "bool" else value == text

    def applies(self, s: dict[str, Any]) -> bool:
        acts = [glob(a.lower(), self.action) for a in listed(s.get("Action", s.get("NotAction")))]
        patterns = [self.substituted(r) for r in listed(s.get("Resource", s.get("NotResource")))]
        if "NotResource" in s and None in patterns:
            return False
        hits = [p is not None and glob(p, self.resource) for p in patterns]
        if any(acts) == ("NotAction" in s) or any(hits) == ("NotResource" in s):
            return False
        return all(
            self.holds(operator, key, [str(v) for v in listed(value)])
            for operator, keys in s.get("Condition", {}).items()
            for key, value in keys.items()
        )

    def names(self, element: Any) -> str:
        """`direct`, `role`, `account` or "" for a Principal element."""
        given = {"AWS": "*"} if element == "*" else element
        if self.kind == "AWSService":
            return "direct" if self.who["arn"] in listed(given.get("Service", [])) else ""
        everyone = "*" in listed(given.get("AWS", []))
        if everyone or self.kind == "Anonymous":
            return "direct" if everyone else ""
        arn = self.who["arn"]
        names = listed(given.get("AWS", []))
        if arn in names:
            return "direct"
        if self.kind == "AssumedRole":
            role = arn.split("/")[1]
            if any(f"::{self.account}:role/" in n and n.endswith(f"/{role}") for n in names):
                return "role"
        accounts = [self.account, f"arn:aws:iam::{self.account}:root"]
        if any(n in accounts for n in names):
            return "account"
        return (
            "account" if self.who["canonical_id"] in listed(given.get("CanonicalUser", [])) else ""
        )

    def meant(self, s: dict[str, Any]) -> str:
        if "Principal" in s:
            return self.names(s["Principal"])
        if self.kind == "AWSService" and s["Effect"] == "Allow":
            return ""
        bounded = s["Effect"] == "Deny" and self.bounded()
        return "direct" if bounded or not self.names(s["NotPrincipal"]) else ""

    def bounded(self) -> bool:
        inside = self.kind not in ("Anonymous", "AWSService", "Root")
        return inside and self.state["permissions_boundary"] is not None

    def statements(self, documents: Any, effect: str) -> list[dict[str, Any]]:
        every = [s for d in documents if d for s in listed(d["Statement"])]
        return [s for s in every if s["Effect"] == effect and self.applies(s)]

    def allows(self, documents: Any) -> bool:
        return bool(self.statements(documents, "Allow"))

    def denied(self) -> bool:
        signed = self.kind not in ("Anonymous", "AWSService")
        mine = []
        if signed and self.kind != "Root":
            mine += [*self.state["identity_policies"], self.state["permissions_boundary"]]
            mine += self.state["session_policies"] or []
        if signed:
            mine += [d for level in self.state["scps"] or [] for d in level]
        if self.statements(mine, "Deny"):
            return True
        others = [d for level in self.state["rcps"] or [] for d in level]
        root = self.kind == "Root" and self.account == self.bucket["owner_account"]
        if not (root and self.action[3:] in OWNER_ONLY):
            others.append(self.bucket["policy"])
        if self.through_endpoint():
            others.append(self.state["vpc_endpoint_policy"])
        return any(
            self.meant(s)
            or (self.kind == "AWSService" and s.get("Principal") in ("*", {"AWS": "*"}))
            for s in self.statements(others, "Deny")
        )

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
        return bool(account or (self.bucket["public_access_block"] or {}).get(name, False))

    def public(self) -> bool:
        for s in listed((self.bucket["policy"] or {"Statement": []})["Statement"]):
            element = s.get("Principal")
            if s["Effect"] != "Allow" or not (
                "NotPrincipal" in s or element in ("*", {"AWS": "*"})
            ):
                continue
            condition = s.get("Condition", {})
            pins = (
                ("IpAddress", "aws:SourceIp"),
                ("StringEquals", "aws:PrincipalAccount"),
                ("StringEquals", "s3:DataAccessPointAccount"),
            )
            if not any(key in condition.get(operator, {}) for operator, key in pins):
                return True
        return False

    def kinds(self) -> set[str]:
        outside = self.kind != "AWSService" and self.account != self.bucket["owner_account"]
        if outside and self.flag("RestrictPublicBuckets") and self.public():
            return set()
        found = set()
        for s in self.statements([self.bucket["policy"]], "Allow"):
            kind = self.meant(s)
            star = "NotPrincipal" in s or s.get("Principal") in ("*", {"AWS": "*"})
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

    def allowed(self) -> bool:
        signed, owner = self.kind not in ("Anonymous", "AWSService"), self.bucket["owner_account"]
        own: bool = signed and self.account == owner
        if self.denied() or self.gated():
            return False
        if signed and not all(self.allows(level) for level in self.state["scps"] or []):
            return False
        endpoint = self.state["vpc_endpoint_policy"]
        if endpoint and self.through_endpoint():
            met = self.statements([endpoint], "Allow")
            star = any(s.get("Principal") in ("*", {"AWS": "*"}) for s in met)
            if not any(self.meant(s) for s in met) and not star:
                return False
        if self.action[3:] in OWNER_ONLY and not own and self.kind != "AWSService":
            return False
        if self.bucket["requester_pays"] and not own and self.kind != "AWSService":
            return False
        stored: dict[str, Any] | None = self.state["object"]
        enabled = self.bucket["ownership"] != "BucketOwnerEnforced"
        theirs: str = stored["owner_account"] if stored else owner
        if enabled and theirs != owner and self.action[3:] in OBJECT_ACL:
            return self.side(set(), self.acl(), signed and self.account == theirs)
        return self.side(self.kinds(), self.acl(), own)
