"""The tamper matrix: what somebody who can write the folder might do to a sealed case.

Each mutation works on a copy of the case of `build.sealed_case`. `limit` says why a reader without
trust of his own (and, if `always`, any reader) cannot see it; a test fails if that is not so.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from collector import dsse, keys, manifest
from tests.collector.seal import build
from tests.collector.seal.tamper_acts import (
    answer_taken_out,
    duplicate_acquisition,
    envelope,
    evidence,
    flip,
    flip_reason,
    flip_signature,
    forged_rotation,
    forged_tail,
    fork,
    link,
    log,
    new_folder,
    nothing,
    rehash,
    rehash_all,
    remake,
    rename,
    resign,
    rewrite,
    rewritten,
    roll_back,
    stale_proof,
    swap_folders,
    swap_tokens,
    write,
)


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
_TAKEN = (
    "the newest entry is under no seal: what it names can be taken out of it. Revocation is then "
    "printed as unknown, never as good"
)
_FOREIGN = (
    "what is not signed for the issuer of the certificate is no answer: it counts for nothing, "
    "whoever puts it there"
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
            apply=lambda c: write(evidence(c, 1) / "files/00000003-x", b"x"),
        ),
        Mutation(
            name="file: inserted in a new folder",
            apply=new_folder,
        ),
        Mutation(
            name="file: renamed",
            apply=rename,
        ),
        Mutation(
            name="file: truncated",
            apply=lambda c: write(evidence(c, 1) / text, b"one\n"),
        ),
        Mutation(
            name="file: bytes appended",
            apply=lambda c: write(evidence(c, 1) / text, b"one\ntwo\nthree\nfour\n"),
        ),
        Mutation(name="file: replaced by a symbolic link", apply=link),
        Mutation(
            name="file: line ends converted (sync tool)",
            apply=lambda c: write(evidence(c, 1) / text, b"one\r\ntwo\r\nthree\r\n"),
        ),
        Mutation(
            name="file: conflicted copy beside it (sync tool)",
            apply=lambda c: write(
                evidence(c, 1) / "files/00000002-b (conflicted copy).txt", b"one\n"
            ),
        ),
        Mutation(name="file: altered before acquisition", apply=nothing,
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
            name="manifest: cut in a line",
            apply=lambda c: write(at(c), at(c).read_bytes()[:-9]),
        ),
        Mutation(name="manifest: deleted", apply=lambda c: at(c).unlink()),
        Mutation(
            name="manifest: bytes appended",
            apply=lambda c: write(at(c), at(c).read_bytes() + b"x"),
        ),
        Mutation(
            name="manifest: re-hashed after altering a file",
            apply=rehash,
        ),
        Mutation(name="manifest: re-hashed, custody rewritten to fit", apply=rehash_all),
        Mutation(name="acquisition: folder deleted", apply=lambda c: shutil.rmtree(evidence(c, 1))),
        Mutation(name="acquisition: folder inserted", apply=duplicate_acquisition),
        Mutation(name="acquisition: two folders exchanged", apply=swap_folders),
    )


def _custody() -> tuple[Mutation, ...]:
    return (
        Mutation(name="custody: one bit flipped", apply=flip_reason),
        Mutation(
            name="custody: line deleted",
            apply=lambda c: rewrite(log(c), lambda r: r[:5] + r[6:]),
        ),
        Mutation(
            name="custody: line inserted",
            apply=lambda c: rewrite(log(c), lambda r: [*r[:5], r[4], *r[5:]]),
        ),
        Mutation(
            name="custody: lines reordered",
            apply=lambda c: rewrite(log(c), lambda r: [*r[:5], r[6], r[5], *r[7:]]),
        ),
        Mutation(
            name="custody: first line deleted",
            apply=lambda c: rewrite(log(c), lambda r: r[1:]),
        ),
        Mutation(
            name="custody: cut below a seal",
            apply=lambda c: rewrite(log(c), lambda r: r[:8]),
        ),
        Mutation(
            name="custody: cut above the last seal",
            apply=lambda c: rewrite(log(c), lambda r: r[:9]),
        ),
        Mutation(
            name="custody: cut in a line",
            apply=lambda c: write(log(c), log(c).read_bytes()[:-40]),
        ),
        Mutation(name="custody: deleted", apply=lambda c: log(c).unlink()),
        Mutation(
            name="custody: line ends converted (sync tool)",
            apply=lambda c: write(log(c), log(c).read_bytes().replace(b"\n", b"\r\n")),
        ),
        Mutation(
            name="custody: unknown action under no seal",
            apply=lambda c: rewritten(c, lambda r: r[10].update(action="mystery")),
        ),
        Mutation(
            name="custody: unknown version under no seal",
            apply=lambda c: rewritten(c, lambda r: r[10].update(v=2)),
        ),
        Mutation(
            name="custody: an entry rewritten under a seal, chain made to fit",
            apply=lambda c: rewritten(c, lambda r: r[1].update(why="another reason")),
        ),
        Mutation(
            name="custody: newest entry rewritten under no seal",
            apply=lambda c: rewritten(c, lambda r: r[10].update(why="another reason")),
            limit=_TAIL,
            always=True,
        ),
        Mutation(
            name="custody: forged acquisition appended under no seal",
            apply=forged_tail,
            limit=_TAIL,
            always=True,
        ),
        Mutation(
            name="case.toml: edited, not recorded",
            apply=lambda c: write(c / "case.toml", b'format = 1\n[matter]\ncourt = "another"\n'),
        ),
        Mutation(name="case.toml: deleted", apply=lambda c: (c / "case.toml").unlink()),
        Mutation(name="case: rolled back to the state at seal 1", apply=roll_back, limit=_BACK),
    )


def _seals() -> tuple[Mutation, ...]:
    return (
        Mutation(name="seal: one bit flipped", apply=lambda c: flip(envelope(c, 2), 30)),
        Mutation(
            name="seal: bit of the signature flipped",
            apply=flip_signature,
        ),
        Mutation(name="seal: envelope deleted", apply=lambda c: envelope(c, 2).unlink()),
        Mutation(name="seal: newest deleted", apply=lambda c: shutil.rmtree(c / "seals/0002")),
        Mutation(name="seal: first deleted", apply=lambda c: shutil.rmtree(c / "seals/0001")),
        Mutation(
            name="seal: stale tree head in place of the newest",
            apply=lambda c: write(envelope(c, 2), envelope(c, 1).read_bytes()),
        ),
        Mutation(name="seal: consistency proof replaced, signed again", apply=stale_proof),
        Mutation(name="seal: from a copy that went on separately (fork)", apply=fork),
        Mutation(name="seal: signed again under another key", apply=lambda c: resign(c, 2)),
        Mutation(
            name="key: public key in custody swapped, chain made to fit",
            apply=lambda c: rewritten(
                c,
                lambda r: r[4].update(
                    data=keys.key_add(dsse.public_der(build.OTHER_KEY.public_key()), None)
                ),
            ),
        ),
        Mutation(name="key: rotation not signed by the key before", apply=forged_rotation),
        Mutation(
            name="case: made anew under another key, no token",
            apply=lambda c: remake(c, None),
            limit=_OWN,
        ),
    )


def _tokens(attacker: build.Authority) -> tuple[Mutation, ...]:
    return (
        Mutation(name="token: tokens of two seals exchanged", apply=swap_tokens),
        Mutation(name="token: one bit flipped", apply=lambda c: flip(c / "seals/0001/01.tsr", -9)),
        Mutation(name="token: deleted", apply=lambda c: (c / "seals/0001/01.tsr").unlink()),
        Mutation(
            name="token: request (nonce) exchanged",
            apply=lambda c: write(c / "seals/0001/01.tsq", (c / "seals/0002/01.tsq").read_bytes()),
        ),
        Mutation(
            name="token: responder's answer, one bit flipped",
            apply=lambda c: flip(c / "seals/0001/01.1.ocsp", -9),
        ),
        Mutation(
            name="token: responder's answer deleted",
            apply=lambda c: (c / "seals/0001/01.1.ocsp").unlink(),
        ),
        Mutation(
            name="token: responder's answer exchanged for an older one",
            apply=lambda c: write(
                c / "seals/0002/01.1.ocsp", (c / "seals/0001/01.1.ocsp").read_bytes()
            ),
        ),
        Mutation(
            name="token: an answer of another responder put beside it, in no entry",
            apply=lambda c: write(
                c / "seals/0002/01.2.ocsp", attacker.status(attacker.asked(), "revoked")
            ),
            limit=_FOREIGN,
            always=True,
        ),
        Mutation(
            name="token: responder's answer taken out of the newest, its entry rewritten",
            apply=answer_taken_out,
            limit=_TAKEN,
            always=True,
        ),
        Mutation(
            name="token: newest replaced by one of another authority, its entry rewritten",
            apply=lambda c: _restamp(c, attacker),
            limit=_OWN,
        ),
        Mutation(
            name="case: made anew under another key and another authority",
            apply=lambda c: remake(c, attacker),
            limit=_OWN,
        ),
    )


def _restamp(case: Path, attacker: build.Authority) -> None:
    """The newest token.add lies under no seal: it can be taken back and made again."""
    rewrite(log(case), lambda rows: rows[:10])
    for path in (case / "seals/0002").glob("01.*"):
        path.unlink()
    attacker.stamp(case, 2)
