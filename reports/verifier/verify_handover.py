"""Step 8: productions and bags."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from verify_files import check_files, digests, manifest_row, place_of, tree
from verify_report import Report, Trust, long_lines_of, parse, sha256
from verify_seals import (
    Keys,
    Seal,
    check_link,
    check_signature,
    check_statement,
    key_of,
    load_seals,
    seal_file,
    unbase64,
)
from verify_tokens import check_tokens
from verify_trees import included


def check_production(root: Path, report: Report, trust: Trust) -> None:
    """Files listed in manifest.jsonl, and for each produced item its two inclusion proofs."""
    lines = long_lines_of(root / "manifest.jsonl", "manifest.jsonl", "manifest-torn", report)
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
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
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


def read_proof(raw: bytes) -> dict[str, Any]:
    """A proof with the two lines that it carries parsed; ValueError, KeyError … if not in form."""
    proof = parse(raw[:-1] if raw.endswith(b"\n") else raw)
    for name in ("index", "size", "custody_index", "custody_size", "seal"):
        if type(proof[name]) is not int:
            raise ValueError(name)
    for name in ("path", "custody_path"):
        if type(proof[name]) is not list or not all(bytes.fromhex(step) for step in proof[name]):
            raise ValueError(name)
    proof["row"] = manifest_row(proof["manifest_line"].encode())
    proof["close"] = parse(proof["custody_line"].encode())
    data = proof["close"]["data"]
    root, leaves = data["manifest"]["root"], data["manifest"]["leaves"]
    if proof["row"] is None or type(data["acq"]) is not int or type(leaves) is not int:
        raise ValueError("manifest line or custody line")
    if not re.fullmatch("[0-9a-f]{64}", root):
        raise ValueError("root")
    path, acq = proof["row"]["path"], data["acq"]
    name = path.rpartition("/")[2]
    if path == "api.warc.gz":
        proof["name"], proof["uid"] = name, f"EV-{acq}.warc"
    elif re.fullmatch("[0-9]{8,}-.*", name):
        proof["name"], proof["uid"] = name, f"EV-{acq}.f{int(name.partition('-')[0])}"
    else:
        raise ValueError("stored name")
    return proof


def _check_proof(root: Path, path: Path, seals: dict[int, Seal], report: Report) -> dict[str, Any]:
    label, proof = f"proofs/{path.name}", read_proof(path.read_bytes())
    if proof["v"] != 1:
        report.open("proof-version", label, "v 1", f"v {proof['v']}")
    line, close = proof["manifest_line"].encode(), proof["custody_line"].encode()
    row, entry, name, uid = proof["row"], proof["close"], proof["name"], proof["uid"]
    stated, item = entry["data"]["manifest"], root / "items" / uid / name
    if uid != path.stem or not item.is_file():
        report.bad("proof-item", label, f"items/{uid}/{name}", f"items/{path.stem}/")
    elif digests(item, both=True) != (row["sha256"], row["sha512"]):
        report.bad("proof-file", label, row["sha256"], digests(item, both=False)[0])
    steps = (proof["index"], proof["size"], proof["path"], stated["root"])
    if entry.get("action") != "acquisition.close" or proof["size"] != stated["leaves"]:
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
    actual = f"{sum(place_of(root, path).stat().st_size for path in payload)}.{len(payload)}"
    if oxum is None or oxum.group(1) != actual:
        report.bad("bag-oxum", "bag-info.txt", oxum and oxum.group(1), actual)


def _check_bag_manifest(
    root: Path, name: str, found: dict[str, str], expected: set[str], report: Report
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
        elif (actual := digests(place_of(root, path), both=True)["512" in name]) != digest:
            report.bad("bag-digest", path, digest, actual)
    for path in sorted(expected - listed):
        report.bad("bag-extra", path, f"a line in {name}", "none")
