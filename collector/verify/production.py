"""Step 8: a production, or any folder that carries its own manifest.jsonl (an exhibit bundle).

A produced file needs two inclusion proofs: its manifest line is in the acquisition's tree, and the
close of the acquisition, which states that tree's root, is in the custody tree that a seal signs.
Names of withheld files stay private; so `prev` cannot be, and is not, checked here.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector import canonical, dsse, ledger, manifest, merkle
from collector.statement import Seal
from collector.verify import files, seals, tokens
from collector.verify import lines as files_of_lines
from collector.verify.report import Discrepancy, Trust, unchecked, wrong

_STORED = re.compile("([0-9]{8,})-.*")
_ROOT = re.compile("[0-9a-f]{64}")


class ProofError(ValueError):
    """A proof file that is not in form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """proof.json, version 1 (evidence.md, Formats)."""

    version: object
    manifest_line: bytes
    index: int
    size: int
    path: tuple[bytes, ...]
    custody_line: bytes
    custody_index: int
    custody_size: int
    custody_path: tuple[bytes, ...]
    seal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Produced:
    """One produced item: its id, where it lies, and the seal that its proof leads to."""

    uid: str
    path: str
    seal: int


def parse(raw: bytes) -> Proof:
    """A proof from the bytes of its file.

    Raises:
        ProofError: a field missing, or of another type.
    """
    try:
        value = canonical.decode(raw.removesuffix(canonical.LF))
        return Proof(
            version=value["v"],
            manifest_line=value["manifest_line"].encode(),
            index=_count(value["index"]),
            size=_count(value["size"]),
            path=_steps(value["path"]),
            custody_line=value["custody_line"].encode(),
            custody_index=_count(value["custody_index"]),
            custody_size=_count(value["custody_size"]),
            custody_path=_steps(value["custody_path"]),
            seal=_count(value["seal"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ProofError(f"expected a proof of version 1, found: {error!r}") from error


def check(root: Path, trust: Trust) -> tuple[list[Discrepancy], dict[str, Any], list[str]]:
    """Discrepancies, parts of the report, notes."""
    lines, found = files_of_lines.of(root / manifest.NAME, manifest.NAME, "manifest-torn")
    found += files.check_folder(root, lines, "", own=manifest.NAME, sha512=trust.sha512)
    sealed, more = seals.load(root, "")
    keys, about_keys = _keys(root, trust)
    found += [*more, *about_keys]
    for number, seal in sealed.items():
        label = seals.path_of(number)
        found += seals.check_statement(seal, number, None, label)
        found += seals.check_signature(seal, keys, label)
        if number - 1 in sealed:
            found += seals.check_link(seal, sealed[number - 1], label)
    produced: list[Produced] = []
    for path in sorted((root / "proofs").glob("*.json")):
        try:
            one, more = _check_proof(root, path, sealed)
        except ProofError:
            found.append(
                wrong("proof-format", f"proofs/{path.name}", "a proof of version 1", "not one")
            )
            continue
        produced.append(one)
        found += more
    found += _unproven(root)
    known = {
        f"seals/{number:04d}/{path.name}": ""
        for number in sealed
        for path in (root / "seals" / f"{number:04d}").glob("*.tsr")
    }
    anchors, more = tokens.check(root, sealed, known, "", trust)
    found += more
    parts = {
        "items": [_item(one, anchors) for one in produced],
        "tokens": [one.as_data() for one in anchors],
    }
    return found, parts, [note for one in anchors for note in one.notes()]


def _item(one: Produced, anchors: tuple[tokens.Anchor, ...]) -> dict[str, Any]:
    """Only a token over the very seal of the proof anchors it: later seals need their own proof."""
    times = (anchor.token.latest for anchor in anchors if anchor.seal == one.seal)
    return {
        "existed_no_later_than": min(times, default=None),
        "item": one.uid,
        "path": one.path,
        "seal": one.seal,
    }


def _keys(root: Path, trust: Trust) -> tuple[seals.Keys, list[Discrepancy]]:
    """Public keys that lie in the folder, by their computed fingerprint."""
    keys: dict[str, seals.Key] = {}
    found: list[Discrepancy] = []
    for path in sorted((root / "keys").glob("*.pem")):
        try:
            body = "".join(path.read_text("ascii").splitlines()[1:-1])
            key = dsse.public_key(base64.b64decode(body, validate=True))
        except (ValueError, binascii.Error):
            found.append(
                wrong("key-format", f"keys/{path.name}", "an Ed25519 key in PEM", "something else")
            )
            continue
        name = dsse.keyid(key)
        keys[name] = seals.Key(public=key, added=-1, revoked=None, established=name in trust.keys)
    return keys, found


def _check_proof(
    root: Path, path: Path, sealed: Mapping[int, Seal]
) -> tuple[Produced, list[Discrepancy]]:
    label, proof = f"proofs/{path.name}", parse(path.read_bytes())
    found: list[Discrepancy] = []
    if proof.version != 1:
        found.append(unchecked("proof-version", label, "v 1", f"v {proof.version}"))
    row, close, uid, name = _lines(proof)
    stated = close["data"]["manifest"]
    root_, leaves = bytes.fromhex(stated["root"]), stated["leaves"]
    item = root / "items" / uid / name
    if uid != path.stem or not item.is_file():
        found.append(wrong("proof-item", label, f"items/{uid}/{name}", f"items/{path.stem}/"))
    elif files.digests(item, both=True) != (row.sha256, row.sha512):
        found.append(wrong("proof-file", label, row.sha256, files.digests(item, both=False)[0]))
    if close.get("action") != "acquisition.close" or proof.size != leaves:
        found.append(
            wrong("proof-custody-line", label, "the close of the acquisition", "another line")
        )
    leaf = merkle.leaf_hash(proof.manifest_line)
    if not merkle.verify_inclusion(leaf, proof.index, proof.size, proof.path, root_):
        found.append(wrong("proof-manifest", label, stated["root"], "the path does not lead there"))
    found += _check_custody_proof(proof, sealed.get(proof.seal), label)
    return Produced(uid=uid, path=f"items/{uid}/{name}", seal=proof.seal), found


def _lines(proof: Proof) -> tuple[manifest.ManifestLine, dict[str, Any], str, str]:
    """The manifest line and the custody line parsed; id and stored name of the item."""
    try:
        (row,) = manifest.parse(proof.manifest_line + canonical.LF)
        close = canonical.decode(proof.custody_line)
        stated, acq = close["data"]["manifest"], _count(close["data"]["acq"])
        _count(stated["leaves"])
        name = row.path.rpartition("/")[2]
        stored = _STORED.fullmatch(name)
        if (stored is None and row.path != ledger.WARC) or not _ROOT.fullmatch(stated["root"]):
            raise ProofError(f"expected a stored name and a root, found {name!r}")
    except (ValueError, KeyError, TypeError) as error:
        raise ProofError(repr(error)) from error
    return row, close, f"EV-{acq}.f{int(stored.group(1))}" if stored else f"EV-{acq}.warc", name


def _check_custody_proof(proof: Proof, seal: Seal | None, label: str) -> Iterator[Discrepancy]:
    if seal is None:
        yield unchecked("proof-seal", label, f"seal {proof.seal}", "not there")
        return
    leaf, root = merkle.leaf_hash(proof.custody_line), bytes.fromhex(seal.root)
    if proof.custody_size != seal.size or not merkle.verify_inclusion(
        leaf, proof.custody_index, seal.size, proof.custody_path, root
    ):
        yield wrong("proof-custody", label, seal.root, "the path does not lead there")


def _unproven(root: Path) -> Iterator[Discrepancy]:
    """Files under items/ that no proof speaks for."""
    proven = {path.stem for path in (root / "proofs").glob("*.json")}
    for name in sorted(files.tree(root / "items")):
        if name.split("/")[0] not in proven:
            yield wrong("proof-missing", f"items/{name}", "a proof", "none")


def _steps(value: object) -> tuple[bytes, ...]:
    """An audit path: hashes in hex."""
    if not isinstance(value, list):
        raise ProofError(f"expected a list, found {value!r}")
    steps = tuple(bytes.fromhex(step) for step in value)
    if not all(steps):
        raise ProofError("expected hashes, found an empty one")
    return steps


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ProofError(f"expected a count, found {value!r}")
    return value
