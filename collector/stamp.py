"""RFC 3161 timestamps over seals: make a request, fetch the answer, judge a token with openssl.

openssl rather than a Python library: real authorities send certificate sets that are not sorted as
DER asks, which `rfc3161-client` rejects, and the other side has openssl anyway.

The token's imprint is the SHA-256 of the exact bytes of `seal.dsse.json`. Beside the envelope lie
`MM.tsq` (request), `MM.tsr` (response), `MM.certs.pem` (chain), `MM.crls.pem` (revocation lists),
`MM.N.ocsp` (answers of OCSP responders).
"""

import calendar
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from collector.errors import IncompleteError, UsageError

#: Policy of test authorities (a UUID drawn once): such a token has no evidential weight.
TEST_POLICY = "2.25.277394378747751089230992948670318352729"
TEST_LABEL = "TEST TSA — NO EVIDENTIAL WEIGHT"

_TIMEOUT = 60
_LIMIT = 1 << 20  # a response is a few kilobytes; more is not a response
_FACT = re.compile(r"^([A-Z][A-Za-z ]+): (.*)$", re.MULTILINE)
_WHOLE = re.compile(r"0x([0-9A-F]+) seconds")
_PART = re.compile(r"0x[0-9A-F]+ (?:millis|micros)")
_BROKEN = re.compile("imprint|nonce|signature|digest|policy|asn1|ASN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a granted token says of itself.

    Attributes:
        time: genTime as openssl prints it.
        seconds: genTime in seconds since 1970, fractions cut off.
        latest: genTime plus accuracy, rounded up to seconds: the data existed no later than this.
        accuracy: as openssl prints it, `unspecified` without one.
        policy: policy OID.
        serial: serial number, hex.
        tsa: name of the authority, empty if the token carries none.
        digest: name of the digest algorithm of its imprint.
    """

    time: str
    seconds: int
    latest: str
    accuracy: str
    policy: str
    serial: str
    tsa: str
    digest: str

    @property
    def test(self) -> bool:
        """Whether this is a test authority's token."""
        return self.policy == TEST_POLICY


class Standing(StrEnum):
    """What openssl makes of a token over an envelope."""

    VALID = "valid"
    INVALID = "invalid"
    UNTRUSTED = "untrusted"


def openssl() -> str | None:
    """Path of an openssl of version 3 or newer, None without one."""
    program = shutil.which("openssl")
    if program is None:
        return None
    return program if _major(program) >= 3 else None


@cache
def _major(program: str) -> int:
    """Its major version, 0 if it is another program."""
    found = re.match(r"OpenSSL (\d+)\.", _run(program, "version")[1])
    return int(found.group(1)) if found else 0


def request(envelope: Path, target: Path) -> None:
    """Write a request over the envelope's SHA-256, with a nonce, asking for the certificates.

    Raises:
        UsageError: no openssl, or it refused.
    """
    program = openssl()
    if program is None:
        raise UsageError("expected openssl 3.0 or newer on the path, found none. Install it.")
    code, text = _run(
        program, "ts", "-query", "-data", str(envelope), "-sha256", "-cert", "-out", str(target)
    )
    if code:
        raise UsageError(f"openssl ts -query: {text.strip()}")


def fetch(url: str, query: bytes) -> bytes:
    """The authority's answer to a request (RFC 3161, 3.4: HTTP).

    Raises:
        UsageError: not an http or https address.
        IncompleteError: no answer, or one of another kind. The seal stands without this token.
    """
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"--tsa: expected http:// or https://, found {url}")
    asked = urllib.request.Request(  # noqa: S310 # scheme checked above
        url, data=query, headers={"Content-Type": "application/timestamp-query"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=_TIMEOUT) as answer:  # noqa: S310
            body = bytes(answer.read(_LIMIT + 1))
            kind = answer.headers.get_content_type()
    except (urllib.error.URLError, OSError) as error:
        raise IncompleteError(
            f"{url}: expected a timestamp, found: {error}. The seal is made; ask again with "
            "`butfor seal --again --tsa URL`, or carry the request (`--tsq`)."
        ) from error
    if kind != "application/timestamp-reply" or len(body) > _LIMIT:
        raise IncompleteError(
            f"{url}: expected application/timestamp-reply, found {kind}, {len(body)} bytes."
        )
    return body


def read(response: Path) -> Token | None:
    """What the response says, None if it is not a granted RFC 3161 response.

    Raises:
        UsageError: no openssl.
    """
    program = openssl()
    if program is None:
        raise UsageError("expected openssl 3.0 or newer on the path, found none. Install it.")
    code, text = _run(program, "ts", "-reply", "-in", str(response), "-text")
    facts = dict(_FACT.findall(text))
    if code or not facts.get("Status", "").startswith("Granted"):
        return None
    accuracy, when = facts.get("Accuracy", "unspecified"), facts.get("Time stamp", "")
    try:
        parsed = time.strptime(re.sub(r"\.\d+", "", when), "%b %d %H:%M:%S %Y GMT")
    except ValueError:
        return None
    seconds = calendar.timegm(parsed)
    whole = _WHOLE.search(accuracy)
    late = (int(whole.group(1), 16) if whole else 0) + bool(_PART.search(accuracy) or "." in when)
    return Token(
        time=when,
        seconds=seconds,
        latest=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds + late)),
        accuracy=accuracy,
        policy=facts.get("Policy OID", ""),
        serial=facts.get("Serial number", ""),
        tsa=facts.get("TSA", ""),
        digest=facts.get("Hash Algorithm", ""),
    )


def judge(
    envelope: Path, response: Path, token: Token, roots: Path, *, query: Path, chain: Path
) -> Standing:
    """Whether the token is over the envelope and its chain ends in `roots` at the token's time.

    `-attime`, because without it a token fails once its authority's certificate has expired; once
    with the data and once with the request, because the nonce is only compared with the latter.
    INVALID: another imprint, nonce or signature. UNTRUSTED: only the chain does not end there.
    """
    program = openssl()
    assert program is not None
    common = ["ts", "-verify", "-attime", str(token.seconds), "-in", str(response)]
    common += ["-CAfile", str(roots), *(["-untrusted", str(chain)] if chain.is_file() else [])]
    codes, texts = _run(program, *common, "-data", str(envelope))
    if query.is_file():
        code, text = _run(program, *common, "-queryfile", str(query))
        codes, texts = codes or code, texts + text
    if not codes:
        return Standing.VALID
    untrusted = "certificate verify error" in texts
    return Standing.UNTRUSTED if untrusted or not _BROKEN.search(texts) else Standing.INVALID


def certificates(response: Path) -> bytes:
    """The certificates that a token carries, PEM; empty if openssl finds none.

    Raises:
        UsageError: no openssl.
    """
    program = openssl()
    if program is None:
        raise UsageError("expected openssl 3.0 or newer on the path, found none. Install it.")
    token = response.with_name(response.name + ".token.partial")
    code, text = _run(
        program, "ts", "-reply", "-in", str(response), "-token_out", "-out", str(token)
    )
    try:
        if not code:
            code, text = _run(program, "pkcs7", "-inform", "DER", "-in", str(token), "-print_certs")
    finally:
        token.unlink(missing_ok=True)
    blocks = re.findall(
        "-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", text, re.DOTALL
    )
    return b"" if code else "".join(blocks).encode("ascii")


def issued(certificate: bytes, issuer: bytes) -> bool:
    """Whether a certificate (PEM) is signed by this issuer's (PEM), whatever the time and purpose.

    Raises:
        UsageError: no openssl.
    """
    program = openssl()
    if program is None:
        raise UsageError("expected openssl 3.0 or newer on the path, found none. Install it.")
    with tempfile.TemporaryDirectory() as folder:
        one, path = Path(folder) / "one.pem", Path(folder) / "issuer.pem"
        one.write_bytes(certificate)
        path.write_bytes(issuer)
        code, _ = _run(
            program, "verify", "-partial_chain", "-no_check_time", "-auth_level", "0", "-CAfile",
            str(path), "-no-CApath", "-no-CAstore", str(one),
        )  # fmt: skip
    return code == 0


def list_signed(revocations: bytes, issuer: bytes) -> bool:
    """Whether a revocation list (PEM) is signed by this certificate (PEM).

    Raises:
        UsageError: no openssl.
    """
    program = openssl()
    if program is None:
        raise UsageError("expected openssl 3.0 or newer on the path, found none. Install it.")
    with tempfile.TemporaryDirectory() as folder:  # the case may lie on a read-only medium
        path = Path(folder) / "issuer.pem"
        path.write_bytes(issuer)
        _, text = _run(program, "crl", "-noout", "-CAfile", str(path), given=revocations)
    return "verify OK" in text


def answer_signed(answer: bytes, issuer: bytes, seconds: int) -> bool:
    """Whether an OCSP answer (DER) is signed by this certificate (PEM), or by a responder whom it
    certified for that.

    Args:
        answer: as received.
        issuer: certificate of the authority that issued what the answer speaks of.
        seconds: when the answer was produced, since 1970: certificates are judged at that time.

    Raises:
        UsageError: no openssl.
    """
    program = openssl()
    if program is None:
        raise UsageError("expected openssl 3.0 or newer on the path, found none. Install it.")
    with tempfile.TemporaryDirectory() as folder:  # the case may lie on a read-only medium
        given, path = Path(folder) / "answer", Path(folder) / "issuer.pem"
        given.write_bytes(answer)
        path.write_bytes(issuer)
        code, text = _run(
            program, "ocsp", "-respin", str(given), "-CAfile", str(path), "-no-CApath",
            "-no-CAstore", "-verify_other", str(path), "-partial_chain", "-attime", str(seconds),
        )  # fmt: skip
    return code == 0 and "Response verify OK" in text


def _run(program: str, *arguments: str, given: bytes = b"") -> tuple[int, str]:
    """Exit code and everything printed, in the C locale and without the user's openssl.cnf."""
    done = subprocess.run(  # noqa: S603 # a fixed program, arguments of ours, no shell
        [program, *arguments],
        capture_output=True,
        input=given,
        check=False,
        env={**os.environ, "LC_ALL": "C", "OPENSSL_CONF": os.devnull},
        timeout=_TIMEOUT,
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")
