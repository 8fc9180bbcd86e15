"""A case with hand-made derived tables: a bucket opened in two steps, read, and closed again.

Written through the public schema, so that a change of the schema shows here first. `Story` has
knobs for what tests vary: hostile text in every field, no accesses at all, many accesses.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from collector import case as case_file
from collector.model import Digest, EvidenceItem
from reports import material
from reports.material import Material
from tests.reports import registers_made
from timeline import tables
from timeline.schema import TABLES

BUCKET = "arn:aws:s3:::northwind-orders"
ADMIN = "arn:aws:iam::111111111111:user/platform-admin"
CONTRACTOR = "arn:aws:sts::111111111111:assumed-role/contoso-deploy/dlee"
PARTNER = "arn:aws:iam::222222222222:role/partner-reader"
FLAGS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")

PARTNER_READ = {
    "Version": "2012-10-17",
    "Statement": {
        "Sid": "PartnerRead", "Effect": "Allow", "Action": "s3:GetObject",
        "Principal": {"AWS": PARTNER}, "Resource": f"{BUCKET}/exports/*",
    },
}  # fmt: skip
PUBLIC_READ = {
    "Version": "2012-10-17",
    "Statement": {
        "Sid": "PublicRead", "Effect": "Allow", "Action": "s3:GetObject", "Principal": "*",
        "Resource": f"{BUCKET}/*",
    },
}  # fmt: skip

CASE_TOML = """\
format = 1
[matter]
title = {title}
court = "District Court, Example County"
number = "24-cv-00117"
party = "Northwind Traders"
examiner = {examiner}
authority = "engagement letter of 2022-06-10"
[incident]
from = 2022-06-01T00:00:00Z
to = 2022-06-06T00:00:00Z
resources = ["{bucket}"]
anonymous = true
discovered = 2022-06-04T16:20:00Z
contained = 2022-06-05T07:52:33Z
[[incident.exempt]]
principals = ["{partner}"]
reason = "partner under contract, statement of 2022-03-10"
[display]
time_zone = "America/New_York"
[exhibits]
scheme = "{scheme}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the case holds.

    Attributes:
        accesses: anonymous reads in the first burst; `later` in the second.
        hostile: text put into every free field.
        empty: no change, no access.
        scheme: numbering.
    """

    accesses: int = 80
    later: int = 32
    hostile: str | None = None
    empty: bool = False
    scheme: str = "letters"


def at(text: str) -> datetime:
    """`2022-05-23 14:33:42` as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def write(case: Path, story: Story | None = None) -> Material:
    """Writes case.toml and derived/, and loads them as the command would."""
    story = story or Story()
    case.mkdir(parents=True, exist_ok=True)
    said = json.dumps(story.hostile or "Northwind v. Contoso", ensure_ascii=False)
    toml = CASE_TOML.format(
        title=said.replace("\x7f", ""), examiner=json.dumps("R. Ames, examiner"), bucket=BUCKET,
        partner=PARTNER, scheme=story.scheme,
    )  # fmt: skip
    (case / "case.toml").write_text(toml, encoding="utf-8")
    if not story.empty:
        registers_made.write(case, story.hostile)
    made = _Rows(story)
    for table in ("events", "changes", "intervals", "windows", "gaps", "coverage", "classes",
                  "access_classes", "class_changes", "class_sets", "warnings"):  # fmt: skip
        tables.write(case / "derived", table, getattr(made, table))
    (case / "derived" / "findings.json").write_text(
        json.dumps(made.findings, ensure_ascii=False), encoding="utf-8"
    )
    return material.load(case, case_file.load(case), made.items)


class _Rows:
    """Rows of every table, filled in the order of the story."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.events: list[dict[str, Any]] = []
        self.changes: list[dict[str, Any]] = []
        self.intervals: list[dict[str, Any]] = []
        self.windows: list[dict[str, Any]] = []
        self.gaps: list[dict[str, Any]] = []
        self.coverage: list[dict[str, Any]] = []
        self.classes: list[dict[str, Any]] = []
        self.access_classes: list[dict[str, Any]] = []
        self.class_changes: list[dict[str, Any]] = []
        self.class_sets: list[dict[str, Any]] = []
        self.findings: list[dict[str, Any]] = []
        self.warnings: list[dict[str, Any]] = []
        self.items = (_item(1), _item(2, story.hostile or "AWSLogs/111111111111/CloudTrail/b.gz"))
        self._coverage()
        if not story.empty:
            self._history()
            self._reads()
            self._windows()
            self._counterfactuals()
            self._detected()

    def _text(self, usual: str | None) -> str | None:
        return self.story.hostile if self.story.hostile is not None and usual else usual

    def event(self, when: datetime, operation: str, actor: str | None, **other: Any) -> str:
        """One event; returns its uid."""
        number = len(self.events)
        uid = f"EV-1.f2/{number}"
        row = dict.fromkeys(name for name, _, _ in TABLES["events"])
        row |= {
            "event_uid": uid, "provider_uid": self._text(f"7a1c{number:04x}-0001"), "time": when,
            "time_precision": 1_000_000, "time_text": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "acquired_at": at("2022-06-12 09:00:00"), "provider": "aws",
            "service": "s3.amazonaws.com", "operation": operation, "category": "data",
            "activity": "read", "actor_uid": self._text(actor),
            "actor_type": "IAMUser" if actor else "Anonymous",
            "src_ip": "198.51.100.23", "resource_uid": BUCKET, "container": "northwind-orders",
            "outcome": "success", "evidence_item": "EV-1.f2",
            "locator": f"{number}@{1000 + 731 * number}+731",
            "record_sha256": hashlib.sha256(uid.encode()).hexdigest(),
            "user_agent": self._text("aws-cli/2.7.1"), "auth_method": "anonymous",
        }  # fmt: skip
        self.events.append(row | other)
        return uid

    def change(
        self, when: str, operation: str, actor: str, slot: str, facts: Sequence[Any], *,
        accepted: bool = True, uid: str | None = None,
    ) -> str:  # fmt: skip
        """One write: `facts` are (fact, old, new, effect)."""
        start = at(when)
        uid = uid or self.event(start, operation, actor, category="management")
        for fact, old, new, effect in facts:
            self.changes.append({
                "change_uid": uid, "provider_uid": uid, "kind": "logged", "time_from": start,
                "time_to": start + timedelta(seconds=1), "provider": "aws",
                "operation": self._text(operation), "accepted": accepted, "resource_uid": BUCKET,
                "slot": slot, "fact": fact, "old": self._json(old), "new": self._json(new),
                "effect": effect, "technical_actor": self._text(actor),
                "initiating_actor": json.dumps({
                    "principal": self._text("arn:aws:iam::111111111111:user/dlee"),
                    "link": "AssumeRole", "certainty": "key id matches",
                }) if actor == CONTRACTOR else None,
                "attribution": None, "party": "unattributed", "evidence_item": "EV-1.f2",
                "locator": f"{len(self.changes)}@{len(self.changes) * 731}+731",
                "record_sha256": hashlib.sha256(uid.encode()).hexdigest(),
            })  # fmt: skip
        return uid

    def hold(
        self, slot: str, fact: str, value: Any, start: str | None, end: str | None,
        how: str = "observed", bounds: tuple[str, str] = ("exact", "exact"),
    ) -> None:  # fmt: skip
        """One interval."""
        self.intervals.append({
            "resource_uid": BUCKET, "slot": slot, "fact": fact, "value": self._json(value),
            "start": at(start) if start else None, "start_bound": bounds[0],
            "end": at(end) if end else None, "end_bound": bounds[1], "how_known": how,
            "why": self._text("recorded write"), "start_change_uid": self._changed(slot, start),
            "end_change_uid": self._changed(slot, end),
            "evidence_item": None if how == "unknown" else "EV-1.f2",
            "locator": None if how == "unknown" else "1@731+731",
            "record_sha256": None if how == "unknown" else "ab" * 32,
        })  # fmt: skip

    def _json(self, value: Any) -> str | None:
        if value is None or value == "UNKNOWN":
            return None if value is None else "UNKNOWN"
        if self.story.hostile is not None and isinstance(value, dict):
            value = {**value, "Note": self.story.hostile}
        return json.dumps(value, sort_keys=True, ensure_ascii=False)

    def _coverage(self) -> None:
        for source, records in (("aws.cloudtrail.data.s3", 138), ("aws.cloudtrail.management", 9)):
            self.coverage.append({
                "source": source, "account_uid": "111111111111", "region": "us-east-1",
                "container": None, "time_from": at("2022-03-01 08:50:00"),
                "time_to": at("2022-06-05 08:20:00"), "records": records,
                "basis": self._text("a trail recorded events from its first to its last record"),
            })  # fmt: skip
        self.gaps.append({
            "gap_uid": "gap-1", "kind": "logging_off", "subject": self._text("trail/main"),
            "reason": self._text("expected records, found that logging was switched off"),
            "time_from": at("2022-06-02 10:02:00"), "time_to": at("2022-06-02 13:10:00"),
            "evidence_item": "EV-1.f1", "locator": None,
        })  # fmt: skip

    def _history(self) -> None:
        on, off = "true", "false"
        uid = self.event(at("2022-03-01 09:02:11"), "PutBucketPublicAccessBlock", ADMIN)
        for flag in FLAGS:
            slot = f"public_access_block.{flag}"
            self.change("2022-03-01 09:02:11", "PutBucketPublicAccessBlock", ADMIN, slot,
                        [("value", "UNKNOWN", True, "sets")], uid=uid)  # fmt: skip
        self.change("2022-03-10 10:15:00", "PutBucketPolicy", ADMIN, "policy",
                    [("a1", "UNKNOWN", PARTNER_READ, "sets")])  # fmt: skip
        self.change("2022-05-23 14:29:50", "PutBucketPolicy", CONTRACTOR, "policy",
                    [("a1", PARTNER_READ, PARTNER_READ, "refused"),
                     ("b2", None, PUBLIC_READ, "refused")], accepted=False)  # fmt: skip
        uid = self.event(at("2022-05-23 14:33:42"), "PutBucketPublicAccessBlock", CONTRACTOR)
        for flag in FLAGS:
            self.change("2022-05-23 14:33:42", "PutBucketPublicAccessBlock", CONTRACTOR,
                        f"public_access_block.{flag}", [("value", True, False, "sets")],
                        uid=uid)  # fmt: skip
        self.change("2022-05-27 08:12:19", "PutBucketPolicy", CONTRACTOR, "policy",
                    [("a1", PARTNER_READ, PARTNER_READ, "re-asserts"),
                     ("b2", None, PUBLIC_READ, "adds")])  # fmt: skip
        uid = self.event(at("2022-06-05 07:45:10"), "PutBucketPublicAccessBlock", ADMIN)
        for flag in FLAGS:
            self.change("2022-06-05 07:45:10", "PutBucketPublicAccessBlock", ADMIN,
                        f"public_access_block.{flag}", [("value", False, True, "sets")],
                        uid=uid)  # fmt: skip
        self.change("2022-06-05 07:52:33", "PutBucketPolicy", ADMIN, "policy",
                    [("a1", PARTNER_READ, PARTNER_READ, "re-asserts"),
                     ("b2", PUBLIC_READ, None, "removes")])  # fmt: skip
        del on, off
        for flag in FLAGS:
            slot = f"public_access_block.{flag}"
            self.hold(slot, "*", "UNKNOWN", None, "2022-03-01 09:02:11", "unknown",
                      ("unknown", "exact"))  # fmt: skip
            self.hold(slot, "value", True, "2022-03-01 09:02:11", "2022-05-23 14:33:42")
            self.hold(slot, "value", False, "2022-05-23 14:33:42", "2022-06-02 10:02:00",
                      bounds=("exact", "no earlier than"))  # fmt: skip
            self.hold(slot, "value", False, "2022-06-02 10:02:00", "2022-06-02 13:10:00",
                      "inferred", ("no later than", "no earlier than"))  # fmt: skip
            self.hold(slot, "value", False, "2022-06-02 13:10:00", "2022-06-05 07:45:10",
                      bounds=("no later than", "exact"))  # fmt: skip
            self.hold(slot, "value", True, "2022-06-05 07:45:10", None,
                      bounds=("exact", "unknown"))  # fmt: skip
        self.hold("policy", "*", "UNKNOWN", None, "2022-03-10 10:15:00", "unknown",
                  ("unknown", "exact"))  # fmt: skip
        self.hold("policy", "a1", PARTNER_READ, "2022-03-10 10:15:00", None,
                  bounds=("exact", "unknown"))  # fmt: skip
        self.hold("policy", "b2", PUBLIC_READ, "2022-05-27 08:12:19", "2022-06-05 07:52:33")
        self.hold("acl", "*", "UNKNOWN", None, None, "unknown", ("unknown", "unknown"))

    def _changed(self, slot: str, when: str | None) -> str | None:
        """The change that wrote to a slot at this instant."""
        if when is None:
            return None
        rows = [row for row in self.changes if row["time_from"] == at(when)]
        return next((str(row["change_uid"]) for row in rows if row["slot"] == slot), None)

    def access(self, when: datetime, who: str | None, address: str, outcome: str, **o: Any) -> None:
        """One decided request."""
        denied = outcome == "denied"
        uid = self.event(
            when, o.get("operation", "GetObject"), who, src_ip=address, outcome=outcome,
            object=self._text(o.get("object", f"exports/2022/orders-{len(self.events) % 36}.csv")),
            error_code="AccessDenied" if denied else None, bytes_out=None if denied else 48_211,
            resource_uid=f"{BUCKET}/exports/orders.csv",
        )  # fmt: skip
        exempt = who == PARTNER
        self.access_classes.append({
            "event_uid": uid, "provider_uid": uid, "class_uid": "cl-1" if who is None else "cl-2",
            "logged": outcome, "agreement": "agrees", "in_incident": not exempt and not denied,
            "incident_reason": "exempt: partner under contract" if exempt
            else self._text("anonymous, in the time range"),
            "supplied_by": None, "bytes_supplied": None, "auth_evidence_supplied": None,
            "ground_stated": None, "ground_agreement": None,
        })  # fmt: skip

    def _reads(self) -> None:
        for day in (12, 19, 26):
            self.access(at(f"2022-05-{day} 06:00:04"), PARTNER, "203.0.113.40", "success")
        self.access(at("2022-05-20 03:00:00"), None, "198.51.100.23", "denied")
        start = at("2022-06-01 00:11:23")
        for n in range(self.story.accesses):
            self.access(start + timedelta(seconds=7 * n), None, "198.51.100.23", "success")
        for n in range(self.story.later):
            self.access(at("2022-06-03 21:40:00") + timedelta(seconds=11 * n), None,
                        "198.51.100.77", "success")  # fmt: skip
        self.access(at("2022-06-05 08:10:02"), None, "198.51.100.77", "denied")
        self.access(at("2022-06-05 08:10:02"), None, "198.51.100.77", "denied")
        for uid, who in (("cl-1", "anonymous"), ("cl-2", PARTNER)):
            self.classes.append({
                "class_uid": uid, "provider": "aws", "epoch_from": None, "epoch_to": None,
                "principal": self._text(who), "action": "s3:GetObject", "resource": BUCKET,
                "signature": "{}", "decision": "ALLOWED",
                "decision_without_assumptions": "UNKNOWN", "assumptions": ["records-complete"],
                "deny_kind": None, "reasons": "{}", "unknowns": [], "ambiguities": [],
            })  # fmt: skip

    def _windows(self) -> None:
        n = self.story.accesses + self.story.later
        self.windows.append({
            "window_uid": "w-1", "resource_uid": BUCKET, "principal": self._text("anonymous"),
            "action": "s3:GetObject", "start": at("2022-05-27 08:12:19"), "start_bound": "exact",
            "end": at("2022-06-05 07:45:10"), "end_bound": "exact", "decision": "ALLOWED",
            "opened_by": self.changes[-1]["change_uid"], "closed_by": None, "accesses": n,
            "reasons": "{}",
        })  # fmt: skip
        self.findings.append(finding(self._text, n))

    def _counterfactuals(self) -> None:
        """Both steps of the contractor are necessary for the anonymous class; nothing else is."""
        tried = list(dict.fromkeys(
            row["change_uid"] for row in self.changes
            if row["accepted"] and row["time_from"] < at("2022-06-01 00:00:00")
        ))  # fmt: skip
        by = {row["change_uid"]: row["time_from"] for row in self.changes}
        needed = [uid for uid in tried if by[uid] > at("2022-05-01 00:00:00")]
        for undo in ("delta", "replay"):
            for uid in tried:
                yes = "yes" if uid in needed else "no"
                self.class_changes.append({
                    "class_uid": "cl-1", "change_uid": uid, "undo": undo, "counterfactual": "undo",
                    "decision_without": "DENIED" if yes == "yes" else "ALLOWED", "but_for": yes,
                    "ness": yes, "hp_modified": "alone" if yes == "yes" else "no",
                    "across_completions": "all" if yes == "yes" else "none",
                    "role": "completing" if uid == needed[-1] else "precondition",
                    "opened_window": uid == needed[-1], "responsibility": 1.0,
                })  # fmt: skip
            for kind, members in (("minimal sufficient", needed), ("minimal cut", needed[:1])):
                self.class_sets.append({
                    "class_uid": "cl-1", "level": "change", "undo": undo, "counterfactual": "undo",
                    "kind": kind, "members": members, "certainty": "certain", "complete": True,
                })  # fmt: skip

    def _detected(self) -> None:
        self.warnings.append({
            "warning_uid": "aa-1", "provider": "aws", "product": "Access Analyzer",
            "title": self._text("shared with everybody"), "status": "RESOLVED",
            "resource_uid": BUCKET, "created_at": at("2022-05-27 08:42:00"),
            "updated_at": at("2022-06-05 08:00:00"), "observed_at": at("2022-06-12 09:00:00"),
            "evidence_item": "EV-1.f1", "locator": "0@0+400", "record_sha256": "cd" * 32,
        })  # fmt: skip


def finding(text: Any, n: int) -> dict[str, Any]:
    """One finding with every field of R-170."""
    return {
        "finding_uid": "f-1", "number": "F-01", "result_class": "derived",
        "statement": f"Records show {n} successful requests without credentials.",
        "resource_uid": BUCKET,
        "basis": [{"change_uid": "EV-1.f2/1", "item": "EV-1.f2", "locator": "1@731+731",
                   "sha256": "ab" * 32}],
        "method": "exposure@1", "as_of": "2022-05-27T08:12:19Z/2022-06-05T07:45:10Z",
        "counterfactual": None, "definition": None,
        "quality_grade": "single mutable source", "coverage": [text("aws.cloudtrail: covered")],
        "inference_steps": [text("the policy grants s3:GetObject to everybody")],
        "alternatives": [{"name": text("presigned link"), "for": "none seen",
                          "against": "no signature logged", "tested": "yes"}],
        "counter_evidence": [], "limitations": [text("one gap of 3 h 8 min")],
        "falsifiers": [text("a deny that is not in the records")],
        "not_opined": ["who used the address"], "assumptions": ["records-complete"],
        "numbers": {"requests": n}, "changes": [], "classes": ["cl-1"], "windows": ["w-1"],
        "author": "tool",
    }  # fmt: skip


def _item(line: int, name: str = "AWSLogs/111111111111/CloudTrail/a.gz") -> EvidenceItem:
    digest = hashlib.sha256(str(line).encode()).hexdigest()
    return EvidenceItem(
        uid=f"EV-1.f{line}", acquisition=1,
        path=PurePosixPath(f"evidence/0001-x/files/{line:08d}-a.gz"), name=name, size=4096,
        digest=Digest(sha256=digest, sha512=digest * 2), content_sha256=None,
        acquired_at=at("2022-06-12 09:00:00"), observed_at=None, source="import",
    )  # fmt: skip
