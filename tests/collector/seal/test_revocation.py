"""Revocation lists beside a token: both verifiers, and what an unknown status must never become."""

import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.x509 import ReasonFlags as Reason
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector import revocation, tsa_chain, verify
from tests.collector.seal import build, standalone, tamper_acts

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> build.Authority:
    if not build.have_openssl():
        pytest.skip("openssl is not installed: no tokens can be made")
    return build.Authority(tmp_path_factory.mktemp("tsa") / "tsa", between=True)


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory, authority: build.Authority) -> Path:
    return build.sealed_case(tmp_path_factory.mktemp("stamped") / "case", authority)


def crl(
    authority: build.Authority,
    issuer: str,
    *,
    issued: datetime = NOW - DAY,
    until: datetime | None = NOW + DAY,
    entries: Sequence[tuple[str, datetime, Reason | None]] = (),
    extra: x509.ExtensionType | None = None,
    entry_extra: x509.ExtensionType | None = None,
    key: str | None = None,
) -> bytes:
    """A revocation list of one of the authority's certificates; `entries` name certificates."""
    folder = authority.folder
    made = x509.CertificateRevocationListBuilder(
        issuer_name=_certificate(folder, issuer).subject, last_update=issued, next_update=until
    )
    for name, when, reason in entries:
        row = x509.RevokedCertificateBuilder(_certificate(folder, name).serial_number, when)
        if reason is not None:
            row = row.add_extension(x509.CRLReason(reason), critical=False)
        if entry_extra is not None:
            row = row.add_extension(entry_extra, critical=True)
        made = made.add_revoked_certificate(row.build())
    if extra is not None:
        made = made.add_extension(extra, critical=True)
    body = (folder / f"{key or issuer}.key").read_bytes()
    signer = serialization.load_pem_private_key(body, None)
    assert isinstance(signer, EllipticCurvePrivateKey)
    return made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _certificate(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())


def both(case: Path, trust: verify.Trust) -> dict[str, Any]:
    """What the product says, after the stand-alone verifier said exactly the same."""
    product = verify.run(case, trust).as_data()
    assert standalone.run(case, trust) == product
    return product


@pytest.fixture
def case(stamped: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stamped, tmp_path / "case"))


def trusted(authority: build.Authority) -> verify.Trust:
    return verify.Trust(keys=frozenset({build.KEYID}), tsa_root=authority.root)


_POINT = x509.IssuingDistributionPoint(
    full_name=[x509.UniformResourceIdentifier("http://crl.example/1")], relative_name=None,
    only_contains_user_certs=False, only_contains_ca_certs=False, only_some_reasons=None,
    indirect_crl=False, only_contains_attribute_certs=False,
)  # fmt: skip
_ISSUER = x509.CertificateIssuer(
    [x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "another")]))]
)
Lists = Callable[[build.Authority], bytes]
STATUS: tuple[tuple[str, Lists, str, str], ...] = (
    ("none", lambda a: b"", "unknown", "no revocation list"),
    ("garbage", lambda a: b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "unknown",
     "no revocation list"),
    ("current", lambda a: crl(a, "between"), "good", "not in the list of"),
    ("without end", lambda a: crl(a, "between", until=NOW + 9 * DAY), "good", "not in the list"),
    ("issued later", lambda a: crl(a, "between", issued=NOW + DAY, until=NOW + 2 * DAY), "good",
     "not in the list of"),
    ("out of date", lambda a: crl(a, "between", issued=NOW - 3 * DAY, until=NOW - DAY), "unknown",
     "does not reach"),
    ("issued when the certificate had expired", lambda a: crl(
        a, "between", issued=NOW + 4000 * DAY, until=NOW + 4001 * DAY), "unknown",
     "does not reach"),
    ("out of date, and a current one", lambda a: crl(
        a, "between", issued=NOW - 3 * DAY, until=NOW - DAY) + crl(a, "between"), "good", "not in"),
    ("signed by another key", lambda a: crl(a, "between", key="tsa"), "unknown", "no revocation"),
    ("of another issuer", lambda a: crl(a, "root"), "unknown", "no revocation list"),
    ("partial", lambda a: crl(a, "between", extra=_POINT), "unknown", "is partial"),
    ("indirect", lambda a: crl(a, "between", entries=[("tsa", NOW - DAY, None)],
                               entry_extra=_ISSUER), "unknown", "is partial"),
    ("another certificate revoked", lambda a: crl(
        a, "between", entries=[("root", NOW - DAY, None)]), "good", "not in the list"),
    ("superseded later", lambda a: crl(
        a, "between", issued=NOW + DAY, entries=[("tsa", NOW + DAY, Reason.superseded)]),
     "revoked later", "reason superseded"),
)  # fmt: skip
REVOKED: tuple[tuple[str, Lists, str], ...] = (
    ("superseded before", lambda a: crl(
        a, "between", entries=[("tsa", NOW - DAY, Reason.superseded)]), "reason superseded"),
    ("key compromised later", lambda a: crl(
        a, "between", entries=[("tsa", NOW + DAY, Reason.key_compromise)]), "keyCompromise"),
    ("no reason, later", lambda a: crl(
        a, "between", entries=[("tsa", NOW + DAY, None)]), "not given"),
    ("partial list", lambda a: crl(
        a, "between", entries=[("tsa", NOW - DAY, None)], extra=_POINT), "not given"),
    ("lists disagree", lambda a: crl(
        a, "between", entries=[("tsa", NOW + DAY, Reason.superseded)]) + crl(
        a, "between", entries=[("tsa", NOW + DAY, Reason.key_compromise)]), "keyCompromise"),
    ("intermediate", lambda a: crl(a, "between") + crl(
        a, "root", entries=[("between", NOW - DAY, Reason.ca_compromise)]), "cACompromise"),
)  # fmt: skip


@pytest.mark.parametrize(("lists", "status", "detail"), [c[1:] for c in STATUS],
                         ids=[c[0] for c in STATUS])  # fmt: skip
def test_status(
    case: Path, authority: build.Authority, lists: Lists, status: str, detail: str
) -> None:
    (case / "seals/0002/01.crls.pem").write_bytes(lists(authority))
    report = both(case, trusted(authority))
    assert report["exit"] == 0
    token = next(one for one in report["tokens"] if one["seal"] == 2)
    row = next(one for one in token["revocation"] if "Test TSA" in one["certificate"])
    assert (row["status"], detail in row["detail"]) == (status, True), row
    said = [note for note in report["notes"] if "seals/0002" in note and "Test TSA N" in note]
    assert bool(said) == (status != "good"), report["notes"]
    assert both(case, verify.Trust())["exit"] == 3


@pytest.mark.parametrize(("lists", "detail"), [c[1:] for c in REVOKED],
                         ids=[c[0] for c in REVOKED])  # fmt: skip
def test_revoked(case: Path, authority: build.Authority, lists: Lists, detail: str) -> None:
    (case / "seals/0002/01.crls.pem").write_bytes(lists(authority))
    report = both(case, trusted(authority))
    assert report["exit"] == 4
    (wrong,) = report["wrong"]
    assert (wrong["check"], detail in wrong["found"]) == ("token-revoked", True), wrong
    assert [one["seal"] for one in report["tokens"]] == [1]


def test_every_certificate_of_the_chain(case: Path, authority: build.Authority) -> None:
    lists = crl(authority, "between") + crl(authority, "root")
    (case / "seals/0001/01.crls.pem").write_bytes(lists)
    (token, _) = both(case, trusted(authority))["tokens"]
    assert [one["status"] for one in token["revocation"]] == ["good", "good"]


def test_namesake_of_the_issuer(case: Path, authority: build.Authority) -> None:
    """Whoever can write the folder can put a certificate of the issuer's name beside the token, and
    a list under it that clears or revokes everything: neither counts. Put first, it keeps openssl
    from finding the chain: then the token could not be checked."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _certificate(authority.folder, "between").subject
    namesake = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(7).not_valid_before(NOW - DAY).not_valid_after(NOW + 999 * DAY)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    folder = case / "seals/0002"
    beside = folder / "01.certs.pem"
    own = namesake.public_bytes(serialization.Encoding.PEM)
    true = beside.read_bytes()
    beside.write_bytes(true + own)
    lists = x509.CertificateRevocationListBuilder(
        issuer_name=name, last_update=NOW - DAY, next_update=NOW + DAY
    )
    revoked = x509.RevokedCertificateBuilder(
        _certificate(authority.folder, "tsa").serial_number, NOW - DAY
    ).build()
    for made in (lists, lists.add_revoked_certificate(revoked)):
        pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        (folder / "01.crls.pem").write_bytes(pem)
        report = both(case, trusted(authority))
        token = next(one for one in report["tokens"] if one["seal"] == 2)
        assert [one["status"] for one in token["revocation"]] == ["unknown", "unknown"]
        assert len(token["chain"]) == 3
    (folder / "01.crls.pem").write_bytes(crl(authority, "between"))
    token = next(t for t in both(case, trusted(authority))["tokens"] if t["seal"] == 2)
    assert [one["status"] for one in token["revocation"]] == ["good", "unknown"]
    beside.write_bytes(own + true)
    report = both(case, trusted(authority))
    assert [one["seal"] for one in report["tokens"]] == [1]
    assert "tsa-not-established" in {one["check"] for one in report["unchecked"]}


def test_chain_not_stored(case: Path, authority: build.Authority) -> None:
    """Only the reader's root: the signer's certificate is in the token, but not beside it."""
    for name in ("01.certs.pem",):
        (case / "seals/0002" / name).unlink()
    report = both(case, trusted(authority))
    token = next(one for one in report["tokens"] if one["seal"] == 2)
    assert [one["status"] for one in token["revocation"]] == ["unknown"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_any_bit_of_a_list(case: Path, authority: build.Authority, at: int, bit: int) -> None:
    """Both verifiers read a damaged list alike, and no bit makes a revoked certificate good."""
    response, path = case / "seals/0002/01.tsr", case / "seals/0002/01.crls.pem"
    path.write_bytes(crl(authority, "between", entries=[("tsa", NOW - DAY, None)]))
    tamper_acts.flip(path, at % path.stat().st_size, bit)
    stored = tsa_chain.certificates(case / "seals/0002/01.certs.pem")
    chain, seconds = tsa_chain.of(response.read_bytes(), stored), int(NOW.timestamp())
    judged = revocation.judge(chain, stored, path.read_bytes(), [], seconds)
    found = [one.as_data() for one in judged]
    assert standalone.REVOCATION.judge(response, [], seconds)[1] == found
    assert "good" not in {one["status"] for one in found}
