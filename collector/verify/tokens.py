"""Step 6: timestamp tokens over the seals, and what they anchor.

Proven is the prefix of custody that a trusted token covers. The chain alone stops accidents, not a
person who can write the folder.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector import ocsp, revocation, stamp, statement, tsa_chain
from collector.revocation import Finding, Status
from collector.statement import Seal
from collector.verify.chain import Chain
from collector.verify.report import Discrepancy, Trust, unchecked, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A token that holds over a seal.

    Attributes:
        seal: number of the seal.
        size: custody lines that the seal covers.
        path: of the response, as printed.
        token: what it says of itself.
        established: whether the reader's own root certificate stands behind it.
        chain: names of the certificates of its chain, signer first, as far as they are stored.
        revocation: what stored lists and answers say of each of them.
    """

    seal: int
    size: int
    path: str
    token: stamp.Token
    established: bool
    chain: tuple[str, ...]
    revocation: tuple[Finding, ...]

    def as_data(self) -> dict[str, Any]:
        """The row that a report prints. `qualified` would need a trusted list: unknown."""
        return {
            "accuracy": self.token.accuracy,
            "chain": list(self.chain),
            "digest": self.token.digest,
            "established": self.established,
            "latest": self.token.latest,
            "path": self.path,
            "policy": self.token.policy,
            "qualified": "unknown",
            "revocation": [one.as_data() for one in self.revocation],
            "seal": self.seal,
            "serial": self.token.serial,
            "size": self.size,
            "test": self.token.test,
            "time": self.token.time,
            "tsa": self.token.tsa,
        }

    def notes(self) -> Iterator[str]:
        """What must be said wherever this token is shown."""
        if self.token.test:
            yield f"{self.path}: {stamp.TEST_LABEL}"
        for one in self.revocation:
            if one.status is not Status.GOOD:
                yield f"{self.path}: revocation of {one.certificate}: {one.status}, {one.detail}"


def recorded(chain: Chain) -> dict[str, str]:
    """Digests of the tokens' files by path below the case, as token.add entries give them."""
    found: dict[str, str] = {}
    for _, data in chain.of("token.add"):
        number, files = data.get("seal"), data.get("files")
        if isinstance(number, int) and isinstance(files, dict):
            for name, digest in files.items():
                found[f"seals/{number:04d}/{Path(name).name}"] = str(digest)
    return found


def check_recorded(root: Path, digests: Mapping[str, str], at: str) -> Iterator[Discrepancy]:
    """Files of tokens against their digests in custody."""
    for path, digest in sorted(digests.items()):
        place = root / path
        if not place.is_file():
            yield wrong("token-missing", at + path, digest, "no such file")
            continue
        actual = hashlib.sha256(place.read_bytes()).hexdigest()
        if actual != digest:
            yield wrong("token-digest", at + path, digest, actual)


def check(
    root: Path, seals: Mapping[int, Seal], known: Mapping[str, str], at: str, trust: Trust
) -> tuple[tuple[Anchor, ...], list[Discrepancy]]:
    """Every response beside a seal; `known`: paths that custody records."""
    found: list[Discrepancy] = []
    anchors: list[Anchor] = []
    for number, seal in sorted(seals.items()):
        for response in sorted((root / "seals" / f"{number:04d}").glob("*.tsr")):
            path = f"seals/{number:04d}/{response.name}"
            if path not in known:
                found.append(unchecked("token-unrecorded", at + path, "a token.add entry", "none"))
            token, more = _check_token(response, at + path, trust)
            found += more
            if token is None:
                continue
            chain, revoked = _revocation(response, token, trust)
            bad = [one for one in revoked if one.status is Status.REVOKED]
            found += [_revoked(at + path, one) for one in bad]
            if not bad:
                anchors.append(
                    Anchor(
                        seal=number,
                        size=seal.size,
                        path=at + path,
                        token=token,
                        established=trust.tsa_root is not None,
                        chain=chain,
                        revocation=revoked,
                    )
                )
    return tuple(anchors), found


def _revocation(
    response: Path, token: stamp.Token, trust: Trust
) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Names of the chain of a token that holds, and what is stored beside it says of revocation.

    The reader's root counts among the certificates.
    """
    roots = (trust.tsa_root,) if trust.tsa_root is not None else ()
    stored = tsa_chain.certificates(response.with_suffix(".certs.pem"), *roots)
    lists = response.with_suffix(".crls.pem")
    chain = tsa_chain.of(response.read_bytes(), stored, revocation.issued)
    findings = revocation.judge(
        chain,
        stored,
        lists.read_bytes() if lists.is_file() else b"",
        [path.read_bytes() for path in ocsp.files(response)],
        token.seconds,
    )
    return tuple(tsa_chain.name(one) for one in chain.certificates), findings


def _revoked(label: str, one: Finding) -> Discrepancy:
    return wrong("token-revoked", label, f"{one.certificate} not revoked", f"revoked {one.detail}")


def _check_token(
    response: Path, label: str, trust: Trust
) -> tuple[stamp.Token | None, list[Discrepancy]]:
    """The token if it holds, and what is to be said of it."""
    if stamp.openssl() is None:
        return None, [unchecked("token-unchecked", label, "openssl 3.0 or newer", "none")]
    token = stamp.read(response)
    if token is None:
        return None, [wrong("token-format", label, "a granted RFC 3161 response", "not one")]
    query, chain = response.with_suffix(".tsq"), response.with_suffix(".certs.pem")
    roots = trust.tsa_root or (chain if chain.is_file() else None)
    if roots is None:
        found = unchecked(
            "tsa-not-established", label, "--tsa-root or a chain beside it", "neither"
        )
        return None, [found]
    envelope = response.with_name(statement.FILE)
    standing = stamp.judge(envelope, response, token, roots, query=query, chain=chain)
    if standing is stamp.Standing.VALID:
        said = []
        if not query.is_file():
            said.append(unchecked("token-nonce", label, f"{query.name} beside it", "no such file"))
        if trust.tsa_root is None:
            said.append(
                unchecked("tsa-not-established", label, "--tsa-root", "valid under its own chain")
            )
        return token, said
    if standing is stamp.Standing.INVALID:
        return None, [wrong("token-invalid", label, "a token over this envelope", "not valid")]
    if trust.tsa_root is None:
        return None, [
            wrong("token-invalid", label, "a token under the chain beside it", "not valid")
        ]
    return None, [unchecked("tsa-not-established", label, "a chain to --tsa-root", "none")]


def earliest(anchors: Sequence[Anchor], entry: int | None) -> str | None:
    """`existed_no_later_than` of custody entry `entry`: its earliest covering token, or None."""
    if entry is None:
        return None
    return min((one.token.latest for one in anchors if one.size > entry), default=None)
