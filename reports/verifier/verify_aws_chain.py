"""Step 7: CloudTrail digest chains judged, offline.

Signing string: digestEndTime LF bucket/key LF hex SHA-256 of the inflated digest LF
previousDigestSignature or "null", signed with RSA PKCS#1 v1.5 and SHA-256. The public keys are
those archived with the evidence: call ListPublicKeys for the same Region and period yourself, for
a whole chain signed again with other keys would verify here.
"""

from __future__ import annotations

import calendar
import time
from pathlib import Path
from typing import Any

from verify_aws import (
    ALGORITHM,
    LOG,
    Unreadable,
    answers,
    archived_keys,
    content_digest,
    deliveries,
    held_files,
    read_digest,
    shown,
    start_of,
)
from verify_aws_archives import unfold
from verify_report import Report
from verify_signatures import rsa_sha256

PERIOD = 3600  # digests are written every hour
CONCERNS = (b'"PublicKeyList"', b'"LatestDigestDeliveryTime"')  # answers that are kept
MARGIN = 300  # a log file's name gives the minute of delivery: conclude nothing near a bound


class Provider:
    """The run over one case."""

    def __init__(self, root: Path, at: str, report: Report) -> None:
        """Take up files and answers of every closed acquisition."""
        self.report = report
        self.files: list[dict[str, Any]] = []
        self.exchanges: list[tuple[bytes, bytes]] = []
        for row in report.parts["acquisitions"]:
            folder = root / str(row["dir"])
            if row["closed"] and folder.is_dir():
                self.files += unfold(held_files(folder, f"{at}{row['dir']}/"), report)
                self.exchanges += [
                    pair
                    for pair in answers(folder / "api.warc.gz")
                    if any(mark in pair[1] for mark in CONCERNS)
                ]
        self.valid: list[dict[str, Any]] = []
        self.rows: list[dict[str, Any]] = []
        self.chains: list[dict[str, Any]] = []
        self.unreadable: set[str] = set()
        self.counts = {"invalid": 0, "missing": 0, "unchecked": 0, "valid": 0}

    def run(self) -> None:
        """Digests, signatures, chains, log files; then the report's part."""
        logs = [held for held in self.files if LOG.fullmatch(held["base"])]
        digests = self.read()
        if not digests and not logs and not any(self.counts.values()):
            return
        self.check_signatures(digests)
        self.check_chains(digests)
        self.check_listed(logs)
        self.check_unlisted(logs)
        self.rows.sort(key=lambda row: (row["name"], row["item"] or "", row["status"]))
        tally = dict.fromkeys(("invalid", "missing", "not covered", "valid"), 0)
        for row in self.rows:
            tally[row["status"]] += 1
        part = {
            "chains": self.chains,
            "digests": self.counts,
            "files": self.rows,
            "logs": tally,
        }
        self.report.parts["provider"] = {"aws": part}

    def read(self) -> list[dict[str, Any]]:
        """Every digest once per object and content."""
        known: dict[tuple[str, str], dict[str, Any]] = {}
        for held in self.files:
            named = "CloudTrail-Digest" in held["name"]
            if not named and b'"digestStartTime"' not in start_of(held):
                continue
            try:
                digest = read_digest(held)
            except Unreadable as error:
                self.report.bad("provider-digest", held["path"], *error.args)
                self.unreadable.add(held["base"])
                self.counts["invalid"] += 1
                continue
            same = (digest["key"], digest["sha256"])
            earlier = known.get(same)
            if earlier is None or (earlier["signature"] is None and digest["signature"]):
                known[same] = digest
        return sorted(known.values(), key=lambda d: (d["chain"], d["end"], d["held"]["path"]))

    def check_signatures(self, digests: list[dict[str, Any]]) -> None:
        """Each digest; where its metadata was lost, by the signature its successor carries."""
        keys = archived_keys(self.files, self.exchanges)
        carried = {d["previousS3Object"]: d["previousSignature"] for d in digests}
        for digest in digests:
            path, location = digest["held"]["path"], f"s3://{digest['bucket']}/{digest['key']}"
            source, der = digest["held"]["source"], keys.get(digest["fingerprint"])
            signature = digest["signature"] or carried.get(digest["key"])
            if source.startswith("s3://") and source != location:
                self.invalid(path, location, f"at {source}")
            elif digest["signature"] is not None and digest["lost"]:
                found = "not in the metadata, where the signature is"
                self.report.open("provider-metadata", path, ", ".join(digest["lost"]), found)
                self.counts["unchecked"] += 1
            elif digest["algorithm"] != ALGORITHM:
                self.invalid(path, ALGORITHM, digest["algorithm"])
            elif der is None:
                expected = f"public key {digest['fingerprint']}"
                self.report.open("provider-key", path, expected, "not archived")
                self.counts["unchecked"] += 1
            elif signature is None:
                found = "not in the metadata, and no later digest carries it"
                self.report.open("provider-signature", path, "its signature", found)
                self.counts["unchecked"] += 1
            elif not self.signed(digest, signature, der):
                self.invalid(path, f"signature under key {digest['fingerprint']}", "not valid")
            else:
                self.counts["valid"] += 1
                self.valid.append(digest)

    def invalid(self, path: str, expected: str, found: str) -> None:
        """Count and report a digest that is wrong."""
        self.report.bad("provider-digest", path, expected, found)
        self.counts["invalid"] += 1

    @staticmethod
    def signed(digest: dict[str, Any], signature: str, der: bytes) -> bool:
        """Is the signature over this digest?"""
        message = "\n".join(
            (
                shown(digest["end"]),
                f"{digest['bucket']}/{digest['key']}",
                digest["sha256"],
                digest["previousSignature"] or "null",
            )
        )
        try:
            return rsa_sha256(der, message.encode(), bytes.fromhex(signature))
        except ValueError:
            return False

    def check_chains(self, digests: list[dict[str, Any]]) -> None:
        """Each digest against the one that it names as its predecessor; then the chains' ends."""
        delivered = deliveries(self.exchanges)
        chains: dict[str, list[dict[str, Any]]] = {}
        for digest in digests:
            chains.setdefault(digest["chain"], []).append(digest)
        for chain, members in chains.items():
            before = None
            for digest in members:
                same = [one for one in digests if one["key"] == digest["previousS3Object"]]
                self.check_link(digest, before, same)
                if before is None or digest["end"] > before["end"]:
                    before = digest
            newest = max(members, key=lambda one: one["end"])
            home = newest["standard"] and newest["region"] == newest["home"]
            self.check_end(chain, members, newest, delivered.get(newest["trail"]) if home else None)

    def check_link(
        self, digest: dict[str, Any], before: dict[str, Any] | None, same: list[dict[str, Any]]
    ) -> None:
        """Hash and signature of the predecessor, or how many digests are not there."""
        path = digest["held"]["path"]
        if digest["previousS3Object"] is None:
            if before is not None and digest["start"] > before["end"]:
                off = f"{shown(before['end'])} to {shown(digest['start'])}"
                found = f"validation off from {off}, cause not established"
                self.report.open("provider-gap", path, "a predecessor", found)
            return
        for one in same:
            stated, where = digest["previousHashValue"], one["held"]["path"]
            if one["sha256"] != stated:
                self.report.bad("provider-chain", where, stated, one["sha256"])
            elif one["signature"] not in (None, digest["previousSignature"]):
                expected = "the signature that its successor states"
                self.report.bad("provider-chain", where, expected, "another signature")
        if same or digest["previousS3Object"].rpartition("/")[2] in self.unreadable:
            return
        if before is None or before["end"] >= digest["end"]:
            start = shown(digest["start"])
            self.report.notes.append(f"{path}: digests before {start} were not received")
            return
        count = max(1, round((digest["start"] - before["end"]) / PERIOD))
        self.counts["missing"] += count
        period = f"{shown(before['end'])} to {shown(digest['start'])}"
        expected = f"{count} digests for {period}"
        self.report.open("provider-digest-missing", path, expected, "none")

    def check_end(
        self,
        chain: str,
        members: list[dict[str, Any]],
        newest: dict[str, Any],
        delivered: float | None,
    ) -> None:
        """Only the trail's own status tells whether newer digests existed."""
        end = "not established" if delivered is None else "established"
        if delivered is not None and delivered - newest["end"] > PERIOD:
            end = "not received"
            self.report.open(
                "provider-end",
                newest["held"]["path"],
                f"digests up to {shown(delivered)}",
                f"none after {shown(newest['end'])}",
            )
        self.chains.append(
            {
                "chain": chain,
                "digests": len(members),
                "end": end,
                "from": shown(min(one["start"] for one in members)),
                "to": shown(newest["end"]),
            }
        )

    def check_listed(self, logs: list[dict[str, Any]]) -> None:
        """Every log file that a valid digest lists, once."""
        listed = {
            (key, digest): bucket for one in self.valid for bucket, key, digest in one["logs"]
        }
        for (key, expected), bucket in sorted(listed.items()):
            name = f"s3://{bucket}/{key}"
            copies = [
                held
                for held in logs
                if held["base"] == key.rpartition("/")[2]
                and (not held["source"].startswith("s3://") or held["source"] == name)
            ]
            if not copies:
                self.add(name, None, "missing", "not received")
                self.report.open("provider-log-missing", name, expected, "not received")
            for held in copies:
                self.check_log(held, expected)

    def check_log(self, held: dict[str, Any], expected: str) -> None:
        """One copy against the hash that CloudTrail signed."""
        actual, container = content_digest(held)
        if actual != expected or container in ("trailing", "cut off"):
            found = actual if container in ("gzip", "plain") else f"{container}: {actual}"
            self.report.bad("provider-log", held["path"], expected, found)
            self.add(held["name"], held["uid"], "invalid", "differs from what was delivered")
        elif container == "plain":
            reason = "content valid, container not as delivered"
            self.add(held["name"], held["uid"], "valid", reason)
        else:
            self.add(held["name"], held["uid"], "valid", "as delivered")

    def check_unlisted(self, logs: list[dict[str, Any]]) -> None:
        """The others: not covered, or delivered in a covered period and yet not listed."""
        known = {key.rpartition("/")[2] for one in self.valid for _, key, _ in one["logs"]}
        for held in logs:
            found = LOG.fullmatch(held["base"])
            if held["base"] in known or found is None:
                continue
            reason = "no valid digest for the time of its delivery"
            if self.covered(*found.groups()):
                reason = "delivered in a period whose digests do not list it"
                said = "none: inserted, or of another trail that delivers to the same place"
                expected = "a digest that lists it"
                self.report.open("provider-log-unlisted", held["path"], expected, said)
            self.add(held["name"], held["uid"], "not covered", reason)

    def covered(self, account: str, region: str, minute: str) -> bool:
        """Does a run of valid digests reach from MARGIN before this minute to MARGIN after it?"""
        try:
            at = calendar.timegm(time.strptime(minute, "%Y%m%dT%H%M"))
        except ValueError:
            return False
        reached = at - MARGIN
        for start, end in sorted(
            (one["start"], one["end"])
            for one in self.valid
            if (one["account"], one["region"], one["standard"]) == (account, region, True)
        ):
            if start <= reached < end:
                reached = end
        return reached >= at + MARGIN

    def add(self, name: str, item: str | None, status: str, reason: str) -> None:
        """One row of the report."""
        self.rows.append({"item": item, "name": name, "reason": reason, "status": status})
