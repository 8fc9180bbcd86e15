"""Step 6: timestamp tokens, by openssl."""

from __future__ import annotations

import calendar
import re
import time
from pathlib import Path
from typing import Any

from verify_custody import Custody
from verify_openssl import have_openssl, openssl
from verify_report import Report, Trust, sha256
from verify_revocation import judge
from verify_seals import Seal

TEST_POLICY = "2.25.277394378747751089230992948670318352729"


def token_facts(path: Path) -> dict[str, str] | None:
    """What a token says of itself, as openssl prints it; None if it is no granted token."""
    done = openssl("ts", "-reply", "-in", str(path), "-text")
    if done is None or done[0] or not re.search(r"Status: Granted", done[1]):
        return None
    facts = dict(re.findall(r"^([A-Z][A-Za-z ]+): (.*)$", done[1], re.MULTILINE))
    try:
        plain = re.sub(r"\.\d+", "", facts["Time stamp"])
        seconds = calendar.timegm(time.strptime(plain, "%b %d %H:%M:%S %Y GMT"))
    except (KeyError, ValueError):
        return None
    facts["seconds"] = str(seconds)
    whole = re.search(r"0x([0-9A-F]+) seconds", facts.get("Accuracy", ""))
    extra = int(whole.group(1), 16) if whole else 0
    part = (
        re.search(r"0x[0-9A-F]+ (millis|micros)", facts.get("Accuracy", ""))
        or "." in facts["Time stamp"]
    )
    facts["latest"] = time.strftime(
        "%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds + extra + (1 if part else 0))
    )
    return facts


def check_tokens(
    root: Path,
    seals: dict[int, Seal],
    recorded: dict[str, str],
    at: str,
    report: Report,
    trust: Trust,
) -> list[dict[str, Any]]:
    """Step 6. Every response beside a seal; returns the tokens that hold.

    `recorded`: digests that custody gives for a token's files, by path below the root.
    """
    for path, digest in sorted(recorded.items()):
        place = root / path
        if not place.is_file():
            report.bad("token-missing", at + path, digest, "no such file")
        elif sha256(place.read_bytes()) != digest:
            report.bad("token-digest", at + path, digest, sha256(place.read_bytes()))
    able, tokens = have_openssl(), []
    for number, seal in sorted(seals.items()):
        folder = root / "seals" / f"{number:04d}"
        for response in sorted(folder.glob("*.tsr")):
            path = f"seals/{number:04d}/{response.name}"
            if path not in recorded:
                report.open("token-unrecorded", at + path, "a token.add entry", "none")
            if not able:
                report.open("token-unchecked", at + path, "openssl 3.0 or newer", "none")
                continue
            token = _check_token(folder, response, at + path, report, trust)
            if token is not None:
                tokens.append({**token, "seal": number, "size": seal.size, "path": at + path})
    return tokens


def _check_token(
    folder: Path, response: Path, label: str, report: Report, trust: Trust
) -> dict[str, Any] | None:
    facts = token_facts(response)
    if facts is None:
        report.bad("token-format", label, "a granted RFC 3161 response", "not one")
        return None
    stem = response.name[: -len(".tsr")]
    chain, query = folder / f"{stem}.certs.pem", folder / f"{stem}.tsq"
    anchor = trust.tsa_root or (str(chain) if chain.is_file() else None)
    if anchor is None:
        report.open("tsa-not-established", label, "--tsa-root or a chain beside it", "neither")
        return None
    common = ["ts", "-verify", "-attime", facts["seconds"], "-in", str(response), "-CAfile", anchor]
    if chain.is_file():
        common += ["-untrusted", str(chain)]
    by_data = openssl(*common, "-data", str(folder / "seal.dsse.json")) or (1, "")
    by_query = openssl(*common, "-queryfile", str(query)) or (1, "") if query.is_file() else (0, "")
    output = by_data[1] + by_query[1]
    if by_data[0] == 0 and by_query[0] == 0:
        if not query.is_file():
            report.open("token-nonce", label, f"{stem}.tsq beside it", "no such file")
        if trust.tsa_root is None:
            report.open("tsa-not-established", label, "--tsa-root", "valid under its own chain")
        return _holding(response, facts, label, report, trust)
    if re.search("imprint|nonce|signature|digest|policy|asn1|ASN", output) and not re.search(
        "certificate verify error", output
    ):
        report.bad("token-invalid", label, "a token over this envelope", "not valid")
    elif trust.tsa_root is None:
        report.bad("token-invalid", label, "a token under the chain beside it", "not valid")
    else:
        report.open("tsa-not-established", label, "a chain to --tsa-root", "none")
    return None


def _holding(
    response: Path, facts: dict[str, str], label: str, report: Report, trust: Trust
) -> dict[str, Any] | None:
    """The row of a token that holds; None if a certificate behind it is revoked."""
    roots = [Path(trust.tsa_root)] if trust.tsa_root else []
    chain, revocation = judge(response, roots, int(facts["seconds"]))
    revoked = [row for row in revocation if row["status"] == "revoked"]
    for row in revoked:
        expected = f"{row['certificate']} not revoked"
        report.bad("token-revoked", label, expected, f"revoked {row['detail']}")
    if revoked:
        return None
    test = facts.get("Policy OID") == TEST_POLICY
    if test:
        report.notes.append(f"{label}: TEST TSA — NO EVIDENTIAL WEIGHT")
    for row in revocation:
        if row["status"] != "good":
            said = f"{row['certificate']}: {row['status']}, {row['detail']}"
            report.notes.append(f"{label}: revocation of {said}")
    return {
        "accuracy": facts.get("Accuracy", "unspecified"),
        "chain": chain,
        "digest": facts.get("Hash Algorithm", ""),
        "established": trust.tsa_root is not None,
        "latest": facts["latest"],
        "policy": facts.get("Policy OID", ""),
        "qualified": "unknown",
        "revocation": revocation,
        "serial": facts.get("Serial number", ""),
        "test": test,
        "time": facts["Time stamp"],
        "tsa": facts.get("TSA", ""),
    }


def check_anchors(
    custody: Custody, tokens: list[dict[str, Any]], seals: dict[int, Seal], report: Report
) -> None:
    """What the tokens cover: entries that no token anchors, and the earliest time of each item."""
    good = [token for token in tokens if seals[token["seal"]].holds]
    covered = max((token["size"] for token in good), default=0)
    last = len(custody.lines) - 1
    report.parts["custody"] = {
        "case": custody.case_id(),
        "entries": len(custody.lines),
        "head": sha256(custody.lines[-1]) if custody.lines else None,
        "not_anchored": [covered, last] if covered <= last else None,
    }
    for row in report.parts.get("acquisitions", ()):
        times = [
            token["latest"]
            for token in good
            if row["entry"] is not None and token["size"] > row["entry"]
        ]
        row["existed_no_later_than"] = min(times, default=None)
    report.parts["tokens"] = tokens
    report.parts["seals"] = [
        {"holds": seal.holds, "keyid": seal.keyid, "seal": number, "size": seal.size}
        for number, seal in sorted(seals.items())
    ]
