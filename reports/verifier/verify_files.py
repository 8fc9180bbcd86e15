"""Steps 2 and 3: acquisitions, and files against their manifests."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from verify_custody import Custody
from verify_report import (
    SYNC_NAME,
    TEXT_LIMIT,
    Report,
    Trust,
    long_lines_of,
    object_at,
    parse,
    sha256,
)
from verify_trees import root_of


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder by its relative path, links included; what it is if not regular.

    A folder that cannot be looked into has a path that ends in a slash.
    """
    found: dict[str, str] = {}
    root = os.fsencode(folder)

    def below(path: bytes) -> str:
        return path[len(root) + 1 :].replace(os.sep.encode(), b"/").decode("latin-1")

    def refused(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            place = below(os.fsencode(error.filename))
            found[f"{place}/" if place else ""] = "closed"

    for base, folders, names in os.walk(root, onerror=refused):
        for name in names + folders:
            path = os.path.join(base, name)  # noqa: PTH118 # bytes, and many
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                found[below(path)] = "a symbolic link"
            elif not stat.S_ISDIR(mode):
                found[below(path)] = "" if stat.S_ISREG(mode) else "not a regular file"
    return found


def place_of(folder: Path, path: str) -> Path:
    """Where a file of `tree` is."""
    return folder / os.fsdecode(path.encode("latin-1"))


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
    folder: Path, manifest: Iterable[bytes], at: str, report: Report, trust: Trust, own: str
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
    closed = tuple(path for path, kind in found.items() if kind == "closed")
    for path in closed:
        del found[path]
    documents: set[str] = set()
    highest = b""
    for number, line in enumerate(manifest, 1):
        row = manifest_row(line)
        if row is None:
            report.bad("manifest-line", f"{at}{own}:{number}", "bytes, path, sha256, sha512", "no")
            continue
        path, size = row["path"], row["bytes"]
        if path.encode() <= highest:
            report.bad("manifest-order", f"{at}{own}:{number}", "paths sorted, each once", path)
        highest = max(highest, path.encode())
        if path.endswith(".pdf"):
            documents.add(path)
        kind = found.pop(path, "no such file")
        if not kind:
            _check_file(folder / path, row, at + path, report, trust)
        elif path.startswith(closed):
            said = "the medium does not give it"
            report.open("file-unreadable", at + path, row["sha256"], said)
        else:
            report.bad("file-missing", at + path, f"{size} bytes", kind)
    for path in found:
        sync = SYNC_NAME.search(path.rpartition("/")[2])
        if path.endswith(".signed.pdf") and path[:-11] + ".pdf" in documents:
            _check_signed(folder, path, at, report)
        else:
            report.bad("sync-damage" if sync else "file-extra", at + path, "no such file", "a file")


def _check_file(place: Path, row: dict[str, Any], label: str, report: Report, trust: Trust) -> None:
    size = place.stat().st_size
    try:
        short, long = digests(place, trust.sha512)
    except OSError:
        report.open("file-unreadable", label, row["sha256"], "the medium does not give it")
        return
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
    lines = long_lines_of(path, label, "manifest-torn", report)
    hashed, size = hashlib.sha256(), 0
    for line in lines:
        hashed.update(line + b"\n")
        size += len(line) + 1
    leaves, root = root_of(lines)
    for check, expected, found in (
        ("manifest-sha256", stated.get("sha256"), hashed.hexdigest()),
        ("manifest-bytes", stated.get("bytes"), size),
        ("manifest-leaves", stated.get("leaves"), leaves),
        ("manifest-root", stated.get("root"), root),
    ):
        if expected != found:
            report.bad(check, label, expected, found)
    check_files(folder, lines, at, report, trust, "manifest.jsonl")
