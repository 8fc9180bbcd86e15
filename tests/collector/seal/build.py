"""A small sealed case, written through the product's own functions with a standing clock.

Two acquisitions, two seals; if openssl is there, a token from a local test authority over each.
"""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509 import ocsp

from collector import custody, dsse, identity, keys, manifest, stamp, statement

ACTOR = identity.Actor(examiner="E", login="l", host="h", writer="0" * 16)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
KEYID = dsse.keyid(KEY.public_key())

FILES = {
    1: {"00000001-a.json.gz": b"abc", "00000002-b.txt": b"one\ntwo\nthree\n"},
    2: {"00000001-c.bin": bytes(range(256)) * 40, "00000002-d": b"", "00000003-e": b"last"},
}


def record(case: Path, action: str, data: Mapping[str, Any]) -> custody.CustodyEntry:
    """Append one entry, as a session does."""
    path = case / custody.NAME
    last = custody.read(case)[-1] if path.exists() else None
    return custody.append(case, last, action=action, why="test", data=data, actor=ACTOR)


def acquire(
    case: Path,
    acq: int,
    files: Mapping[str, bytes],
    *,
    close: bool = True,
    extra: Mapping[str, bytes] | None = None,
) -> Path:
    """One acquisition folder with its manifest, opened and closed in custody.

    `extra`: further files, beside `files/`.
    """
    name = f"evidence/{acq:04d}-20260102T030406Z-test-x"
    folder = case / name
    (folder / "files").mkdir(parents=True)
    record(case, "acquisition.open", {"acq": acq, "dir": name})
    rows = []
    for path, body in [
        ("acquisition.json", b"{}\n"),
        *((f"files/{stored}", body) for stored, body in files.items()),
        *(extra or {}).items(),
    ]:
        (folder / path).write_bytes(body)
        rows.append(
            manifest.ManifestLine(
                path=path,
                size=len(body),
                sha256=hashlib.sha256(body).hexdigest(),
                sha512=hashlib.sha512(body).hexdigest(),
            )
        )
    if close:
        summary = manifest.write(folder, rows)
        record(case, "acquisition.close", {"acq": acq, "manifest": summary.as_data()})
    return folder


def seal(case: Path, number: int, *, key: Ed25519PrivateKey = KEY) -> statement.Seal:
    """The next seal over all custody lines, and its seal.create entry."""
    before = case / "seals" / f"{number - 1:04d}" / statement.FILE
    entries = custody.read(case)
    payload = statement.payload(
        case_id=str(entries[0].data["case"]),
        number=number,
        lines=[entry.raw for entry in entries],
        previous=statement.parse(before.read_bytes()) if before.is_file() else None,
        at="2026-01-02T03:04:08.000000Z",
    )
    envelope = dsse.sign(dsse.IN_TOTO, payload, key)
    folder = case / "seals" / f"{number:04d}"
    folder.mkdir(parents=True)
    (folder / statement.FILE).write_bytes(envelope.raw)
    made = statement.parse(envelope.raw)
    record(
        case,
        "seal.create",
        {
            "envelope": envelope.sha256,
            "keyid": envelope.keyid,
            "root": made.root,
            "seal": number,
            "size": made.size,
        },
    )
    return made


def sealed_case(case: Path, authority: "Authority | None" = None) -> Path:
    """init, config, acquisition 1, key, seal 1, acquisition 2, seal 2, and tokens over both."""
    case.mkdir(parents=True)
    (case / "case.toml").write_text("format = 1\n")
    record(case, "case.init", {"case": "0" * 32})
    record(
        case, "case.config", {"bytes": 11, "sha256": hashlib.sha256(b"format = 1\n").hexdigest()}
    )
    acquire(case, 1, FILES[1])
    record(case, "key.add", keys.key_add(dsse.public_der(KEY.public_key()), None))
    seal(case, 1)
    if authority:
        authority.stamp(case, 1)
    acquire(case, 2, FILES[2])
    seal(case, 2)
    if authority:
        authority.stamp(case, 2)
    return case


class Authority:
    """A local test time-stamping authority: root and signing certificate, `openssl ts`."""

    def __init__(
        self,
        folder: Path,
        policy: str = stamp.TEST_POLICY,
        *,
        days: int = 3650,
        between: bool = False,
        responder: str | None = None,
    ) -> None:
        """Make keys and certificates; takes about a second.

        `days`: life of the signing certificate. `between`: an intermediate one issues it.
        `responder`: address of an OCSP responder that it names; its own certificate is
        `responder.pem`.
        """
        self.folder, self.policy, self.responder = folder, policy, responder
        folder.mkdir(parents=True)
        named = f"authorityInfoAccess = OCSP;URI:{responder}\n" if responder else ""
        (folder / "x.cnf").write_text(_CERTIFICATES + named + _RESPONDER)
        (folder / "ts.cnf").write_text(_AUTHORITY.format(folder=folder, policy=policy))
        (folder / "serial").write_text("01\n")
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self._run(
            "req", "-x509", *new, "-keyout", "root.key", "-out", "root.pem", "-subj",
            "/CN=Test root NOT FOR PRODUCTION", "-days", "3650", "-config", "x.cnf",
            "-extensions", "ca",
        )  # fmt: skip
        issuer = "between" if between else "root"
        if between:
            self._run(
                "req", *new, "-keyout", "between.key", "-out", "between.csr", "-subj",
                "/CN=Test intermediate NOT FOR PRODUCTION", "-config", "x.cnf",
            )  # fmt: skip
            self._run(
                "x509", "-req", "-in", "between.csr", "-CA", "root.pem", "-CAkey", "root.key",
                "-CAcreateserial", "-out", "between.pem", "-days", "3650", "-extfile", "x.cnf",
                "-extensions", "ca",
            )  # fmt: skip
        self._run(
            "req", *new, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj",
            "/CN=Test TSA NOT FOR PRODUCTION", "-config", "x.cnf",
        )  # fmt: skip
        self._run(
            "x509", "-req", "-in", "tsa.csr", "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key",
            "-CAcreateserial", "-out", "tsa.pem", "-days", str(days), "-extfile", "x.cnf",
            "-extensions", "tsa",
        )  # fmt: skip
        if responder:
            self._run(
                "req", *new, "-keyout", "responder.key", "-out", "responder.csr", "-subj",
                "/CN=Test responder NOT FOR PRODUCTION", "-config", "x.cnf",
            )  # fmt: skip
            self._run(
                "x509", "-req", "-in", "responder.csr", "-CA", f"{issuer}.pem", "-CAkey",
                f"{issuer}.key", "-CAcreateserial", "-out", "responder.pem", "-days", "3650",
                "-extfile", "x.cnf", "-extensions", "responder",
            )  # fmt: skip
        above = b"".join(
            (folder / f"{one}.pem").read_bytes() for one in dict.fromkeys((issuer, "root"))
        )
        (folder / "above.pem").write_bytes(above)

    @property
    def root(self) -> Path:
        """PEM of the root certificate: what `--tsa-root` takes."""
        return self.folder / "root.pem"

    def answer(self, query: Path) -> bytes:
        """The response to a request file."""
        target = self.folder / "answer.tsr"
        self._run(
            "ts", "-reply", "-config", "ts.cnf", "-section", "tsa_one", "-queryfile",
            str(query.resolve()), "-out", str(target),
        )  # fmt: skip
        return target.read_bytes()

    def certificate(self, name: str = "tsa") -> x509.Certificate:
        """One of its certificates."""
        return x509.load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes())

    def status(self, request: bytes, entry: str = "good") -> bytes:
        """What its responder answers (`openssl ocsp` with an index of one certificate).

        `entry`: `good`, `revoked` or `unknown`, of the signing certificate.
        """
        serial = f"{self.certificate().serial_number:X}"
        serial = serial.zfill(len(serial) + len(serial) % 2)
        index = {
            "good": f"V\t400101000000Z\t\t{serial}\tunknown\t/CN=x\n",
            "revoked": f"R\t400101000000Z\t200101000000Z,keyCompromise\t{serial}\tunknown\t/CN=x\n",
        }
        issuer = "between.pem" if (self.folder / "between.pem").is_file() else "root.pem"
        (self.folder / "index.txt").write_text(index.get(entry, ""))
        (self.folder / "asked").write_bytes(request)
        self._run(
            "ocsp", "-index", "index.txt", "-CA", issuer, "-rsigner", "responder.pem", "-rkey",
            "responder.key", "-reqin", "asked", "-respout", "said", "-ndays", "3",
        )  # fmt: skip
        return (self.folder / "said").read_bytes()

    def asked(self) -> bytes:
        """A request about its signing certificate."""
        issuer = "between" if (self.folder / "between.pem").is_file() else "root"
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            self.certificate(), self.certificate(issuer), hashes.SHA1()
        )
        return builder.build().public_bytes(serialization.Encoding.DER)

    def stamp(self, case: Path, number: int) -> None:
        """A token over a seal, what the responder says if there is one, and the token.add entry."""
        folder = case / "seals" / f"{number:04d}"
        stamp.request(folder / statement.FILE, folder / "01.tsq")
        (folder / "01.tsr").write_bytes(self.answer(folder / "01.tsq"))
        chain = b"".join((self.folder / one).read_bytes() for one in ("tsa.pem", "above.pem"))
        (folder / "01.certs.pem").write_bytes(chain)
        names = ["01.certs.pem", "01.tsq", "01.tsr"]
        if self.responder:
            (folder / "01.1.ocsp").write_bytes(self.status(self.asked()))
            names.append("01.1.ocsp")
        digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
        record(case, "token.add", {"files": digests, "seal": number})

    def _run(self, *arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=60
        )


def have_openssl() -> bool:
    """Whether tests of tokens can run at all."""
    return shutil.which("openssl") is not None


def rewrite_chain(case: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Custody as a person would rewrite it who can write the folder: every `prev` made to fit."""
    previous, raw = custody.ZERO, b""
    for seq, entry in enumerate(lines):
        body = json.dumps(
            {**entry, "prev": previous, "seq": seq}, sort_keys=True, separators=(",", ":")
        ).encode()
        previous, raw = hashlib.sha256(body).hexdigest(), raw + body + b"\n"
    (case / custody.NAME).write_bytes(raw)


_CERTIFICATES = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[tsa]
basicConstraints = CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
"""
_RESPONDER = """
[responder]
basicConstraints = CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = ignored
"""
_AUTHORITY = """
[tsa_one]
dir = {folder}
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/above.pem
signer_digest = sha256
default_policy = {policy}
digests = sha256, sha512
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_alg = sha256
"""
