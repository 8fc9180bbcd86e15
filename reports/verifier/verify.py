#!/usr/bin/env python3
"""Check a butfor case, bag, production or exhibit bundle without butfor: `python verify.py PATH`.

Standard library only (Python 3.9 or newer); timestamp tokens alone need `openssl` 3.0 or newer.
One file on purpose, though longer than a file should be: it is carried alone, by a reader who
trusts nothing else in the folder. It shares no code with butfor and comes to the same verdicts.

The procedure, in this order; every discrepancy is collected, none stops the run:
  1  custody.jsonl: each line parses, numbers follow, `prev` is the SHA-256 of the line before
  2  evidence/: every acquisition is recorded, its manifest has the digest, size, number of lines
     and Merkle root that custody states
  3  every file has the size and SHA-256 of its manifest line (--all: SHA-512);
     none is missing, none extra
  4  keys: fingerprint, signature of the previous key
  5  seals: signature, size, digest, Merkle root and head of the custody lines they commit to,
     link and consistency proof to the seal before; other copies' seals of the same case (fork)
  6  timestamp tokens over the seals; which custody entries no token covers
  7  CloudTrail digest chains: signature and order of the digests, hash of each log file
  8  a production: two inclusion proofs for each file; a bag: its manifests (RFC 8493)

"wrong" is what disagrees; "unchecked" is what could not be checked. They are never mixed.
Exit codes: 0 verified, 2 usage, 3 something could not be checked, 4 something is wrong.

Keys and TSA roots found inside the folder are a convenience, not trust: without `--key` and
`--tsa-root` a valid signature is "valid under X, X not established" (exit 3).
"""

from __future__ import annotations

import argparse
import base64
import calendar
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ACTIONS = frozenset(
    "case.init case.config case.moved key.add key.revoke acquisition.open acquisition.close "  # noqa: SIM905
    "acquisition.recover handover access exclude seal.create token.add verify.run bates.reserve "
    "exhibits.final produce torn".split()
)
FIELDS = dict.fromkeys(("actor", "clock", "data", "tool"), dict) | {
    **dict.fromkeys(("action", "at", "prev", "why"), str),
    **dict.fromkeys(("seq", "v"), int),
}
TEST_POLICY = "2.25.277394378747751089230992948670318352729"
ZERO = "0" * 64
TEXT_LIMIT = 1 << 26  # files above 64 MiB are not tried for CRLF damage
SYNC_NAME = re.compile(
    r"conflicted copy|\.sync-conflict-|^\.DS_Store$|^\._|^Thumbs\.db$|^desktop\.ini$", re.IGNORECASE
)
SPKI_ED25519 = bytes.fromhex("302a300506032b6570032100")


class Report:
    """What was found: lists of {check, path, expected, found}, and what each part says."""

    def __init__(self) -> None:
        """An empty report."""
        self.wrong: list[dict[str, str]] = []
        self.unchecked: list[dict[str, str]] = []
        self.notes: list[str] = []
        self.parts: dict[str, Any] = {}

    def bad(self, check: str, path: str, expected: object, found: object) -> None:
        """Record something that disagrees."""
        self.wrong.append(_row(check, path, expected, found))

    def open(self, check: str, path: str, expected: object, found: object) -> None:
        """Record something that could not be checked."""
        self.unchecked.append(_row(check, path, expected, found))

    def exit_code(self) -> int:
        """4 if anything is wrong, 3 if anything could not be checked, else 0."""
        return 4 if self.wrong else 3 if self.unchecked else 0


def _row(check: str, path: str, expected: object, found: object) -> dict[str, str]:
    return {"check": check, "expected": str(expected), "found": str(found), "path": path}


class Trust:
    """What the reader brings: key fingerprints, a TSA root, seals received earlier."""

    def __init__(
        self,
        keys: Sequence[str] = (),
        tsa_root: str | None = None,
        earlier: Sequence[str] = (),
        sha512: bool = False,
    ) -> None:
        """All optional; fingerprints may carry colons and upper case."""
        self.keys = {key.lower().replace(":", "") for key in keys}
        self.tsa_root = tsa_root
        self.earlier = tuple(earlier)
        self.sha512 = sha512


# --- bytes, JSON, Merkle trees (RFC 9162 section 2.1) --------------------------------------------


def sha256(data: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


def parse(raw: bytes) -> dict[str, Any]:
    """One object in canonical form; ValueError for anything else, a key twice or a float included.

    The comparison is a check of form only: what is hashed is always the raw line.
    """

    def refuse(text: str) -> int:
        raise ValueError(text)

    def exact(text: str) -> int:
        return int(text) if abs(int(text)) < 1 << 53 else refuse(text)

    value = json.loads(raw, parse_int=exact, parse_float=refuse, parse_constant=refuse)
    if type(value) is not dict or raw != json.dumps(
        value, sort_keys=True, separators=(",", ":")
    ).encode("ascii"):
        raise ValueError("not one object in canonical form")
    return value


def object_at(value: dict[str, Any], name: str) -> dict[str, Any]:
    """The member `name` where it is an object, else an empty one: comparisons then disagree."""
    member = value.get(name)
    return member if isinstance(member, dict) else {}


def lines_of(path: Path, label: str, check: str, report: Report) -> list[bytes]:
    """Lines without their LF. Damage by sync tools is one named finding; the rest is still read."""
    data = path.read_bytes()
    if b"\r" in data or data.startswith(b"\xef\xbb\xbf"):
        report.bad("sync-damage", label, "LF line ends, no byte order mark", "CR or BOM inserted")
        data = data.replace(b"\r\n", b"\n").replace(b"\xef\xbb\xbf", b"")
    lines = data.split(b"\n")
    if lines.pop():
        # Custody ends so after an interrupted write; a manifest is only ever written whole.
        say = report.open if check == "custody-torn" else report.bad
        say(check, label, "a line feed at the end", "a torn or shortened last line")
    return lines


def leaf(line: bytes) -> bytes:
    """Merkle leaf hash of a line."""
    return hashlib.sha256(b"\x00" + line).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Merkle node hash."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def roots(lines: Sequence[bytes]) -> Iterator[str]:
    """Root of the first 0, 1, 2 … lines, in one pass."""
    stack: list[bytes] = []
    yield sha256(b"")
    for number, line in enumerate(lines):
        stack.append(leaf(line))
        while number & 1:
            right = stack.pop()
            stack.append(node(stack.pop(), right))
            number >>= 1
        whole = stack[-1]
        for left in reversed(stack[:-1]):
            whole = node(left, whole)
        yield whole.hex()


def included(line: bytes, index: int, size: int, path: list[str], root: str) -> bool:
    """RFC 9162 2.1.3.2: does the audit path lead from the leaf to the root, nothing left over?"""
    if not 0 <= index < size:
        return False
    fn, sn, value = index, size - 1, leaf(line)
    for step in map(bytes.fromhex, path):
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            value = node(step, value)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            value = node(value, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and value.hex() == root


def consistent(old: int, new: int, old_root: str, new_root: str, path: list[str]) -> bool:
    """RFC 9162 2.1.4.2: is the tree of `old` leaves a prefix of the tree of `new` leaves?"""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    steps = [bytes.fromhex(step) for step in path]
    if old & (old - 1) == 0:
        steps.insert(0, bytes.fromhex(old_root))
    if not steps:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = steps[0]
    for step in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(step, fr), node(step, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr.hex() == old_root and sr.hex() == new_root


# --- signatures: Ed25519 (RFC 8032 section 5.1) and RSA PKCS#1 v1.5 (RFC 8017 section 8.2) -------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
Point = tuple[int, int, int, int]
D = -121665 * pow(121666, P - 2, P) % P


def _add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times(scalar: int, p: Point) -> Point:
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, p)
        p, scalar = _add(p, p), scalar >> 1
    return total


def _point(raw: bytes) -> Point | None:
    """The point encoded in 32 bytes, or None."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


BASE = _point(bytes.fromhex("58" + "66" * 31)) or (0, 1, 1, 0)


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Is this the signature of `message` under the 32-byte public key?"""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = _point(public), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = _times(s, BASE), _add(r, _times(h, a))
    return not ((left[0] * right[2] - right[0] * left[2]) % P) and not (
        (left[1] * right[2] - right[1] * left[2]) % P
    )


def _der(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Content of the first DER element, which must have this tag, and what follows it."""
    if len(data) < 2 or data[0] != tag:
        raise ValueError("not the DER element expected")
    length, at = data[1], 2
    if length & 0x80:
        at = 2 + (length & 0x7F)
        length = int.from_bytes(data[2:at], "big")
    return data[at : at + length], data[at + length :]


def rsa_sha256(public: bytes, message: bytes, signature: bytes) -> bool:
    """Is this the RSA PKCS#1 v1.5 SHA-256 signature under the key (PKCS#1 DER)?"""
    body, _ = _der(public, 0x30)
    modulus, rest = _der(body, 0x02)
    n, e = int.from_bytes(modulus, "big"), int.from_bytes(_der(rest, 0x02)[0], "big")
    size = (n.bit_length() + 7) // 8
    if len(signature) != size or size < 64:
        return False
    info = bytes.fromhex("3031300d060960864801650304020105000420")
    info += hashlib.sha256(message).digest()
    expected = b"\x00\x01" + b"\xff" * (size - 3 - len(info)) + b"\x00" + info
    return pow(int.from_bytes(signature, "big"), e, n).to_bytes(size, "big") == expected


# --- 1 custody -----------------------------------------------------------------------------------


class Custody:
    """Lines of custody.jsonl and their objects; None where a line does not parse."""

    def __init__(self, lines: list[bytes], entries: list[dict[str, Any] | None]) -> None:
        """Lists of equal length."""
        self.lines, self.entries = lines, entries

    def all(self, action: str) -> list[tuple[int, dict[str, Any]]]:
        """(index, data) of every entry of this action."""
        return [
            (index, object_at(entry, "data"))
            for index, entry in enumerate(self.entries)
            if entry is not None and entry.get("action") == action
        ]

    def case_id(self) -> object:
        """`data.case` of case.init, None without it."""
        return next((data.get("case") for _, data in self.all("case.init")), None)


def check_custody(root: Path, at: str, report: Report) -> Custody:
    """Step 1. Lines that disagree are reported where the chain breaks, not for all that follow."""
    label = at + "custody.jsonl"
    path = root / "custody.jsonl"
    if not path.is_file():
        report.bad("custody-missing", label, "custody.jsonl", "no such file")
        return Custody([], [])
    lines = lines_of(path, label, "custody-torn", report)
    entries: list[dict[str, Any] | None] = []
    before, follows = ZERO, 0
    for number, line in enumerate(lines, 1):
        place = f"{label}:{number}"
        entry = None
        try:
            entry = parse(line)
            if {name: type(entry.get(name)) for name in entry} != FIELDS:
                raise ValueError("fields of an entry")  # noqa: TRY301
        except (ValueError, RecursionError):
            report.bad("custody-line", place, "an entry in canonical form", "something else")
            entry = None
        entries.append(entry)
        if entry is not None:
            _check_entry(entry, place, before, follows, report)
            follows = entry["seq"]
        before, follows = sha256(line), follows + 1
    first = (entries[0] or {}).get("action") if entries else "nothing"
    if first != "case.init":
        report.bad("custody-start", f"{label}:1", "case.init", first)
    return Custody(lines, entries)


def _check_entry(entry: dict[str, Any], at: str, before: str, follows: int, report: Report) -> None:
    if entry["v"] != 1:
        report.open("custody-version", at, "v 1", f"v {entry['v']}")
    if entry["action"] not in ACTIONS:
        report.open("custody-action", at, "a known action", entry["action"])
    if entry["seq"] != follows:
        report.bad("custody-seq", at, follows, entry["seq"])
    if entry["prev"] != before:
        report.bad("custody-prev", at, before, entry["prev"])


# --- 2 and 3 acquisitions and their files --------------------------------------------------------


def tree(folder: Path) -> dict[str, Path]:
    """Every file below a folder by its relative path. Links are not followed: they are files."""
    found: dict[str, Path] = {}
    for base, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(base) / name).is_symlink()]
        for name in names + links:
            path = Path(base) / name
            found[os.fsencode(path.relative_to(folder).as_posix()).decode("latin-1")] = path
    return found


def digests(path: Path, both: bool) -> tuple[str, str | None]:
    """SHA-256 and, if asked, SHA-512 of a file in one pass."""
    short, long = hashlib.sha256(), hashlib.sha512()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            short.update(block)
            if both:
                long.update(block)
    return short.hexdigest(), long.hexdigest() if both else None


def manifest_row(line: bytes) -> dict[str, Any] | None:
    """One line of a manifest, None if it is not in form or names a path outside its folder."""
    try:
        row = parse(line)
        size, path = row["bytes"], row["path"]
        parts = path.encode().decode().split("/")
        fits = set(row) == {"bytes", "path", "sha256", "sha512"} and type(size) is int and size >= 0
        fits = fits and not any(part in ("", ".", "..") for part in parts)
        fits = fits and not set(path) & set('\\:\0*?"<>|')
        fits = fits and bool(re.fullmatch("[0-9a-f]{64}", row["sha256"]))
        return row if fits and re.fullmatch("[0-9a-f]{128}", row["sha512"]) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def check_files(
    folder: Path, manifest: list[bytes], at: str, report: Report, trust: Trust, own: str
) -> None:
    """Step 3. A folder against the lines of its manifest.

    Args:
        folder: what the manifest describes.
        manifest: its lines.
        at: path of the folder as reports print it, empty or ending in a slash.
        report: receives the discrepancies.
        trust: for `sha512`.
        own: name of the manifest itself, which it leaves out.
    """
    found = tree(folder)
    found.pop(own, None)
    listed: set[str] = set()
    last = b""
    for number, line in enumerate(manifest, 1):
        row = manifest_row(line)
        if row is None:
            report.bad("manifest-line", f"{at}{own}:{number}", "bytes, path, sha256, sha512", "no")
            continue
        path, size = row["path"], row["bytes"]
        if path in listed or path.encode() < last:
            report.bad("manifest-order", f"{at}{own}:{number}", "paths sorted, each once", path)
        listed.add(path)
        last = path.encode()
        place = found.pop(path, None)
        if place is None or place.is_symlink():
            kind = "no such file" if place is None else "a symbolic link"
            report.bad("file-missing", at + path, f"{size} bytes", kind)
        else:
            _check_file(place, row, at + path, report, trust)
    for path in found:
        sync = SYNC_NAME.search(path.rpartition("/")[2])
        if path.endswith(".signed.pdf") and path[:-11] + ".pdf" in listed:
            _check_signed(folder, path, at, report)
        else:
            report.bad("sync-damage" if sync else "file-extra", at + path, "no such file", "a file")


def _check_file(place: Path, row: dict[str, Any], label: str, report: Report, trust: Trust) -> None:
    size = place.stat().st_size
    short, long = digests(place, trust.sha512)
    if short != row["sha256"]:
        if size <= TEXT_LIMIT and _crlf_damaged(place, row["sha256"]):
            report.bad("sync-damage", label, row["sha256"], "LF turned into CRLF")
        elif size != row["bytes"]:
            report.bad("file-size", label, row["bytes"], size)
        else:
            report.bad("file-sha256", label, row["sha256"], short)
    elif size != row["bytes"]:
        report.bad("file-size", label, row["bytes"], size)
    elif long is not None and long != row.get("sha512"):
        report.bad("file-sha512", label, row.get("sha512"), long)


def _crlf_damaged(place: Path, expected: str) -> bool:
    return sha256(place.read_bytes().replace(b"\r\n", b"\n")) == expected


def _check_signed(folder: Path, path: str, at: str, report: Report) -> None:
    """A PAdES copy must begin with the original's bytes (an incremental update keeps them)."""
    original = (folder / (path[:-11] + ".pdf")).read_bytes()
    if not (folder / path).read_bytes().startswith(original):
        report.bad("signed-prefix", at + path, "begins with the original's bytes", "other bytes")


def check_acquisitions(root: Path, custody: Custody, at: str, report: Report, trust: Trust) -> None:
    """Steps 2 and 3 for every acquisition that custody opens, and for folders it does not know."""
    opened, closed = custody.all("acquisition.open"), {}
    for index, data in custody.all("acquisition.close"):
        if str(data.get("acq")) in closed:
            report.bad(
                "acquisition-closed-twice", f"{at}custody.jsonl:{index + 1}", "once", "again"
            )
        closed[str(data.get("acq"))] = (index, object_at(data, "manifest"))
    known = {str(data.get("dir")) for _, data in opened}
    base = root / "evidence"
    for entry in sorted(base.iterdir()) if base.is_dir() else ():
        name = f"evidence/{entry.name}"
        if name not in known:
            sync = SYNC_NAME.search(entry.name)
            check = "sync-damage" if sync else "acquisition-unrecorded"
            report.bad(check, at + name, "an acquisition.open entry", "none")
    rows = []
    for _, data in opened:
        acq, name = str(data.get("acq")), str(data.get("dir"))
        close = closed.pop(acq, None)
        row: dict[str, Any] = {"acq": data.get("acq"), "dir": name, "closed": close is not None}
        rows.append({**row, "entry": close[0] if close else None, "existed_no_later_than": None})
        if not re.fullmatch(r"evidence/[A-Za-z0-9][A-Za-z0-9._-]*", name):
            report.bad("acquisition-folder", at + name, "evidence/<name>", name)
        elif not (root / name).is_dir():
            report.bad("acquisition-missing", at + name, "a folder", "none")
        elif close is None:
            report.open("acquisition-open", at + name, "acquisition.close", "not closed")
        else:
            _check_manifest(root / name, close[1], f"{at}{name}/", report, trust)
    for acq in closed:
        report.bad("acquisition-never-opened", f"{at}custody.jsonl", "acquisition.open", acq)
    report.parts["acquisitions"] = rows


def _check_manifest(
    folder: Path, stated: dict[str, Any], at: str, report: Report, trust: Trust
) -> None:
    path, label = folder / "manifest.jsonl", at + "manifest.jsonl"
    if not path.is_file():
        report.bad("manifest-missing", label, stated.get("sha256"), "no such file")
        return
    lines = lines_of(path, label, "manifest-torn", report)
    raw = b"".join(line + b"\n" for line in lines)
    *_, root = roots(lines)
    for check, expected, found in (
        ("manifest-sha256", stated.get("sha256"), sha256(raw)),
        ("manifest-bytes", stated.get("bytes"), len(raw)),
        ("manifest-leaves", stated.get("leaves"), len(lines)),
        ("manifest-root", stated.get("root"), root),
    ):
        if expected != found:
            report.bad(check, label, expected, found)
    check_files(folder, lines, at, report, trust, "manifest.jsonl")


# --- 4 and 5 keys and seals ----------------------------------------------------------------------


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


# --- 6 timestamp tokens --------------------------------------------------------------------------


def openssl(*arguments: str) -> tuple[int, str] | None:
    """Exit code and output of `openssl`, None where there is none of version 3 or newer."""
    program = shutil.which("openssl")
    if program is None:
        return None
    environment = {**os.environ, "LC_ALL": "C", "OPENSSL_CONF": os.devnull}
    done = subprocess.run(  # noqa: S603 # fixed words, no shell
        [program, *arguments], capture_output=True, env=environment, check=False, timeout=60
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def have_openssl() -> bool:
    """Is there an `openssl` of version 3 or newer?"""
    version = openssl("version")
    found = re.match(r"OpenSSL (\d+)\.", version[1]) if version else None
    return found is not None and int(found.group(1)) >= 3


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
        test = facts.get("Policy OID") == TEST_POLICY
        if not query.is_file():
            report.open("token-nonce", label, f"{stem}.tsq beside it", "no such file")
        if trust.tsa_root is None:
            report.open("tsa-not-established", label, "--tsa-root", "valid under its own chain")
        if test:
            report.notes.append(f"{label}: TEST TSA — NO EVIDENTIAL WEIGHT")
        report.notes.append(f"{label}: revocation of the TSA's certificate is unknown")
        return {
            "accuracy": facts.get("Accuracy", "unspecified"),
            "established": trust.tsa_root is not None,
            "latest": facts["latest"],
            "policy": facts.get("Policy OID", ""),
            "qualified": "unknown",
            "serial": facts.get("Serial number", ""),
            "test": test,
            "time": facts["Time stamp"],
            "tsa": facts.get("TSA", ""),
        }
    if re.search("imprint|nonce|signature|digest|policy|asn1|ASN", output) and not re.search(
        "certificate verify error", output
    ):
        report.bad("token-invalid", label, "a token over this envelope", "not valid")
    elif trust.tsa_root is None:
        report.bad("token-invalid", label, "a token under the chain beside it", "not valid")
    else:
        report.open("tsa-not-established", label, "a chain to --tsa-root", "none")
    return None


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


# --- 8 productions and bags ----------------------------------------------------------------------


def check_production(root: Path, report: Report, trust: Trust) -> None:
    """Files listed in manifest.jsonl, and for each produced item its two inclusion proofs."""
    lines = lines_of(root / "manifest.jsonl", "manifest.jsonl", "manifest-torn", report)
    check_files(root, lines, "", report, trust, "manifest.jsonl")
    seals, keys = load_seals(root, "", report), Keys()
    for path in sorted((root / "keys").glob("*.pem")):
        try:
            der = unbase64("".join(path.read_text("ascii").splitlines()[1:-1]))
            keys.public[sha256(der)], keys.added[sha256(der)] = key_of(der), -1
        except ValueError:
            report.bad("key-format", f"keys/{path.name}", "an Ed25519 key in PEM", "something else")
    keys.established = trust.keys & set(keys.public)
    for number, seal in seals.items():
        label, before = seal_file("", number), len(report.wrong)
        check_statement(seal, number, None, label, report)
        check_signature(seal, keys, label, report)
        if number - 1 in seals:
            check_link(seal, seals[number - 1], label, report)
        seal.holds = len(report.wrong) == before
    rows = []
    for path in sorted((root / "proofs").glob("*.json")):
        try:
            rows.append(_check_proof(root, path, seals, report))
        except (ValueError, KeyError, TypeError, RecursionError):
            report.bad("proof-format", f"proofs/{path.name}", "a proof of version 1", "not one")
    produced = {f"items/{path.stem}/" for path in (root / "proofs").glob("*.json")}
    for name in sorted(tree(root / "items")):
        if f"items/{name.split('/')[0]}/" not in produced:
            report.bad("proof-missing", f"items/{name}", "a proof", "none")
    files = {
        f"seals/{n:04d}/{p.name}": sha256(p.read_bytes())
        for n in seals
        for p in (root / "seals" / f"{n:04d}").glob("*.tsr")
    }
    tokens = check_tokens(root, seals, files, "", report, trust)
    for row in rows:
        # Only a token over the very seal of the proof counts; a later seal needs its own proof.
        times = [token["latest"] for token in tokens if token["seal"] == row["seal"]]
        row["existed_no_later_than"] = min(times, default=None)
    report.parts["items"], report.parts["tokens"] = rows, tokens


def _check_proof(root: Path, path: Path, seals: dict[int, Seal], report: Report) -> dict[str, Any]:
    label, proof = f"proofs/{path.name}", parse(path.read_bytes().rstrip(b"\n"))
    if proof["v"] != 1:
        report.open("proof-version", label, "v 1", f"v {proof['v']}")
    line, close = proof["manifest_line"].encode(), proof["custody_line"].encode()
    row, entry = parse(line), parse(close)
    stated, name = entry["data"]["manifest"], row["path"].rpartition("/")[2]
    uid = f"EV-{entry['data']['acq']}.f{int(name[:8])}"
    item = root / "items" / uid / name
    if uid != path.stem or not item.is_file():
        report.bad("proof-item", label, f"items/{uid}/{name}", f"items/{path.stem}/")
    elif digests(item, both=True) != (row["sha256"], row["sha512"]):
        report.bad("proof-file", label, row["sha256"], digests(item, both=False)[0])
    steps = (proof["index"], proof["size"], proof["path"], stated["root"])
    if entry["action"] != "acquisition.close" or proof["size"] != stated["leaves"]:
        report.bad("proof-custody-line", label, "the close of the acquisition", "another line")
    if not included(line, *steps):
        report.bad("proof-manifest", label, stated["root"], "the path does not lead there")
    seal = seals.get(proof["seal"])
    if seal is None:
        report.open("proof-seal", label, f"seal {proof['seal']}", "not there")
    elif proof["custody_size"] != seal.size or not included(
        close, proof["custody_index"], seal.size, proof["custody_path"], seal.predicate["root"]
    ):
        report.bad("proof-custody", label, seal.predicate["root"], "the path does not lead there")
    return {"item": uid, "path": f"items/{uid}/{name}", "seal": proof["seal"]}


def check_bag(root: Path, report: Report) -> None:
    """RFC 8493: declaration, payload and tag manifests complete and right, Payload-Oxum."""
    if (root / "bagit.txt").read_bytes() != (
        b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    ):
        report.bad("bag-declaration", "bagit.txt", "BagIt 1.0, UTF-8", "something else")
    found = tree(root)
    payload = {path for path in found if path.startswith("data/")}
    for name in ("manifest-sha256.txt", "manifest-sha512.txt"):
        _check_bag_manifest(root, name, found, payload, report)
    tags = {path for path in found if not path.startswith(("data/", "tagmanifest-"))}
    for name in ("tagmanifest-sha256.txt", "tagmanifest-sha512.txt"):
        _check_bag_manifest(root, name, found, tags, report)
    info = root / "bag-info.txt"
    oxum = re.search(
        r"^Payload-Oxum: (\S+)$", info.read_text("utf-8") if info.is_file() else "", re.MULTILINE
    )
    actual = f"{sum(found[path].stat().st_size for path in payload)}.{len(payload)}"
    if oxum is None or oxum.group(1) != actual:
        report.bad("bag-oxum", "bag-info.txt", oxum and oxum.group(1), actual)


def _check_bag_manifest(
    root: Path, name: str, found: dict[str, Path], expected: set[str], report: Report
) -> None:
    if not (root / name).is_file():
        report.bad("bag-missing", name, "a manifest", "no such file")
        return
    listed = set()
    for row in (root / name).read_bytes().decode("latin-1").split("\n")[:-1]:
        digest, _, path = row.partition("  ")
        path = path.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        listed.add(path)
        if path not in found:
            report.bad("bag-missing", path, digest, "no such file")
        elif (actual := digests(found[path], both=True)["512" in name]) != digest:
            report.bad("bag-digest", path, digest, actual)
    for path in sorted(expected - listed):
        report.bad("bag-extra", path, f"a line in {name}", "none")


# --- the run -------------------------------------------------------------------------------------


def check_case(root: Path, at: str, report: Report, trust: Trust) -> None:
    """Steps 1 to 7 for a case folder; `at` is put before every path that is reported."""
    custody = check_custody(root, at, report)
    check_acquisitions(root, custody, at, report, trust)
    keys = check_keys(custody, at, report, trust)
    seals = load_seals(root, at, report)
    check_seals(seals, custody, keys, at, report)
    check_forks(root, custody, at, report, trust)
    recorded = {
        f"seals/{data.get('seal'):04d}/{Path(str(name)).name}": str(digest)
        for _, data in custody.all("token.add")
        if isinstance(data.get("seal"), int)
        for name, digest in object_at(data, "files").items()
    }
    tokens = check_tokens(root, seals, recorded, at, report, trust)
    check_anchors(custody, tokens, seals, report)


def verify(root: Path, trust: Trust) -> Report:
    """The whole procedure on a case, a bag, or a folder that carries its own manifest.jsonl."""
    report = Report()
    if (root / "bagit.txt").is_file():
        report.parts["kind"] = "bag"
        check_bag(root, report)
        check_case(root / "data", "data/", report, trust)
    elif (root / "custody.jsonl").exists() or (root / "case.toml").exists():
        report.parts["kind"] = "case"
        check_case(root, "", report, trust)
    elif (root / "manifest.jsonl").is_file():
        report.parts["kind"] = "production"
        check_production(root, report, trust)
    else:
        raise FileNotFoundError("expected custody.jsonl, bagit.txt or manifest.jsonl")
    key = lambda row: (row["path"], row["check"], row["expected"], row["found"])  # noqa: E731
    report.wrong.sort(key=key)
    report.unchecked.sort(key=key)
    return report


def as_data(report: Report) -> dict[str, Any]:
    """The object that `--json` prints."""
    return {
        "exit": report.exit_code(),
        "notes": report.notes,
        "unchecked": report.unchecked,
        "v": 1,
        "wrong": report.wrong,
        **report.parts,
    }


def show(report: Report) -> None:
    """Print for a person: the verdict first."""
    words = {0: "verified", 3: "verified as far as it could be checked", 4: "WRONG"}
    print(
        f"{words[report.exit_code()]}: {len(report.wrong)} wrong, "
        f"{len(report.unchecked)} could not be checked"
    )
    for title, rows in (("wrong", report.wrong), ("could not check", report.unchecked)):
        for row in rows:
            print(
                f"  {title}: {row['path']} [{row['check']}]: expected {row['expected']}, "
                f"found {row['found']}"
            )
    custody = report.parts.get("custody")
    if custody and custody["not_anchored"]:
        print("  entries {}–{}: not anchored".format(*custody["not_anchored"]))
    for note in report.notes:
        print(f"  note: {note}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; any exception that nobody foresaw is "could not be checked", never "fine"."""
    parser = argparse.ArgumentParser(description="Check a butfor case, bag, production or bundle.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--all", action="store_true", help="SHA-512 as well as SHA-256")
    parser.add_argument("--key", action="append", default=[], help="fingerprint of a trusted key")
    parser.add_argument("--tsa-root", help="PEM file of the trusted TSA root certificate")
    parser.add_argument("--earlier-seal", action="append", default=[], help="seal received before")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    if not given.path.is_dir():
        parser.error(f"{given.path}: expected a folder")
    marks = ("bagit.txt", "custody.jsonl", "case.toml", "manifest.jsonl")
    if not any((given.path / mark).exists() for mark in marks):
        parser.error(f"{given.path}: expected one of {', '.join(marks)}, found none")
    try:
        trust = Trust(given.key, given.tsa_root, given.earlier_seal, given.all)
        report = verify(given.path, trust)
    except Exception as error:  # turned into the recorded result "could not be checked"
        report = Report()
        report.open("unexpected", str(given.path), "a check that ends", repr(error))
    if given.json:
        print(json.dumps(as_data(report), indent=1, sort_keys=True))
    else:
        show(report)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
