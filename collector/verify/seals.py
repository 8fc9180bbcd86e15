"""Steps 4 and 5: keys as custody introduces them, and the seals made with them."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from collector import canonical, custody, dsse, merkle, statement
from collector.statement import Seal
from collector.verify.chain import Chain
from collector.verify.report import Discrepancy, Trust, unchecked, wrong

_COPY = re.compile(r"[0-9]{8}-seal\.dsse\.json")
_NUMBER = re.compile("[0-9]{4,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A public key.

    Attributes:
        public: the key.
        added: index of its key.add entry, -1 if it comes from outside custody.
        revoked: index of its key.revoke entry, None if there is none.
        established: whether the reader's own trust reaches it.
    """

    public: Ed25519PublicKey
    added: int
    revoked: int | None
    established: bool


Keys = Mapping[str, Key]


def keys_of(chain: Chain, at: str, trust: Trust) -> tuple[Keys, list[Discrepancy]]:
    """Keys that custody adds; each after the first is signed by the one before."""
    found: list[Discrepancy] = []
    revoked: dict[str, int] = {}
    for index, data in chain.of("key.revoke"):
        revoked.setdefault(str(data.get("keyid")), index)
    keys: dict[str, Key] = {}
    previous: str | None = None
    for index, data in chain.of("key.add"):
        label, name = f"{at}{custody.NAME}:{index + 1}", str(data.get("keyid"))
        signed = data.get("signed_by_previous")
        try:
            der = dsse.decode64(data.get("public_key"))
            public = dsse.public_key(der)
            valid = (
                signed is not None
                and previous is not None
                and dsse.verified_bytes(der, dsse.decode64(signed), keys[previous].public)
            )
        except dsse.EnvelopeError:
            found.append(
                wrong("key-format", label, "an Ed25519 key in base64 DER", "something else")
            )
            continue
        if dsse.keyid(public) != name:
            found.append(wrong("key-fingerprint", label, dsse.keyid(public), name))
            continue
        if previous is not None and signed is None:
            found.append(
                unchecked("key-not-vouched", label, f"signature of key {previous}", "none")
            )
        elif signed is not None and not valid:
            found.append(wrong("key-signature", label, f"valid under key {previous}", "not valid"))
        vouched = valid and previous is not None and keys[previous].established
        keys[name] = Key(
            public=public,
            added=index,
            revoked=revoked.get(name),
            established=name in trust.keys or vouched,
        )
        previous = name
    return keys, found


def path_of(number: int, at: str = "") -> str:
    """Path of an envelope, relative to the case."""
    return f"{at}seals/{number:04d}/{statement.FILE}"


def load(root: Path, at: str) -> tuple[Mapping[int, Seal], list[Discrepancy]]:
    """Envelopes under seals/, by the number of their folder."""
    base = root / "seals"
    seals: dict[int, Seal] = {}
    found: list[Discrepancy] = []
    for folder in sorted(base.iterdir()) if base.is_dir() else ():
        label = f"{at}seals/{folder.name}"
        if not _NUMBER.fullmatch(folder.name) or not folder.is_dir():
            found.append(wrong("seal-extra", label, "a folder named by a number", "something else"))
            continue
        try:
            raw = (folder / statement.FILE).read_bytes()
        except OSError:
            found.append(unchecked("seal-unfinished", label, statement.FILE, "no such file"))
            continue
        try:
            seals[int(folder.name)] = statement.parse(raw)
        except dsse.EnvelopeError:
            found.append(
                wrong("seal-format", f"{label}/{statement.FILE}", "a seal envelope", "not one")
            )
    return seals, found


def check(
    seals: Mapping[int, Seal], chain: Chain, keys: Keys, at: str
) -> Iterator[tuple[int | None, Discrepancy]]:
    """(number of the seal, discrepancy) for every seal of a case, then for seals that are gone.

    Each seal is held against custody, against the seal before it, and against seal.create.
    """
    recorded = {str(data.get("seal")): (index, data) for index, data in chain.of("seal.create")}
    for number, seal in seals.items():
        label = path_of(number, at)
        for one in (
            *check_statement(seal, number, chain.case_id, label),
            *_check_prefix(seal, chain, label),
            *check_link(seal, seals.get(number - 1), label),
            *check_signature(seal, keys, label),
        ):
            yield number, one
        index, data = recorded.pop(str(number), (None, {}))
        if index is None:
            yield number, unchecked("seal-unrecorded", label, "a seal.create entry", "none")
        elif data.get("envelope") != seal.envelope.sha256 or index < seal.size:
            yield (
                number,
                wrong("seal-digest", label, data.get("envelope"), seal.envelope.sha256),
            )
    for name in recorded:
        label = path_of(int(name), at) if name.isdigit() else f"{at}seals"
        yield None, wrong("seal-missing", label, "the envelope of seal.create", "no such file")


def check_statement(seal: Seal, number: int, case_id: object, label: str) -> Iterator[Discrepancy]:
    """Fixed words of the statement; its number and case. `case_id` None: not known here."""
    kind = seal.statement.get("predicateType")
    if kind != statement.PREDICATE:
        yield unchecked("seal-version", label, statement.PREDICATE, kind)
    for name, expected, found in (
        ("payloadType", dsse.IN_TOTO, seal.envelope.payload_type),
        ("_type", statement.STATEMENT, seal.statement.get("_type")),
        ("subject", statement.SUBJECT, (seal.subject or {}).get("name")),
        ("tree", statement.TREE, seal.predicate.get("tree")),
        ("seal", number, seal.number),
        ("case", case_id, seal.predicate.get("case")),
    ):
        if expected != found and not (name == "case" and case_id is None):
            yield wrong("seal-statement", label, f"{name} {expected}", f"{name} {found}")


def _check_prefix(seal: Seal, chain: Chain, label: str) -> Iterator[Discrepancy]:
    lines = chain.lines[: seal.size]
    if not 0 < seal.size <= len(chain.lines):
        yield wrong("seal-size", label, f"custody of at least {seal.size} lines", len(chain.lines))
        return
    raw = b"".join(line + canonical.LF for line in lines)
    digest = {"sha256": hashlib.sha256(raw).hexdigest()}
    for check_, expected, found in (
        ("seal-bytes", seal.length, len(raw)),
        ("seal-subject", (seal.subject or {}).get("digest"), digest),
        ("seal-root", seal.root, chain.root(seal.size)),
        ("seal-head", seal.head, hashlib.sha256(lines[-1]).hexdigest()),
    ):
        if expected != found:
            yield wrong(check_, label, expected, found)


def check_link(seal: Seal, earlier: Seal | None, label: str) -> Iterator[Discrepancy]:
    """`prev_seal` and the consistency proof; seal 1 has neither."""
    stated = seal.predicate.get("prev_seal")
    if seal.number == 1:
        if stated is not None or seal.consistency:
            yield wrong("seal-previous", label, "null", stated)
    elif earlier is None:
        yield unchecked("seal-previous", label, f"seal {seal.number - 1}", "not there")
    elif stated != earlier.envelope.sha256:
        yield wrong("seal-previous", label, earlier.envelope.sha256, stated)
    elif not continues(earlier, seal):
        yield wrong(
            "seal-fork", label, f"a continuation of seal {earlier.number}", "no proof of it"
        )


def continues(earlier: Seal, later: Seal) -> bool:
    """Whether the later seal's proof shows that its tree begins with the earlier one's."""
    return earlier.size > 0 and merkle.verify_consistency(
        earlier.size,
        later.size,
        bytes.fromhex(earlier.root),
        bytes.fromhex(later.root),
        later.consistency,
    )


def check_signature(seal: Seal, keys: Keys, label: str) -> Iterator[Discrepancy]:
    """Signed by a key added before the seal and not revoked before it; then, whose key that is."""
    name = seal.envelope.keyid
    key = keys.get(name)
    if key is None or key.added >= seal.size:
        yield wrong("seal-key", label, "a key added to the case before it", name)
    elif not dsse.verified(seal.envelope, key.public):
        yield wrong("seal-signature", label, f"valid under key {name}", "not valid")
    elif key.revoked is not None and key.revoked < seal.size:
        yield wrong("seal-revoked", label, "a key not revoked before the seal", name)
    elif not key.established:
        found = f"valid under key {name}, its holder not established"
        yield unchecked("key-not-established", label, "--key with the fingerprint", found)


def check_copies(root: Path, chain: Chain, at: str, trust: Trust) -> Iterator[Discrepancy]:
    """Seals of this case from other copies: imported with another copy, or received earlier.

    One that does not commit to a prefix of this custody shows that two copies of the case went on
    separately: a fork.
    """
    imported = [
        (at + path.relative_to(root).as_posix(), path, False)
        for path in sorted((root / "evidence").glob("*/files/*-seal.dsse.json"))
        if _COPY.fullmatch(path.name)
    ]
    for label, path, given in [*imported, *((one.name, one, True) for one in trust.earlier)]:
        try:
            seal = statement.parse(path.read_bytes())
        except (OSError, dsse.EnvelopeError):
            yield unchecked("seal-copy", label, "a seal envelope", "not one")
            continue
        if seal.predicate.get("case") != chain.case_id:
            if given:
                yield unchecked("seal-copy", label, f"case {chain.case_id}", "another case")
        elif seal.size > len(chain.lines):
            yield wrong(
                "seal-fork", label, f"custody of at least {seal.size} lines", len(chain.lines)
            )
        elif chain.root(seal.size) != seal.root:
            yield wrong("seal-fork", label, chain.root(seal.size), seal.root)
