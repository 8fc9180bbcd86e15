"""A token counts only if its signer's certificate is for timestamps, and for nothing else (R-143).

`openssl ts` refuses to sign with any other certificate, so another library makes these tokens.
"""

import warnings
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import keys as asn1_keys  # type: ignore[import-untyped]
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import NameOID
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from collector import stamp, verify
from tests.collector.seal import build
from tests.collector.seal.test_ocsp import DAY, NOW
from tests.collector.seal.test_revocation import both

DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not build.have_openssl():
        pytest.skip("openssl is not installed: no token can be judged")
    return build.sealed_case(tmp_path_factory.mktemp("plain") / "case")


def certificate(
    subject: str, key: rsa.RSAPrivateKey, issuer: str, signer: rsa.RSAPrivateKey,
    extensions: list[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:  # fmt: skip
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    made = (
        x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY).not_valid_after(NOW + 100 * DAY)
    )  # fmt: skip
    for extension, critical in extensions:
        made = made.add_extension(extension, critical=critical)
    return made.sign(signer, hashes.SHA256())


def usage(*purposes: Any) -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage(list(purposes))


CASES: tuple[tuple[str, list[tuple[x509.ExtensionType, bool]], bool], ...] = (
    ("for timestamps, critical", [(usage(Usage.TIME_STAMPING), True)], True),
    ("not critical", [(usage(Usage.TIME_STAMPING), False)], False),
    ("for code as well", [(usage(Usage.TIME_STAMPING, Usage.CODE_SIGNING), True)], False),
    ("for code alone", [(usage(Usage.CODE_SIGNING), True)], False),
    ("for no named purpose", [], False),
)


@pytest.mark.parametrize(("extensions", "holds"), [one[1:] for one in CASES],
                         ids=[one[0] for one in CASES])  # fmt: skip
def test_purpose(
    plain: Path, tmp_path: Path, extensions: list[tuple[x509.ExtensionType, bool]], holds: bool
) -> None:
    ca, own = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    root = certificate("root", ca, "root", ca, [(x509.BasicConstraints(True, None), True)])
    signer = certificate("signer", own, "root", ca, extensions)
    folder = plain / "seals/0002"
    query = folder / "01.tsq"
    stamp.request(folder / "seal.dsse.json", query)
    (folder / "01.tsr").write_bytes(_answer(query.read_bytes(), signer, own))
    chain = signer.public_bytes(PEM) + root.public_bytes(PEM)
    (folder / "01.certs.pem").write_bytes(chain)
    (tmp_path / "root.pem").write_bytes(root.public_bytes(PEM))
    trust = verify.Trust(keys=frozenset({build.KEYID}), tsa_root=tmp_path / "root.pem")
    try:
        report = both(plain, trust)
    finally:
        for path in folder.glob("01.*"):
            path.unlink()
    assert len(report["tokens"]) == holds
    checks = {one["check"] for one in report["unchecked"] + report["wrong"]}
    assert bool(checks & {"tsa-not-established", "token-invalid"}) == (not holds)


def _answer(query: bytes, signer: x509.Certificate, own: rsa.RSAPrivateKey) -> bytes:
    private = own.private_bytes(
        DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library says that it is for tests
        stamper = DummyTimeStamper(
            asn1_x509.Certificate.load(signer.public_bytes(DER)),
            asn1_keys.PrivateKeyInfo.load(private),
            certs_to_embed=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
        )
        return bytes(stamper.request_tsa_response(tsp.TimeStampReq.load(query)).dump())
