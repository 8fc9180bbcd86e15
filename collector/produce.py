"""Hand over some items of a sealed case, each with proof that it is in it, and no other name.

    OUT/
      items/EV-3.f17/00000017-…    the file, bit for bit
      proofs/EV-3.f17.json         two inclusion proofs (evidence.md, Formats)
      seals/NNNN/                  the envelope, its tokens and their chain
      keys/<fingerprint>.pem       public keys: a convenience, not trust
      verifier/verify.py, README.txt   how to check it with Python and openssl
      manifest.jsonl               every other file of the folder

A record inside api.warc.gz has no proof of its own: the manifest lists the file. Asking for one is
refused rather than answered with the whole file, which would show every other call.
"""

import base64
import hashlib
import re
import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from collector import canonical, durable, manifest, merkle, ocsp, statement, store
from collector import seal as seals
from collector.custody import CustodyEntry
from collector.errors import IntegrityError, UsageError
from collector.session import Session, writing

#: The stand-alone verifier lies beside the packages, in a checkout as in an installation. It is
#: carried as bytes; nothing of it is imported.
VERIFIER = Path(__file__).parent.parent / "reports" / "verifier"

_UID = re.compile(r"EV-([1-9][0-9]*)\.f([1-9][0-9]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """What was written: number of items, and the seal that they are proven under."""

    items: int
    seal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Where one acquisition stands in the sealed custody."""

    folder: Path
    close: CustodyEntry
    lines: tuple[bytes, ...]


def write(case: Path, uids: tuple[str, ...], out: Path, *, why: str) -> Production:
    """Write a production and record it in custody.

    Raises:
        UsageError: not an item id, an item that is not there or under no seal, or `out` exists.
        IntegrityError: an item is not what its manifest says.
    """
    if out.exists():
        raise UsageError(f"{out}: expected a new folder, found something there.")
    if not uids:
        raise UsageError("--items: expected item ids such as EV-1.f1, found none.")
    with writing(case, "produce") as session:
        sealed = seals.existing(case)
        if not sealed:
            raise UsageError("expected a sealed case, found no seal. `butfor seal` makes one.")
        partial = out.with_name(out.name + durable.PARTIAL)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            _write(session, uids, sealed[-1], partial, why)
            partial.rename(out)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return Production(items=len(set(uids)), seal=sealed[-1].number)


def _write(
    session: Session, uids: tuple[str, ...], seal: statement.Seal, out: Path, why: str
) -> None:
    ordered = sorted(set(uids), key=_order)
    struck = store.exclusions(session.case)
    for uid in ordered:
        if uid in struck:
            raise UsageError(
                f"{uid}: expected an item to hand over, found withdrawn: {struck[uid]}"
            )
    for uid in ordered:
        _write_item(session, uid, seal, out)
    carry_seal(session.case, seal, out)
    carry_keys(session.entries, out)
    _write_reader(out, seal)
    summary = manifest.write(out, _rows(out))
    session.record(
        "produce",
        why=why,
        data={"items": ordered, "manifest": summary.as_data(), "seal": seal.number},
    )


def _order(uid: str) -> tuple[int, int]:
    match = _UID.fullmatch(uid)
    if match is None:
        raise UsageError(
            f"expected the id of a file such as EV-1.f1, found {uid!r}. A record of api.warc.gz "
            "(EV-1.w1) has no proof of its own and cannot be produced alone."
        )
    return int(match.group(1)), int(match.group(2))


def _source(session: Session, acq: int, seal: statement.Seal) -> _Source:
    entries = session.entries[: seal.size]
    opened = [
        one for one in entries if one.action == "acquisition.open" and one.data.get("acq") == acq
    ]
    closed = [
        one for one in entries if one.action == "acquisition.close" and one.data.get("acq") == acq
    ]
    if not opened or not closed:
        raise UsageError(
            f"EV-{acq}: expected a closed acquisition under seal {seal.number}, found none. "
            "`butfor seal` makes a new seal."
        )
    folder = session.case / str(opened[0].data["dir"])
    raw = (folder / manifest.NAME).read_bytes()
    stated = closed[0].data.get("manifest")
    if manifest.summarize(raw).as_data() != stated:
        raise IntegrityError(f"{folder / manifest.NAME}: differs from custody. `butfor verify`.")
    return _Source(folder=folder, close=closed[0], lines=tuple(canonical.split_lines(raw)))


def _write_item(session: Session, uid: str, seal: statement.Seal, out: Path) -> None:
    acq, number = _order(uid)
    source = _source(session, acq, seal)
    rows = list(manifest.parse(b"".join(line + canonical.LF for line in source.lines)))
    wanted = f"files/{number:08d}-"
    index = next((at for at, row in enumerate(rows) if row.path.startswith(wanted)), None)
    if index is None:
        raise UsageError(f"{uid}: expected an item of this case, found none of this number.")
    row = rows[index]
    place = out / "items" / uid
    place.mkdir(parents=True)
    target = place / row.path.rpartition("/")[2]
    shutil.copyfile(source.folder / row.path, target)
    with target.open("rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    if actual != row.sha256:
        raise IntegrityError(
            f"{source.folder / row.path}: expected SHA-256 {row.sha256}, found {actual}. "
            "Nothing was produced; `butfor verify` lists what differs."
        )
    custody = merkle.leaf_hashes(entry.raw for entry in session.entries[: seal.size])
    tree, leaves = merkle.levels(custody), merkle.levels(merkle.leaf_hashes(source.lines))
    proof = proof_of(source.close, tree, source.lines[index], index, leaves, seal=seal.number)
    (out / "proofs").mkdir(exist_ok=True)
    durable.write_once(out / "proofs" / f"{uid}.json", canonical.line(proof))


def proof_of(
    close: CustodyEntry, custody: Sequence[Sequence[bytes]], line: bytes, index: int,
    leaves: Sequence[Sequence[bytes]], *, seal: int,
) -> dict[str, Any]:  # fmt: skip
    """proof.json of one file: two inclusion proofs (evidence.md, Formats).

    Args:
        close: the entry that closed the acquisition.
        custody: levels of the tree over the custody lines under the seal.
        line: the file's line in the manifest of its acquisition, at `index`.
        leaves: levels of the tree over that manifest.
        seal: number of the seal.
    """
    return {
        "custody_index": close.seq,
        "custody_line": close.raw.decode("ascii"),
        "custody_path": [one.hex() for one in merkle.path_in(custody, close.seq)],
        "custody_size": len(custody[0]),
        "index": index,
        "manifest_line": line.decode("ascii"),
        "path": [one.hex() for one in merkle.path_in(leaves, index)],
        "seal": seal,
        "size": len(leaves[0]),
        "v": 1,
    }


def carry_seal(
    case: Path, seal: statement.Seal, out: Path, *, only: Collection[str] | None = None
) -> None:
    """The seal's envelope, its tokens and their chain.

    Args:
        case: case folder.
        seal: which one.
        out: folder that is handed over.
        only: names of token files to carry; None = all that are there.
    """
    source, target = seals.folder(case, seal.number), seals.folder(out, seal.number)
    target.mkdir(parents=True)
    for path in sorted(source.iterdir()):
        wanted = only is None or path.name in only or path.name == statement.FILE
        if wanted and path.suffix in (".json", ".tsq", ".tsr", ".pem", ocsp.SUFFIX):
            shutil.copyfile(path, target / path.name)


def carry_keys(entries: Iterable[CustodyEntry], out: Path) -> None:
    """Public keys of the case: a convenience for whoever checks, not trust."""
    (out / "keys").mkdir()
    for entry in entries:
        if entry.action == "key.add":
            body = base64.encodebytes(base64.b64decode(str(entry.data["public_key"])))
            pem = b"-----BEGIN PUBLIC KEY-----\n" + body + b"-----END PUBLIC KEY-----\n"
            durable.write_once(out / "keys" / f"{entry.data['keyid']}.pem", pem)


def carry_verifier(out: Path) -> None:
    """Put the stand-alone verifier into a folder that is handed over, as `verifier/`."""
    (out / "verifier").mkdir()
    for source in sorted(VERIFIER.glob("verify*.py")):
        durable.write_once(out / "verifier" / source.name, source.read_bytes())


def _write_reader(out: Path, seal: statement.Seal) -> None:
    carry_verifier(out)
    durable.write_once(out / "README.txt", _README.format(seal=seal.number).encode())


def _rows(out: Path) -> list[manifest.ManifestLine]:
    rows = []
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        body = path.read_bytes() if path.stat().st_size < 1 << 20 else None
        short, long = hashlib.sha256(body or b""), hashlib.sha512(body or b"")
        if body is None:
            with path.open("rb") as stream:
                while block := stream.read(1 << 20):
                    short.update(block)
                    long.update(block)
        rows.append(
            manifest.ManifestLine(
                path=path.relative_to(out).as_posix(),
                size=path.stat().st_size,
                sha256=short.hexdigest(),
                sha512=long.hexdigest(),
            )
        )
    return rows


_README = dedent("""\
    HOW TO CHECK THIS PRODUCTION

    It holds some items of a case, not all of them. Each item comes with two inclusion proofs
    (RFC 9162): that its line is in the manifest of its acquisition, and that the entry which closed
    that acquisition is in the custody log that seal {seal:04d} signs. Items that are not produced
    are not named anywhere.

    With Python 3.9 or newer, and openssl 3.0 or newer for the timestamps:

        python verifier/verify.py . --key FINGERPRINT --tsa-root ROOT.pem

    FINGERPRINT and ROOT.pem must come to you by another way than in this folder: the fingerprint
    is printed on exhibit A, the root certificate is published by the time-stamping authority. The
    files under keys/ and beside the seal are a convenience; they show nothing by themselves.
    Exit code 0: verified. 3: something could not be checked. 4: something is wrong.

    A timestamp by hand, in seals/{seal:04d} (G: the token's time in seconds since 1970, from
    `openssl ts -reply -in 01.tsr -text`):

        openssl ts -verify -attime G -data seal.dsse.json -in 01.tsr \\
            -CAfile ROOT.pem -untrusted 01.certs.pem
        openssl ts -verify -attime G -queryfile 01.tsq -in 01.tsr \\
            -CAfile ROOT.pem -untrusted 01.certs.pem

    The second compares the nonce, which the first does not; without -attime verification fails
    once the certificate of the authority has expired.

    What a responder said of the authority's certificate, if its answer lies there (01.1.ocsp):

        openssl ocsp -respin 01.1.ocsp -resp_text -CAfile ROOT.pem \\
            -verify_other 01.certs.pem -attime G
""")
