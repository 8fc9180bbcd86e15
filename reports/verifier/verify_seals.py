"""Steps 4 and 5: keys and seals."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from verify_custody import Custody
from verify_report import Report, Trust, object_at, parse, sha256
from verify_signatures import ed25519
from verify_trees import consistent, roots

SPKI_ED25519 = bytes.fromhex("302a300506032b6570032100")


class Keys:
    """Public keys by fingerprint, how far each is vouched for, and from where each is revoked."""

    def __init__(self) -> None:
        """No key."""
        self.public: dict[str, bytes] = {}
        self.added: dict[str, int] = {}
        self.revoked: dict[str, int] = {}
        self.established: set[str] = set()


def unbase64(text: object) -> bytes:
    """Strict standard base64; ValueError for anything else."""
    if not isinstance(text, str):
        raise ValueError("not base64")  # noqa: TRY004
    return base64.b64decode(text, validate=True)


def key_of(der: bytes) -> bytes:
    """The 32 bytes inside an Ed25519 SubjectPublicKeyInfo; ValueError for any other key."""
    if len(der) != 44 or not der.startswith(SPKI_ED25519):
        raise ValueError("not an Ed25519 key")
    return der[12:]


def check_keys(custody: Custody, at: str, report: Report, trust: Trust) -> Keys:
    """Step 4. A key after the first is vouched for by the key before it."""
    keys, previous = Keys(), None
    for index, data in custody.all("key.add"):
        label, keyid = f"{at}custody.jsonl:{index + 1}", str(data.get("keyid"))
        try:
            der = unbase64(data.get("public_key"))
            public, by = key_of(der), data.get("signed_by_previous")
            vouched = by is not None and previous is not None
            valid = vouched and ed25519(keys.public[str(previous)], der, unbase64(by))
        except ValueError:
            report.bad("key-format", label, "an Ed25519 key in base64 DER", "something else")
            continue
        if sha256(der) != keyid:
            report.bad("key-fingerprint", label, sha256(der), keyid)
            continue
        if previous is not None and by is None:
            report.open("key-not-vouched", label, f"signature of key {previous}", "none")
        elif by is not None and not valid:
            report.bad("key-signature", label, f"valid under key {previous}", "not valid")
        if keyid in trust.keys or (valid and previous in keys.established):
            keys.established.add(keyid)
        keys.public[keyid], keys.added[keyid], previous = public, index, keyid
    for index, data in custody.all("key.revoke"):
        keys.revoked.setdefault(str(data.get("keyid")), index)
    return keys


class Seal:
    """One envelope: its raw bytes, the statement's predicate, and whether it holds."""

    def __init__(self, raw: bytes) -> None:
        """ValueError if the bytes are not a seal of this format."""
        if not raw.endswith(b"\n"):
            raise ValueError("not one line")
        envelope = parse(raw[:-1])
        kind = envelope.get("payloadType")
        self.payload = unbase64(envelope.get("payload"))
        (only,) = envelope["signatures"]
        keyid, self.signature = only["keyid"], unbase64(only["sig"])
        if not isinstance(kind, str) or not isinstance(keyid, str):
            raise ValueError("not text")  # noqa: TRY004
        self.raw, self.kind, self.keyid = raw, kind, keyid
        self.statement = parse(self.payload)
        self.predicate: dict[str, Any] = object_at(self.statement, "predicate")
        subject = self.statement.get("subject")
        only = subject[0] if isinstance(subject, list) and len(subject) == 1 else None
        self.subject: dict[str, Any] = only if isinstance(only, dict) else {}
        for name in ("seal", "size", "bytes"):
            value: Any = self.predicate.get(name)
            if type(value) is not int or value < 0:
                raise ValueError(f"{name} is not a number")
        for name in ("root", "head"):
            if not re.fullmatch("[0-9a-f]{64}", str(self.predicate.get(name))):
                raise ValueError(f"{name} is not a digest")
        steps = self.predicate.get("consistency")
        if not isinstance(steps, list) or not all(
            re.fullmatch("[0-9a-f]{64}", str(step)) for step in steps
        ):
            raise ValueError("consistency is not a list of digests")
        self.number, self.size = self.predicate["seal"], self.predicate["size"]
        self.holds = True

    def message(self) -> bytes:
        """DSSE pre-authentication encoding: what the signature covers."""
        kind = self.kind.encode()
        head = b"DSSEv1 %d %b %d " % (len(kind), kind, len(self.payload))
        return head + self.payload


def load_seals(root: Path, at: str, report: Report) -> dict[int, Seal]:
    """Envelopes of seals/NNNN/, by folder number."""
    seals: dict[int, Seal] = {}
    base = root / "seals"
    for folder in sorted(base.iterdir()) if base.is_dir() else ():
        label = f"{at}seals/{folder.name}"
        if not re.fullmatch("[0-9]{4,}", folder.name) or not folder.is_dir():
            report.bad("seal-extra", label, "a folder named by a number", "something else")
            continue
        try:
            raw = (folder / "seal.dsse.json").read_bytes()
            seals[int(folder.name)] = Seal(raw)
        except OSError:
            report.open("seal-unfinished", label, "seal.dsse.json", "no such file")
        except (ValueError, KeyError, TypeError, RecursionError):
            report.bad("seal-format", f"{label}/seal.dsse.json", "a seal envelope", "not one")
    return seals


def seal_file(at: str, number: int) -> str:
    """Path of an envelope as reports print it."""
    return f"{at}seals/{number:04d}/seal.dsse.json"


def check_seals(
    seals: dict[int, Seal], custody: Custody, keys: Keys, at: str, report: Report
) -> None:
    """Step 5. Each seal against custody, against the seal before, and against seal.create."""
    every = list(roots(custody.lines))
    case_id = custody.case_id()
    recorded = {str(data.get("seal")): (i, data) for i, data in custody.all("seal.create")}
    for number, seal in seals.items():
        label, before = seal_file(at, number), len(report.wrong)
        check_statement(seal, number, case_id, label, report)
        _check_prefix(seal, custody, every, label, report)
        check_link(seal, seals.get(number - 1), label, report)
        check_signature(seal, keys, label, report)
        index, data = recorded.pop(str(number), (None, {}))
        if index is None:
            report.open("seal-unrecorded", label, "a seal.create entry", "none")
        elif data.get("envelope") != sha256(seal.raw) or index < seal.size:
            report.bad("seal-digest", label, data.get("envelope"), sha256(seal.raw))
        seal.holds = len(report.wrong) == before
    broken = {row["path"] for row in report.wrong}
    for name in recorded:
        label = seal_file(at, int(name)) if name.isdigit() else f"{at}seals"
        if label not in broken:
            report.bad("seal-missing", label, "the envelope of seal.create", "no such file")


def check_statement(seal: Seal, number: int, case_id: object, label: str, report: Report) -> None:
    """Fixed words of the statement, and that it is this case's seal of this number."""
    kind = seal.statement.get("predicateType")
    if kind != "https://butfor.invalid/seal/v1":
        report.open("seal-version", label, "https://butfor.invalid/seal/v1", kind)
    for name, expected, found in (
        ("payloadType", "application/vnd.in-toto+json", seal.kind),
        ("_type", "https://in-toto.io/Statement/v1", seal.statement.get("_type")),
        ("subject", "custody.jsonl", seal.subject.get("name")),
        ("tree", "rfc9162-sha256", seal.predicate.get("tree")),
        ("seal", number, seal.number),
        ("case", case_id, seal.predicate.get("case")),
    ):
        if expected != found and not (name == "case" and case_id is None):
            report.bad("seal-statement", label, f"{name} {expected}", f"{name} {found}")


def _check_prefix(
    seal: Seal, custody: Custody, every: list[str], label: str, report: Report
) -> None:
    size, stated = seal.size, seal.predicate
    if not 0 < size < len(every):
        report.bad("seal-size", label, f"custody of at least {size} lines", len(every) - 1)
        return
    raw = b"".join(line + b"\n" for line in custody.lines[:size])
    for check, expected, found in (
        ("seal-bytes", stated["bytes"], len(raw)),
        ("seal-subject", seal.subject.get("digest"), {"sha256": sha256(raw)}),
        ("seal-root", stated["root"], every[size]),
        ("seal-head", stated["head"], sha256(custody.lines[size - 1])),
    ):
        if expected != found:
            report.bad(check, label, expected, found)


def check_link(seal: Seal, earlier: Seal | None, label: str, report: Report) -> None:
    """`prev_seal` and the consistency proof to the seal before; seal 1 has neither."""
    stated, steps = seal.predicate.get("prev_seal"), seal.predicate["consistency"]
    if seal.number == 1:
        if stated is not None or steps:
            report.bad("seal-previous", label, "null", stated)
    elif earlier is None:
        report.open("seal-previous", label, f"seal {seal.number - 1}", "not there")
    elif stated != sha256(earlier.raw):
        report.bad("seal-previous", label, sha256(earlier.raw), stated)
    elif not consistent(
        earlier.size, seal.size, earlier.predicate["root"], seal.predicate["root"], steps
    ):
        report.bad("seal-fork", label, f"a continuation of seal {earlier.number}", "no proof of it")


def check_signature(seal: Seal, keys: Keys, label: str, report: Report) -> None:
    """Ed25519 under a key added before the seal and not revoked before it; then whose key it is."""
    public = keys.public.get(seal.keyid)
    if public is None or keys.added[seal.keyid] >= seal.size:
        report.bad("seal-key", label, "a key added to the case before it", seal.keyid)
    elif not ed25519(public, seal.message(), seal.signature):
        report.bad("seal-signature", label, f"valid under key {seal.keyid}", "not valid")
    elif keys.revoked.get(seal.keyid, seal.size) < seal.size:
        report.bad("seal-revoked", label, "a key not revoked before the seal", seal.keyid)
    elif seal.keyid not in keys.established:
        found = f"valid under key {seal.keyid}, its holder not established"
        report.open("key-not-established", label, "--key with the fingerprint", found)


def check_forks(root: Path, custody: Custody, at: str, report: Report, trust: Trust) -> None:
    """Step 5, other copies: seals of this case received earlier or imported from another copy."""
    every = list(roots(custody.lines))
    pattern = re.compile(r"[0-9]{8}-seal\.dsse\.json")
    copies = [
        (f"{at}{path.relative_to(root).as_posix()}", path)
        for path in sorted((root / "evidence").glob("*/files/*-seal.dsse.json"))
        if pattern.fullmatch(path.name)
    ]
    for label, path in copies + [(Path(name).name, Path(name)) for name in trust.earlier]:
        given = path.is_file() and (label, path) not in copies
        try:
            seal = Seal(path.read_bytes())
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            report.open("seal-copy", label, "a seal envelope", "not one")
            continue
        if seal.predicate.get("case") != custody.case_id():
            if given:
                report.open("seal-copy", label, f"case {custody.case_id()}", "another case")
        elif seal.size >= len(every):
            report.bad("seal-fork", label, f"custody of at least {seal.size} lines", len(every) - 1)
        elif seal.predicate["root"] != every[seal.size]:
            report.bad("seal-fork", label, every[seal.size], seal.predicate["root"])
