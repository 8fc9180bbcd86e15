"""What somebody who can write the folder might do to a sealed case, one function each."""

import base64
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from collector import custody, dsse, keys, manifest, merkle, statement
from tests.collector.seal import build


def evidence(case: Path, acq: int) -> Path:
    """Folder of an acquisition."""
    return next((case / "evidence").glob(f"{acq:04d}-*"))


def thaw(case: Path) -> None:
    """Write permission for the owner, everywhere: closed acquisitions are read-only."""
    for path in (case, *case.rglob("*")):
        if path.exists() and not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o700)


def flip(path: Path, at: int = 0, bit: int = 0) -> None:
    """Flip one bit; `at` counts from the end if negative."""
    body = bytearray(path.read_bytes())
    body[at] ^= 1 << bit
    path.write_bytes(body)


def lines(path: Path) -> list[bytes]:
    """Lines with their line feeds."""
    return path.read_bytes().splitlines(keepends=True)


def flip_reason(case: Path) -> None:
    """One bit in the text of the first entry: found by its words, because what comes before it (the
    tool's record, the clock) is not of the same length in every run."""
    flip(log(case), log(case).read_bytes().index(b'"why":"test"') + 8)


def flip_signature(case: Path) -> None:
    """One bit of the signature's own bytes. A bit of its base64 would, now and then, make a
    character that is none of base64, and so another finding."""
    content = json.loads(envelope(case, 2).read_bytes())
    raw = bytearray(base64.b64decode(content["signatures"][0]["sig"]))
    raw[-30] ^= 1
    content["signatures"][0]["sig"] = base64.b64encode(raw).decode()
    body = json.dumps(content, sort_keys=True, separators=(",", ":"))
    envelope(case, 2).write_bytes(body.encode() + b"\n")


def rewrite(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Replace the lines of a file."""
    path.write_bytes(b"".join(change(lines(path))))


def log(case: Path) -> Path:
    """custody.jsonl."""
    return case / custody.NAME


def entries(case: Path) -> list[dict[str, Any]]:
    """Objects of custody."""
    return [json.loads(line) for line in lines(log(case))]


def envelope(case: Path, number: int) -> Path:
    """Envelope of a seal."""
    return case / "seals" / f"{number:04d}" / statement.FILE


def alter_and_rehash(case: Path) -> dict[str, Any]:
    """Alter a file and make its manifest fit; returns the new summary."""
    folder = evidence(case, 1)
    target = folder / "files/00000002-b.txt"
    target.write_bytes(b"one\ntwo\nfour!\n")
    rows = []
    for row in manifest.parse((folder / manifest.NAME).read_bytes()):
        body = (folder / row.path).read_bytes()
        rows.append(
            manifest.ManifestLine(
                path=row.path,
                size=len(body),
                sha256=hashlib.sha256(body).hexdigest(),
                sha512=hashlib.sha512(body).hexdigest(),
            )
        )
    (folder / manifest.NAME).unlink()
    return dict(manifest.write(folder, rows).as_data())


def rehash(case: Path) -> None:
    alter_and_rehash(case)


def nothing(case: Path) -> None:
    """The altered bytes are what was acquired: there is nothing to do to the case."""


def new_folder(case: Path) -> None:
    (evidence(case, 1) / "more").mkdir()
    write(evidence(case, 1) / "more/x", b"x")


def rename(case: Path) -> None:
    target = evidence(case, 1) / "files/00000002-b.txt"
    target.rename(target.with_name("00000002-renamed.txt"))


def rehash_all(case: Path) -> None:
    """As above, and custody rewritten so that every `prev` fits; the seals stay."""
    summary = alter_and_rehash(case)
    changed = entries(case)
    changed[3]["data"]["manifest"] = summary
    build.rewrite_chain(case, changed)


def remake(case: Path, authority: build.Authority | None) -> None:
    """Everything made anew over altered evidence, under a key of the attacker's own."""
    shutil.rmtree(case)
    case.mkdir()
    build.record(case, "case.init", {"case": "0" * 32})
    build.acquire(case, 1, {**build.FILES[1], "00000002-b.txt": b"one\ntwo\nfour!\n"})
    der = dsse.public_der(build.OTHER_KEY.public_key())
    build.record(case, "key.add", keys.key_add(der, None))
    build.seal(case, 1, key=build.OTHER_KEY)
    if authority:
        authority.stamp(case, 1)


def roll_back(case: Path) -> None:
    """Back to what the case was after seal 1: everything later taken away without a trace."""
    shutil.rmtree(evidence(case, 2))
    shutil.rmtree(case / "seals/0002")
    rewrite(log(case), lambda rows: rows[:7])


def resign(case: Path, number: int) -> None:
    """The same statement under another key."""
    old = dsse.parse(envelope(case, number).read_bytes())
    envelope(case, number).write_bytes(
        dsse.sign(old.payload_type, old.payload, build.OTHER_KEY).raw
    )


def fork(case: Path) -> None:
    """Seal 2 taken from a copy of the case that went on separately after seal 1."""
    other = case.with_name(case.name + "-copy")
    shutil.copytree(case, other)
    roll_back(other)
    build.record(other, "access", {"note": "the other copy"})
    build.seal(other, 2)
    shutil.copy(envelope(other, 2), envelope(case, 2))
    shutil.rmtree(other)


def swap_tokens(case: Path) -> None:
    one, two = case / "seals/0001/01.tsr", case / "seals/0002/01.tsr"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def swap_folders(case: Path) -> None:
    one, two = evidence(case, 1), evidence(case, 2)
    one.rename(case / "held")
    two.rename(one)
    (case / "held").rename(two)


def duplicate_acquisition(case: Path) -> None:
    target = case / "evidence/0003-20260102T030406Z-test-x"
    shutil.copytree(evidence(case, 1), target)


def link(case: Path) -> None:
    target = evidence(case, 1) / "files/00000002-b.txt"
    target.rename(case / "elsewhere")
    target.symlink_to(case / "elsewhere")


def write(path: Path, body: bytes) -> None:
    path.write_bytes(body)


def rewritten(case: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Custody with one change, every later `prev` made to fit."""
    changed = entries(case)
    change(changed)
    build.rewrite_chain(case, changed)


def forged_tail(case: Path) -> None:
    build.acquire(case, 3, {"00000001-forged": b"never existed"})


def forged_rotation(case: Path) -> None:
    der = dsse.public_der(build.OTHER_KEY.public_key())
    build.record(case, "key.add", keys.key_add(der, build.OTHER_KEY))


def answer_taken_out(case: Path) -> None:
    """The answer of a responder beside the newest token, and its name in the newest entry."""
    (case / "seals/0002/01.1.ocsp").unlink()
    rewritten(case, lambda rows: rows[-1]["data"]["files"].pop("01.1.ocsp"))


def stale_proof(case: Path) -> None:
    """Seal 2's consistency proof replaced by one to an older size, signed again by the same key."""
    old = dsse.parse(envelope(case, 2).read_bytes())
    content = json.loads(old.payload)
    rows = [row[:-1] for row in lines(log(case))]
    path = merkle.consistency_path(merkle.leaf_hashes(rows[: content["predicate"]["size"]]), 3)
    content["predicate"]["consistency"] = [step.hex() for step in path]
    body = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    envelope(case, 2).write_bytes(dsse.sign(old.payload_type, body, build.KEY).raw)
