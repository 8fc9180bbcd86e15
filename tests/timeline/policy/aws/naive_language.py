"""The policy language once more, for `naive.py`: every document is read as it stands, each time."""

import base64
import ipaddress
import re
from datetime import datetime
from typing import Any

MULTIVALUED = ("aws:tagkeys", "aws:calledvia")
STARS: tuple[Any, ...] = ("*", {"AWS": "*"})


def glob(pattern: str, text: str) -> bool:
    """`*` and `?`, by recursion."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return glob(pattern[1:], text) or (bool(text) and glob(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and glob(pattern[1:], text[1:])


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def seconds(text: str) -> float:
    return float(text) if text.isdigit() else datetime.fromisoformat(text).timestamp()


#: Stand for the wildcards that `${*}` and `${?}` say literally, and those of substituted values.
STAR, QUESTION = "\ue001", "\ue002"


def literal(text: str) -> str:
    return text.replace("*", STAR).replace("?", QUESTION)


class Language:
    """One fully known request and state."""

    def __init__(self, request: dict[str, Any], state: dict[str, Any]) -> None:
        self.request, self.state, self.bucket = request, state, state["bucket"]
        self.who = request["principal"]
        self.kind = self.who["type"]
        self.account = self.who.get("account", "")
        self.action = request["action"].lower()
        self.resource = request["resource"]
        self.point = state["access_point"] if ":accesspoint/" in self.resource else None
        key = self.resource.partition("/object/")[2] if self.point else ""
        self.behind = f"arn:aws:s3:::b/{key}".rstrip("/") if self.point else self.resource
        self.context = {}
        for name, value in request["context"].items():
            several = name.lower() in MULTIVALUED
            self.context[name.lower()] = listed(value) if several else value
        self.context |= self.derived()

    def derived(self) -> dict[str, Any]:
        arn, unique = self.who.get("arn", ""), self.who.get("unique_id")
        keys = {
            "aws:principalaccount": self.account or "anonymous",
            "aws:resourceaccount": self.bucket["owner_account"],
            "s3:resourceaccount": self.bucket["owner_account"],
            "aws:currenttime": "2026-01-01T12:00:00Z",
            "aws:principaltype": {"Root": "Account", "IAMUser": "User"}.get(self.kind, self.kind),
        }
        if self.kind in ("IAMUser", "Root", "FederatedUser"):
            keys["aws:principalarn"] = arn
        if self.kind == "AssumedRole":
            # Of an unknown path; the evaluator decides only what holds for every path.
            keys["aws:principalarn"] = f"arn:aws:iam::{self.account}:role/{arn.split('/')[1]}"
        if self.kind == "IAMUser":
            keys["aws:username"] = arn.split("/")[-1]
        if self.kind != "Anonymous":
            keys["aws:principalisawsservice"] = str(self.kind == "AWSService").lower()
        named = {"Anonymous": "anonymous", "Root": self.account}
        if self.kind == "FederatedUser":
            unique = f"{self.account}:{arn.split('/')[-1]}"
        if named.get(self.kind, unique):
            keys["aws:userid"] = named.get(self.kind, unique)
        if self.point:
            keys["s3:dataaccesspointarn"] = self.resource.partition("/object/")[0]
            keys["s3:dataaccesspointaccount"] = self.resource.split(":")[4]
            keys["s3:accesspointnetworkorigin"] = self.point["network_origin"]
        return {k: v for k, v in keys.items() if k not in self.context}

    def substituted(self, text: str) -> str | None:
        """The text with its variables replaced; None if one is missing or multivalued."""
        done = ""
        while "${" in text:
            before, _, rest = text.partition("${")
            name, _, text = rest.partition("}")
            name, _, default = name.partition(",")
            value = self.context.get(name.strip().lower())
            if name in ("*", "?", "$"):
                value = name
            elif not isinstance(value, str) or not value:
                if not default:
                    return None
                value = default.strip().strip("'")
            done += before + literal(value)
        return done + text

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
        if base.startswith("numeric"):
            if not wanted.isdigit():
                return False
            a, b = float(value), float(wanted)
            return {"g": a > b, "l": a <= b}.get(base[7], a == b)
        if base.startswith("date"):
            moment, limit = seconds(value), seconds(wanted)
            kinds = {"dategreaterthanequals": moment >= limit, "datelessthan": moment < limit}
            kinds |= {"dategreaterthan": moment > limit, "datelessthanequals": moment <= limit}
            return kinds.get(base, moment == limit)
        if base == "binaryequals":
            return value == wanted and len(base64.b64decode(wanted)) > 0
        if "ipaddress" in base:
            return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
        text = self.substituted(wanted)
        if text is None:
            return False
        if base.startswith("arn"):
            parts, given = text.split(":", 5), literal(value).split(":", 5)
            sizes = len(parts) == 6 and len(given) == 6
            return sizes and all(glob(p, g) for p, g in zip(parts, given, strict=True))
        if "like" in base:
            return glob(text, literal(value))
        text = text.replace(STAR, "*").replace(QUESTION, "?")
        fold = base == "bool" or "ignorecase" in base
        return value.lower() == text.lower() if fold else value == text

    def covers(self, pattern: str, arn: str) -> bool | None:
        """Whether a Resource element means the ARN; None if a variable of it is missing."""
        text = self.substituted(pattern)
        if text is None:
            return None
        fields, given = re.split(r":", text, maxsplit=5), literal(arn).split(":", 5)
        if len(fields) < 6:
            fields += ["*"] * (6 - len(fields)) if "*" in text else []
        if len(fields) != 6:
            return False
        head = all(glob(f.lower(), g.lower()) for f, g in zip(fields[:5], given[:5], strict=True))
        return head and glob(fields[5], given[5])

    def applies(self, s: dict[str, Any], arn: str) -> bool:
        acts = [glob(a.lower(), self.action) for a in listed(s.get("Action", s.get("NotAction")))]
        patterns = listed(s.get("Resource", s.get("NotResource")))
        hits = [self.covers(r, arn) for r in patterns]
        if "NotResource" in s and None in hits and True not in hits:
            return False
        if any(acts) == ("NotAction" in s) or any(hits) == ("NotResource" in s):
            return False
        return all(
            self.holds(operator, key, [str(v).lower() if v in (True, False) else str(v)
                                       for v in listed(value)])
            for operator, keys in s.get("Condition", {}).items()
            for key, value in keys.items()
        )  # fmt: skip

    def names(self, element: Any) -> str:
        """`direct`, `role`, `account` or "" for a Principal element."""
        given = {"AWS": "*"} if element == "*" else element
        if self.kind == "AWSService":
            return "direct" if self.who["arn"] in listed(given.get("Service", [])) else ""
        names = listed(given.get("AWS", []))
        everyone = "*" in names
        if everyone or self.kind == "Anonymous":
            return "direct" if everyone else ""
        arn, unique = self.who["arn"], str(self.who.get("unique_id"))
        if self.kind != "Root" and (arn in names or unique in names):
            return "direct"
        if self.kind == "AssumedRole":
            role = arn.split("/")[1]
            if any(f"::{self.account}:role/" in n and n.endswith(f"/{role}") for n in names):
                return "role"
            if unique.split(":")[0] in names:
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

    def statements(self, documents: Any, effect: str, arn: str = "") -> list[dict[str, Any]]:
        every = [s for d in documents if d for s in listed(d["Statement"])]
        return [s for s in every if s["Effect"] == effect and self.applies(s, arn or self.resource)]

    def allows(self, documents: Any) -> bool:
        return bool(self.statements(documents, "Allow"))

    def forbids(self, documents: Any, arn: str, everyone: bool = True) -> bool:
        """Whether a policy of a resource denies; services are meant by `*` too."""
        return any(
            self.meant(s)
            or (everyone and self.kind == "AWSService" and s.get("Principal") in STARS)
            for s in self.statements(documents, "Deny", arn)
        )
