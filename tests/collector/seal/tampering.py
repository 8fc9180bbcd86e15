"""The tamper matrix: what somebody who can write the folder might do to a sealed case.

Each mutation works on a copy of the case of `build.sealed_case`. `limit` says why a reader without
trust of his own (and, if `always`, any reader) cannot see it; a test fails if that is not so.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector import custody, dsse, keys, manifest, merkle, statement
from tests.collector.seal import build


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One way to tamper.

    Attributes:
        name: row of the matrix.
        apply: does it to a case folder.
        limit: why it cannot be seen without the reader's own key fingerprint, root or earlier
            seal; empty if it must be seen in any case.
        always: whether not even those help.
    """

    name: str
    apply: Callable[[Path], None]
    limit: str = ""
    always: bool = False


def evidence(case: Path, acq: int) -> Path:
    """Folder of an acquisition."""
    return next((case / "evidence").glob(f"{acq:04d}-*"))


def flip(path: Path, at: int = 0, bit: int = 0) -> None:
    """Flip one bit; `at` counts from the end if negative."""
    body = bytearray(path.read_bytes())
    body[at] ^= 1 << bit
    path.write_bytes(body)


def lines(path: Path) -> list[bytes]:
    """Lines with their line feeds."""
    return path.read_bytes().splitlines(keepends=True)


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


def _alter_and_rehash(case: Path) -> dict[str, Any]:
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


def _rehash(case: Path) -> None:
    _alter_and_rehash(case)


def _nothing(case: Path) -> None:
    """The altered bytes are what was acquired: there is nothing to do to the case."""


def _new_folder(case: Path) -> None:
    (evidence(case, 1) / "more").mkdir()
    _write(evidence(case, 1) / "more/x", b"x")


def _rename(case: Path) -> None:
    target = evidence(case, 1) / "files/00000002-b.txt"
    target.rename(target.with_name("00000002-renamed.txt"))


def _rehash_all(case: Path) -> None:
    """As above, and custody rewritten so that every `prev` fits; the seals stay."""
    summary = _alter_and_rehash(case)
    changed = entries(case)
    changed[2]["data"]["manifest"] = summary
    build.rewrite_chain(case, changed)


def _remake(case: Path, authority: build.Authority | None) -> None:
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


def _roll_back(case: Path) -> None:
    """Back to what the case was after seal 1: everything later taken away without a trace."""
    shutil.rmtree(evidence(case, 2))
    shutil.rmtree(case / "seals/0002")
    rewrite(log(case), lambda rows: rows[:6])


def _resign(case: Path, number: int) -> None:
    """The same statement under another key."""
    old = dsse.parse(envelope(case, number).read_bytes())
    envelope(case, number).write_bytes(
        dsse.sign(old.payload_type, old.payload, build.OTHER_KEY).raw
    )


def _fork(case: Path) -> None:
    """Seal 2 taken from a copy of the case that went on separately after seal 1."""
    other = case.with_name(case.name + "-copy")
    shutil.copytree(case, other)
    _roll_back(other)
    build.record(other, "access", {"note": "the other copy"})
    build.seal(other, 2)
    shutil.copy(envelope(other, 2), envelope(case, 2))
    shutil.rmtree(other)


def _swap_tokens(case: Path) -> None:
    one, two = case / "seals/0001/01.tsr", case / "seals/0002/01.tsr"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def _swap_folders(case: Path) -> None:
    one, two = evidence(case, 1), evidence(case, 2)
    one.rename(case / "held")
    two.rename(one)
    (case / "held").rename(two)


def _duplicate_acquisition(case: Path) -> None:
    target = case / "evidence/0003-20260102T030406Z-test-x"
    shutil.copytree(evidence(case, 1), target)


def _link(case: Path) -> None:
    target = evidence(case, 1) / "files/00000002-b.txt"
    target.rename(case / "elsewhere")
    target.symlink_to(case / "elsewhere")


def _write(path: Path, body: bytes) -> None:
    path.write_bytes(body)


def _rewritten(case: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Custody with one change, every later `prev` made to fit."""
    changed = entries(case)
    change(changed)
    build.rewrite_chain(case, changed)


def _forged_tail(case: Path) -> None:
    build.acquire(case, 3, {"00000001-forged": b"never existed"})


def _forged_rotation(case: Path) -> None:
    der = dsse.public_der(build.OTHER_KEY.public_key())
    build.record(case, "key.add", keys.key_add(der, build.OTHER_KEY))


def _stale_proof(case: Path) -> None:
    """Seal 2's consistency proof replaced by one to an older size, signed again by the same key."""
    old = dsse.parse(envelope(case, 2).read_bytes())
    content = json.loads(old.payload)
    rows = [row[:-1] for row in lines(log(case))]
    path = merkle.consistency_path(merkle.leaf_hashes(rows[: content["predicate"]["size"]]), 3)
    content["predicate"]["consistency"] = [step.hex() for step in path]
    body = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    envelope(case, 2).write_bytes(dsse.sign(old.payload_type, body, build.KEY).raw)


_TAIL = (
    "the newest entries are under no seal: whoever can write the folder can rewrite them. Printed "
    "as “not anchored”; seal and timestamp often"
)
_OWN = (
    "a complete case under another key (and another authority) verifies in itself; only the "
    "fingerprint, the root or a seal that the reader got elsewhere tells them apart"
)
_BACK = (
    "an older state of the case is a true state; only a later seal that the reader holds "
    "(--earlier-seal) shows that there was more"
)
_BEFORE = "what was false before it was acquired is preserved as it was; integrity is not truth"


def matrix(attacker: build.Authority) -> tuple[Mutation, ...]:
    """Every mutation, in the order of the printed matrix; `attacker`: an authority of his own."""
    return (*_files(), *_manifests(), *_custody(), *_seals(), *_tokens(attacker))


def _files() -> tuple[Mutation, ...]:
    text, blob = "files/00000002-b.txt", "files/00000001-c.bin"
    return (
        Mutation(name="file: one bit flipped", apply=lambda c: flip(evidence(c, 2) / blob, 99)),
        Mutation(
            name="file: acquisition.json altered",
            apply=lambda c: flip(evidence(c, 1) / "acquisition.json"),
        ),
        Mutation(name="file: deleted", apply=lambda c: (evidence(c, 1) / text).unlink()),
        Mutation(
            name="file: inserted",
            apply=lambda c: _write(evidence(c, 1) / "files/00000003-x", b"x"),
        ),
        Mutation(
            name="file: inserted in a new folder",
            apply=_new_folder,
        ),
        Mutation(
            name="file: renamed",
            apply=_rename,
        ),
        Mutation(
            name="file: truncated",
            apply=lambda c: _write(evidence(c, 1) / text, b"one\n"),
        ),
        Mutation(
            name="file: bytes appended",
            apply=lambda c: _write(evidence(c, 1) / text, b"one\ntwo\nthree\nfour\n"),
        ),
        Mutation(name="file: replaced by a symbolic link", apply=_link),
        Mutation(
            name="file: line ends converted (sync tool)",
            apply=lambda c: _write(evidence(c, 1) / text, b"one\r\ntwo\r\nthree\r\n"),
        ),
        Mutation(
            name="file: conflicted copy beside it (sync tool)",
            apply=lambda c: _write(
                evidence(c, 1) / "files/00000002-b (conflicted copy).txt", b"one\n"
            ),
        ),
        Mutation(name="file: altered before acquisition", apply=_nothing,
                 limit=_BEFORE, always=True),
    )  # fmt: skip


def _manifests() -> tuple[Mutation, ...]:
    def at(case: Path) -> Path:
        return evidence(case, 2) / manifest.NAME

    return (
        Mutation(name="manifest: one bit flipped", apply=lambda c: flip(at(c), 20)),
        Mutation(name="manifest: line deleted", apply=lambda c: rewrite(at(c), lambda r: r[1:])),
        Mutation(
            name="manifest: lines reordered", apply=lambda c: rewrite(at(c), lambda r: r[::-1])
        ),
        Mutation(
            name="manifest: cut in a line", apply=lambda c: _write(at(c), at(c).read_bytes()[:-9])
        ),
        Mutation(name="manifest: deleted", apply=lambda c: at(c).unlink()),
        Mutation(
            name="manifest: bytes appended",
            apply=lambda c: _write(at(c), at(c).read_bytes() + b"x"),
        ),
        Mutation(
            name="manifest: re-hashed after altering a file",
            apply=_rehash,
        ),
        Mutation(name="manifest: re-hashed, custody rewritten to fit", apply=_rehash_all),
        Mutation(name="acquisition: folder deleted", apply=lambda c: shutil.rmtree(evidence(c, 1))),
        Mutation(name="acquisition: folder inserted", apply=_duplicate_acquisition),
        Mutation(name="acquisition: two folders exchanged", apply=_swap_folders),
    )


def _custody() -> tuple[Mutation, ...]:
    return (
        Mutation(name="custody: one bit flipped", apply=lambda c: flip(log(c), 400)),
        Mutation(
            name="custody: line deleted",
            apply=lambda c: rewrite(log(c), lambda r: r[:4] + r[5:]),
        ),
        Mutation(
            name="custody: line inserted",
            apply=lambda c: rewrite(log(c), lambda r: [*r[:4], r[3], *r[4:]]),
        ),
        Mutation(
            name="custody: lines reordered",
            apply=lambda c: rewrite(log(c), lambda r: [*r[:4], r[5], r[4], *r[6:]]),
        ),
        Mutation(
            name="custody: first line deleted", apply=lambda c: rewrite(log(c), lambda r: r[1:])
        ),
        Mutation(
            name="custody: cut below a seal", apply=lambda c: rewrite(log(c), lambda r: r[:7])
        ),
        Mutation(
            name="custody: cut above the last seal",
            apply=lambda c: rewrite(log(c), lambda r: r[:8]),
        ),
        Mutation(
            name="custody: cut in a line",
            apply=lambda c: _write(log(c), log(c).read_bytes()[:-40]),
        ),
        Mutation(name="custody: deleted", apply=lambda c: log(c).unlink()),
        Mutation(
            name="custody: line ends converted (sync tool)",
            apply=lambda c: _write(log(c), log(c).read_bytes().replace(b"\n", b"\r\n")),
        ),
        Mutation(
            name="custody: unknown action under no seal",
            apply=lambda c: _rewritten(c, lambda r: r[9].update(action="mystery")),
        ),
        Mutation(
            name="custody: unknown version under no seal",
            apply=lambda c: _rewritten(c, lambda r: r[9].update(v=2)),
        ),
        Mutation(
            name="custody: an entry rewritten under a seal, chain made to fit",
            apply=lambda c: _rewritten(c, lambda r: r[1].update(why="another reason")),
        ),
        Mutation(
            name="custody: newest entry rewritten under no seal",
            apply=lambda c: _rewritten(c, lambda r: r[9].update(why="another reason")),
            limit=_TAIL,
            always=True,
        ),
        Mutation(
            name="custody: forged acquisition appended under no seal",
            apply=_forged_tail,
            limit=_TAIL,
            always=True,
        ),
        Mutation(name="case: rolled back to the state at seal 1", apply=_roll_back, limit=_BACK),
    )


def _seals() -> tuple[Mutation, ...]:
    return (
        Mutation(name="seal: one bit flipped", apply=lambda c: flip(envelope(c, 2), 30)),
        Mutation(
            name="seal: bit of the signature flipped", apply=lambda c: flip(envelope(c, 2), -30)
        ),
        Mutation(name="seal: envelope deleted", apply=lambda c: envelope(c, 2).unlink()),
        Mutation(name="seal: newest deleted", apply=lambda c: shutil.rmtree(c / "seals/0002")),
        Mutation(name="seal: first deleted", apply=lambda c: shutil.rmtree(c / "seals/0001")),
        Mutation(
            name="seal: stale tree head in place of the newest",
            apply=lambda c: _write(envelope(c, 2), envelope(c, 1).read_bytes()),
        ),
        Mutation(name="seal: consistency proof replaced, signed again", apply=_stale_proof),
        Mutation(name="seal: from a copy that went on separately (fork)", apply=_fork),
        Mutation(name="seal: signed again under another key", apply=lambda c: _resign(c, 2)),
        Mutation(
            name="key: public key in custody swapped, chain made to fit",
            apply=lambda c: _rewritten(
                c,
                lambda r: r[3].update(
                    data=keys.key_add(dsse.public_der(build.OTHER_KEY.public_key()), None)
                ),
            ),
        ),
        Mutation(name="key: rotation not signed by the key before", apply=_forged_rotation),
        Mutation(
            name="case: made anew under another key, no token",
            apply=lambda c: _remake(c, None),
            limit=_OWN,
        ),
    )


def _tokens(attacker: build.Authority) -> tuple[Mutation, ...]:
    return (
        Mutation(name="token: tokens of two seals exchanged", apply=_swap_tokens),
        Mutation(name="token: one bit flipped", apply=lambda c: flip(c / "seals/0001/01.tsr", -9)),
        Mutation(name="token: deleted", apply=lambda c: (c / "seals/0001/01.tsr").unlink()),
        Mutation(
            name="token: request (nonce) exchanged",
            apply=lambda c: _write(c / "seals/0001/01.tsq", (c / "seals/0002/01.tsq").read_bytes()),
        ),
        Mutation(
            name="token: newest replaced by one of another authority, its entry rewritten",
            apply=lambda c: _restamp(c, attacker),
            limit=_OWN,
        ),
        Mutation(
            name="case: made anew under another key and another authority",
            apply=lambda c: _remake(c, attacker),
            limit=_OWN,
        ),
    )


def _restamp(case: Path, attacker: build.Authority) -> None:
    """The newest token.add lies under no seal: it can be taken back and made again."""
    rewrite(log(case), lambda rows: rows[:9])
    for path in (case / "seals/0002").glob("01.*"):
        path.unlink()
    attacker.stamp(case, 2)
