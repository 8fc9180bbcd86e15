"""Seal a case: sign the tree head of its custody, link it to the seal before, have it timestamped.

    1  add the tool key to custody, if it is not there (it then lies under the seal)
    2  sign the statement over all custody lines so far; envelope durable
    3  append seal.create
    4  for each time-stamping authority: request, answer, chain durable; append token.add

After a crash between 2 and 3 the next run records the envelope that is there. Whatever happens in
4, the seal stands; a token can be added at any time.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector import (
    clock,
    dsse,
    durable,
    keys,
    merkle,
    ocsp,
    revocation,
    stamp,
    statement,
    tsa_chain,
)  # fmt: skip
from collector.errors import IntegrityError, UsageError
from collector.session import Session


def folder(case: Path, number: int) -> Path:
    """Folder of a seal."""
    return case / "seals" / f"{number:04d}"


def existing(case: Path) -> tuple[statement.Seal, ...]:
    """All seals in order.

    Raises:
        IntegrityError: a file that is not a seal, or a number missing.
    """
    base = case / "seals"
    seals: list[statement.Seal] = []
    for place in sorted(base.iterdir()) if base.is_dir() else ():
        path = place / statement.FILE
        if not path.is_file():
            continue  # an interrupted seal: its folder is used again
        try:
            seal = statement.parse(path.read_bytes())
        except dsse.EnvelopeError as error:
            raise IntegrityError(f"{path}: {error}. Run `butfor verify`.") from error
        if seal.number != len(seals) + 1 or place.name != f"{seal.number:04d}":
            raise IntegrityError(
                f"{path}: expected seal {len(seals) + 1}, found {seal.number}. Run `butfor verify`."
            )
        seals.append(seal)
    return tuple(seals)


def create(session: Session, key: Ed25519PrivateKey) -> statement.Seal:
    """Steps 1 to 3. The session holds the lock.

    Raises:
        IntegrityError: custody does not continue what the last seal committed to (a fork).
        UsageError: the case knows another key, and this one is not signed by it.
    """
    seals = existing(session.case)
    previous = seals[-1] if seals else None
    if previous is not None:
        _must_continue(session, previous)
        _record_if_missing(session, previous)
    record_found_tokens(session)
    _add_key(session, key)
    lines = [entry.raw for entry in session.entries]
    envelope = dsse.sign(
        dsse.IN_TOTO,
        statement.payload(
            case_id=str(session.entries[0].data["case"]),
            number=len(seals) + 1,
            lines=lines,
            previous=previous,
            at=clock.stamp(clock.now()),
        ),
        key,
    )
    place = folder(session.case, len(seals) + 1)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    durable.write_once(place / statement.FILE, envelope.raw)
    durable.flush_folder(place.parent)
    seal = statement.parse(envelope.raw)
    _record(session, seal)
    return seal


def _must_continue(session: Session, seal: statement.Seal) -> None:
    """Never seal over a break: the tree of the last seal must be a prefix of this one."""
    lines = [entry.raw for entry in session.entries[: seal.size]]
    root = merkle.root(merkle.leaf_hashes(lines)).hex()
    if len(lines) < seal.size or root != seal.root:
        raise IntegrityError(
            f"fork: expected custody to continue the {seal.size} entries of seal {seal.number} "
            f"(root {seal.root[:16]}…), found {len(session.entries)} entries (root {root[:16]}…). "
            "Two copies of this case went on separately: import the other copy, never merge them."
        )


def _record_if_missing(session: Session, seal: statement.Seal) -> None:
    if not any(
        entry.action == "seal.create" and entry.data.get("seal") == seal.number
        for entry in session.entries
    ):
        _record(session, seal)


def record_found_tokens(session: Session) -> None:
    """Record complete tokens whose token.add an interruption has swallowed."""
    known = {
        (one.data.get("seal"), name)
        for one in session.entries
        if one.action == "token.add"
        for name in one.data.get("files", {})
    }
    for response in sorted((session.case / "seals").glob("[0-9]*/[0-9][0-9].tsr")):
        number = int(response.parent.name)
        if (number, response.name) in known:
            continue
        beside = sorted(response.parent.glob(f"{response.stem}.*"))
        files = [one for one in beside if one.suffix in (".tsq", ".tsr", ".pem", ocsp.SUFFIX)]
        session.record(
            "token.add",
            why="found beside its seal after an interruption",
            data={"files": _digests(files), "seal": number},
        )


def _record(session: Session, seal: statement.Seal) -> None:
    session.record(
        "seal.create",
        why="commit to the custody log so far",
        data={
            "envelope": seal.envelope.sha256,
            "keyid": seal.envelope.keyid,
            "root": seal.root,
            "seal": seal.number,
            "size": seal.size,
        },
    )


def _add_key(session: Session, key: Ed25519PrivateKey) -> None:
    """key.add on first use; a second key must have been added by `butfor key rotate`."""
    name = dsse.keyid(key.public_key())
    added = [str(one.data.get("keyid")) for one in session.entries if one.action == "key.add"]
    revoked = {str(one.data.get("keyid")) for one in session.entries if one.action == "key.revoke"}
    if name in revoked:
        raise UsageError(f"key {name[:16]}… is revoked in this case. Use another one.")
    if name in added:
        return
    if added:
        raise UsageError(
            f"expected key {added[-1][:16]}…, which this case knows, found {name[:16]}…. "
            "`butfor key add` brings in a new key, signed by the old one (or, if the old one is "
            "lost, unsigned, which verification will say)."
        )
    session.record(
        "key.add",
        why="first use of the tool key in this case",
        data=keys.key_add(dsse.public_der(key.public_key()), None),
    )


def next_token(place: Path) -> str:
    """Two digits for the next token beside an envelope."""
    used = {path.name[:2] for path in place.glob("[0-9][0-9].*")}
    return next(f"{number:02d}" for number in range(1, 100) if f"{number:02d}" not in used)


def ask(place: Path) -> Path:
    """A request file over the envelope, to be sent or carried; returns its path."""
    query = place / f"{next_token(place)}.tsq"
    stamp.request(place / statement.FILE, query)
    return query


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a person brings along to a token (PEM files but for answers), or asks for.

    Attributes:
        chain: certificates of the authority, where its answer does not carry them all.
        crls: its revocation lists, stored for whoever checks revocation later.
        answers: of OCSP responders about its certificates, DER, stored for the same.
        ask: have the responders asked that its certificates name, over the network.
    """

    chain: Path | None = None
    crls: Path | None = None
    answers: tuple[Path, ...] = ()
    ask: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A token that is stored: its path, what it says, and why answers of responders are missing."""

    path: Path
    token: stamp.Token
    faults: tuple[str, ...]


def attach(
    session: Session, number: int, query: Path, response: bytes, carried: Carried
) -> Attached:
    """Step 4: store an answer beside its request, and record the digests of all of it.

    Raises:
        UsageError: not a granted token over this seal's envelope, or an answer to another request.
    """
    place = folder(session.case, number)
    target = query.with_suffix(".tsr")
    held = query.with_suffix(".tsr.new")
    held.write_bytes(response)
    try:
        token, certificates = _accepted(place, held, query, carried.chain)
    finally:
        held.unlink(missing_ok=True)
    files = {query.with_suffix(".certs.pem"): certificates}
    if carried.crls is not None:
        files[query.with_suffix(".crls.pem")] = carried.crls.read_bytes()
    answers, faults = _answers(response, certificates, carried)
    for number, answer in enumerate(answers, start=1):
        files[query.with_suffix(f".{number}{ocsp.SUFFIX}")] = answer
    files[target] = response  # last: a request with an answer no longer waits
    for path, body in files.items():
        if not (path.is_file() and path.read_bytes() == body):
            durable.write_once(path, body)
    session.record(
        "token.add",
        why="timestamp over the seal's envelope",
        data={"files": _digests([query, *files]), "seal": number},
    )
    return Attached(path=target, token=token, faults=faults)


def _answers(
    response: bytes, certificates: bytes, carried: Carried
) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    """Answers of responders, carried first, then asked for; and why others are not there."""
    brought = tuple(path.read_bytes() for path in carried.answers)
    for path, body in zip(carried.answers, brought, strict=True):
        if ocsp.parse(body) is None:
            raise UsageError(
                f"--tsa-ocsp {path}: expected a successful OCSP answer in DER, found something "
                "else. `openssl ocsp -respout FILE` writes one."
            )
    if not carried.ask:
        return brought, ()
    stored = tsa_chain.parse(certificates)
    chain = tsa_chain.of(response, stored, revocation.issued)
    asked, faults = ocsp.ask_for(chain, stored, revocation.issued)
    return (*brought, *asked), faults


def _accepted(
    place: Path, response: Path, query: Path, chain: Path | None
) -> tuple[stamp.Token, bytes]:
    token = stamp.read(response)
    if token is None:
        raise UsageError("expected a granted RFC 3161 response, found something else.")
    certificates = stamp.certificates(response) + (chain.read_bytes() if chain else b"")
    pem = query.with_suffix(".certs.new")
    pem.write_bytes(certificates)
    try:
        standing = stamp.judge(place / statement.FILE, response, token, pem, query=query, chain=pem)
    finally:
        pem.unlink(missing_ok=True)
    if standing is stamp.Standing.INVALID:
        raise UsageError(
            f"expected a token over seal {place.name} in answer to {query.name}, found one over "
            "other bytes or for another request. It is not stored."
        )
    return token, certificates


def _digests(paths: Sequence[Path]) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
