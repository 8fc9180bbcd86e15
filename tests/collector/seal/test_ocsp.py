"""Answers of OCSP responders: asked for over a socket, stored, judged offline by both verifiers.

The responder is `openssl ocsp` with an index of its own behind a small server; answers that it
would not give (other signers, other times) are made with `cryptography`.
"""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ReasonFlags as Reason
from cryptography.x509 import ocsp as answers
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector import custody, ocsp, revocation, tsa_chain, verify
from tests.collector.seal import build, standalone, tamper_acts
from tests.collector.seal.test_revocation import both, crl, trusted
from tests.collector.seal.test_sealing import butfor, report, sealed

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
Status = answers.OCSPCertStatus


class Responder:
    """`openssl ocsp` over HTTP on loopback; `entry` is the line of its index about the TSA."""

    def __init__(self) -> None:
        self.authority: build.Authority | None = None
        self.entry, self.asked, self.url = "good", 0, ""

    def answer(self, request: bytes) -> bytes:
        assert self.authority is not None
        self.asked += 1
        return self.authority.status(request, self.entry)


@pytest.fixture(scope="module")
def responder() -> Iterator[Responder]:
    """A responder whose address stands in the certificate of a TSA, over HTTP both."""
    if not build.have_openssl():
        pytest.skip("openssl is not installed: no tokens can be made")
    served, lock = Responder(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body, kind = self.rfile.read(int(self.headers["Content-Length"])), "ocsp-response"
            with lock:
                if self.path == "/tsa":
                    assert served.authority is not None
                    kind, query = "timestamp-reply", served.authority.folder / "asked.tsq"
                    query.write_bytes(body)
                    said = served.authority.answer(query)
                elif served.entry == "refused":
                    said = answers.OCSPResponseBuilder.build_unsuccessful(
                        answers.OCSPResponseStatus.TRY_LATER
                    ).public_bytes(DER)
                else:
                    said = served.answer(body)
            self.send_response(503 if served.entry == "down" and kind != "timestamp-reply" else 200)
            self.send_header("Content-Type", f"application/{kind}")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield served
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory, responder: Responder) -> build.Authority:
    responder.authority = build.Authority(
        tmp_path_factory.mktemp("tsa") / "tsa", between=True, responder=responder.url + "/ocsp"
    )
    return responder.authority


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory, authority: build.Authority) -> Path:
    """Two tokens; what lies beside the second is for the tests to say."""
    case = build.sealed_case(tmp_path_factory.mktemp("stamped") / "case", authority)
    build.rewrite_chain(case, _without_the_newest_answer(case))
    return case


def _without_the_newest_answer(case: Path) -> list[dict[str, Any]]:
    (case / "seals/0002/01.1.ocsp").unlink()
    rows = tamper_acts.entries(case)
    del rows[-1]["data"]["files"]["01.1.ocsp"]
    return rows


@pytest.fixture
def held(stamped: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stamped, tmp_path / "held"))


def key(authority: build.Authority, name: str) -> ec.EllipticCurvePrivateKey:
    body = (authority.folder / f"{name}.key").read_bytes()
    made = serialization.load_pem_private_key(body, None)
    assert isinstance(made, ec.EllipticCurvePrivateKey)
    return made


def made(
    authority: build.Authority,
    *,
    about: str = "tsa",
    issuer: str = "between",
    status: answers.OCSPCertStatus = Status.GOOD,
    issued: datetime = NOW - DAY,
    until: datetime | None = NOW + DAY,
    revoked: datetime | None = None,
    reason: Reason | None = None,
    signer: str = "responder",
    carry: tuple[x509.Certificate, ...] | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
    by_name: bool = False,
    critical: bool = False,
    signing_key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """One answer, in DER."""
    named = (carry or (authority.certificate(signer),))[0]
    how = answers.OCSPResponderEncoding
    builder = answers.OCSPResponseBuilder().add_response(
        authority.certificate(about), authority.certificate(issuer), algorithm or hashes.SHA1(),
        status, issued, until, revoked, reason,
    ).responder_id(how.NAME if by_name else how.HASH, named)  # fmt: skip
    if carry is None and signer == "responder":
        carry = (named,)
    if carry:
        builder = builder.certificates(list(carry))
    if critical:
        builder = builder.add_extension(x509.OCSPNonce(b"12345678"), critical=True)
    made = builder.sign(signing_key or key(authority, signer), hashes.SHA256())
    return made.public_bytes(DER)


def delegate(
    authority: build.Authority, *, purpose: bool, nocheck: bool
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Another certificate of the issuer, for answers or not."""
    own = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "another")]))
        .issuer_name(authority.certificate("between").subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 9 * DAY)
        .not_valid_after(NOW + 9 * DAY)
    )
    if purpose:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        builder = builder.add_extension(usage, critical=False)
    if nocheck:
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    return builder.sign(key(authority, "between"), hashes.SHA256()), own


def by_another(authority: build.Authority, *, purpose: bool, nocheck: bool, **more: Any) -> bytes:
    signer, own = delegate(authority, purpose=purpose, nocheck=nocheck)
    return made(authority, carry=(signer,), signing_key=own, **more)


def two_of_a_name(authority: build.Authority) -> bytes:
    """The true signer may be revoked; one that is not is carried beside it under its name."""
    signer, own = delegate(authority, purpose=True, nocheck=False)
    other, _ = delegate(authority, purpose=True, nocheck=True)
    return made(authority, carry=(signer, other), signing_key=own, by_name=True)


Made = Callable[[build.Authority], bytes]
STATUS: tuple[tuple[str, Made, str, str], ...] = (
    ("garbage", lambda a: b"\x30\x80", "unknown", "no answer"),
    ("empty", lambda a: b"", "unknown", "no answer"),
    ("good", made, "good", "good in the answer of"),
    ("good, hashed with SHA-256", lambda a: made(a, algorithm=hashes.SHA256()), "good", "good in"),
    ("good, responder by name", lambda a: made(a, by_name=True), "good", "good in"),
    ("good, by the issuer", lambda a: made(a, signer="between"), "good", "good in"),
    ("good, issuer by name", lambda a: made(a, signer="between", by_name=True), "good", "good in"),
    ("asked later", lambda a: made(a, issued=NOW + DAY, until=NOW + 2 * DAY), "good", "good in"),
    ("without end, later", lambda a: made(a, issued=NOW + DAY, until=None), "good", "good in"),
    ("without end, before", lambda a: made(a, until=None), "unknown", "does not reach"),
    ("out of date", lambda a: made(a, issued=NOW - 3 * DAY, until=NOW - DAY), "unknown",
     "does not reach"),
    ("when the certificate had expired", lambda a: made(
        a, issued=NOW + 4000 * DAY, until=NOW + 4001 * DAY), "unknown", "does not reach"),
    ("unknown to the responder", lambda a: made(a, status=Status.UNKNOWN), "unknown",
     "does not know it"),
    ("of another certificate", lambda a: made(a, about="responder"), "unknown", "no answer"),
    ("of another issuer", lambda a: made(a, issuer="root", signer="root"), "unknown", "no answer"),
    ("by the authority itself", lambda a: made(a, signer="tsa"), "unknown", "no answer"),
    ("signature altered", lambda a: made(
        a, signer="between")[:-3] + b"\0\0\0", "unknown", "no answer"),
    ("by the root, which is not its issuer", lambda a: made(a, signer="root"), "unknown",
     "no answer"),
    ("by a certificate for another purpose", lambda a: by_another(
        a, purpose=False, nocheck=True), "unknown", "no answer"),
    ("by a responder that may be revoked", lambda a: by_another(
        a, purpose=True, nocheck=False), "unknown", "may itself be revoked"),
    ("by one of two under a name", two_of_a_name, "unknown", "may itself be revoked"),
    ("with a critical extension", lambda a: made(a, critical=True), "unknown", "is partial"),
    ("superseded later", lambda a: made(
        a, status=Status.REVOKED, revoked=NOW + DAY, reason=Reason.superseded), "revoked later",
     "reason superseded (responder's answer)"),
)  # fmt: skip
REVOKED: tuple[tuple[str, Made, str], ...] = (
    ("superseded before", lambda a: made(
        a, status=Status.REVOKED, revoked=NOW - DAY, reason=Reason.superseded), "superseded"),
    ("key compromised later", lambda a: made(
        a, status=Status.REVOKED, revoked=NOW + DAY, reason=Reason.key_compromise),
     "keyCompromise"),
    ("no reason, later", lambda a: made(
        a, status=Status.REVOKED, revoked=NOW + DAY), "not given"),
    ("out of date", lambda a: made(
        a, status=Status.REVOKED, revoked=NOW - 9 * DAY, issued=NOW - 3 * DAY, until=NOW - DAY),
     "not given"),
    ("by a responder that may be revoked", lambda a: by_another(
        a, purpose=True, nocheck=False, status=Status.REVOKED, revoked=NOW - DAY), "not given"),
)  # fmt: skip


@pytest.mark.parametrize(("answer", "status", "detail"), [c[1:] for c in STATUS],
                         ids=[c[0] for c in STATUS])  # fmt: skip
def test_status(
    held: Path, authority: build.Authority, answer: Made, status: str, detail: str
) -> None:
    (held / "seals/0002/01.1.ocsp").write_bytes(answer(authority))
    found = both(held, trusted(authority))
    assert found["exit"] == 0
    token = next(one for one in found["tokens"] if one["seal"] == 2)
    row = next(one for one in token["revocation"] if "Test TSA" in one["certificate"])
    assert (row["status"], detail in row["detail"]) == (status, True), row


@pytest.mark.parametrize(("answer", "detail"), [c[1:] for c in REVOKED],
                         ids=[c[0] for c in REVOKED])  # fmt: skip
def test_revoked(held: Path, authority: build.Authority, answer: Made, detail: str) -> None:
    """Nothing that says "good" beside it outweighs it: neither a list nor another answer."""
    (held / "seals/0002/01.1.ocsp").write_bytes(made(authority))
    (held / "seals/0002/01.2.ocsp").write_bytes(answer(authority))
    (held / "seals/0002/01.crls.pem").write_bytes(crl(authority, "between"))
    found = both(held, trusted(authority))
    assert found["exit"] == 4
    (wrong,) = found["wrong"]
    assert (wrong["check"], detail in wrong["found"]) == ("token-revoked", True), wrong
    assert [one["seal"] for one in found["tokens"]] == [1]


def test_list_and_answer(held: Path, authority: build.Authority) -> None:
    """Either may say "good" where the other says nothing; a list may revoke what is called good."""
    place = held / "seals/0002"
    (place / "01.1.ocsp").write_bytes(made(authority))
    (place / "01.crls.pem").write_bytes(crl(authority, "root"))
    token = next(one for one in both(held, trusted(authority))["tokens"] if one["seal"] == 2)
    assert [one["status"] for one in token["revocation"]] == ["good", "good"]
    revoked = crl(authority, "between", entries=[("tsa", NOW - DAY, None)])
    (place / "01.crls.pem").write_bytes(revoked)
    assert both(held, trusted(authority))["exit"] == 4


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_any_bit_of_an_answer(held: Path, authority: build.Authority, at: int, bit: int) -> None:
    """Both verifiers read a damaged answer alike, and no bit makes a revoked certificate good."""
    response, path = held / "seals/0002/01.tsr", held / "seals/0002/01.1.ocsp"
    path.write_bytes(made(authority, status=Status.REVOKED, revoked=NOW - DAY))
    tamper_acts.flip(path, at % path.stat().st_size, bit)
    stored = tsa_chain.certificates(held / "seals/0002/01.certs.pem")
    chain, seconds = tsa_chain.of(response.read_bytes(), stored), int(NOW.timestamp())
    judged = revocation.judge(chain, stored, b"", [path.read_bytes()], seconds)
    found = [one.as_data() for one in judged]
    assert standalone.REVOCATION.judge(response, [], seconds)[1] == found
    assert "good" not in {one["status"] for one in found}


@given(raw=st.binary(max_size=80))
def test_any_bytes(raw: bytes) -> None:
    """What is no answer is None, whatever it is."""
    assert ocsp.parse(raw) is None
    assert ocsp.parse(b"\x30\x12\x0a\x01\x00\xa0\x0d" + raw) is None


@pytest.mark.parametrize(
    ("entry", "code", "status"), [("good", 0, "good"), ("unknown", 0, "unknown")]
)
def test_asked(
    case: Path, responder: Responder, authority: build.Authority, entry: str, code: int, status: str
) -> None:
    """Asked over a socket when the token is made, kept under custody, judged without a network."""
    responder.entry, before = entry, responder.asked
    keyid = sealed(case, "--tsa", responder.url + "/tsa", "--ask-ocsp")
    assert responder.asked == before + 1
    assert (case / "seals/0001/01.1.ocsp").read_bytes()[:1] == b"\x30"
    assert "01.1.ocsp" in custody.read(case)[-1].data["files"]
    trust = ("--key", keyid, "--tsa-root", str(authority.root))
    found = report(case, *trust)
    assert found["exit"] == code
    assert standalone.command(str(case), *trust) == (code, found)
    tokens = found["tokens"]
    assert isinstance(tokens, list)
    assert tokens[0]["revocation"][0]["status"] == status
    assert len(tokens[0]["chain"]) == 3
    assert responder.asked == before + 1, "verifying asks nobody"
    said = butfor("verify", case, *trust).output
    assert "qualified unknown" in said
    assert "sha256" in said


def test_not_asked_unless_told(
    case: Path, responder: Responder, authority: build.Authority
) -> None:
    responder.entry, before = "good", responder.asked
    sealed(case, "--tsa", responder.url + "/tsa")
    assert responder.asked == before
    assert list((case / "seals/0001").glob("*.ocsp")) == []


def test_asked_without_a_token(case: Path) -> None:
    done = butfor("seal", "--case", case, "--ask-ocsp")
    assert (done.exit_code, "expected --tsa or --tsr" in done.output) == (2, True)
    assert not (case / "seals").exists()


def test_revoked_when_asked(case: Path, responder: Responder, authority: build.Authority) -> None:
    responder.entry = "revoked"
    keyid = sealed(case, "--tsa", responder.url + "/tsa", "--ask-ocsp")
    found = report(case, "--key", keyid, "--tsa-root", authority.root)
    assert found["exit"] == 4
    assert "keyCompromise" in str(found["wrong"])


@pytest.mark.parametrize("entry", ["refused", "down"])
def test_no_answer(
    case: Path, responder: Responder, authority: build.Authority, entry: str
) -> None:
    """The token stands and is kept; exit 3 says that revocation was not answered."""
    responder.entry = entry
    butfor("key", "new")
    done = butfor("seal", "--case", case, "--tsa", responder.url + "/tsa", "--ask-ocsp")
    assert done.exit_code == 3
    assert "revocation not asked" in done.output
    assert (case / "seals/0001/01.tsr").is_file()
    assert list((case / "seals/0001").glob("*.ocsp")) == []


def test_carried(
    case: Path, responder: Responder, authority: build.Authority, tmp_path: Path
) -> None:
    """An answer that was carried to a machine without network, and one that is none."""
    carried = tmp_path / "answer"
    carried.write_bytes(made(authority))
    sealed(case, "--tsq")
    answer = tmp_path / "answer.tsr"
    answer.write_bytes(authority.answer(case / "seals/0001/01.tsq"))
    (tmp_path / "none").write_bytes(b"none")
    words = ("seal", "--case", case, "--tsr", answer, "--tsa-ocsp")
    refused = butfor(*words, tmp_path / "none")
    assert refused.exit_code == 2
    assert "expected a successful OCSP answer" in refused.output
    done = butfor(*words, carried)
    assert done.exit_code == 0, done.output
    assert (case / "seals/0001/01.1.ocsp").read_bytes() == carried.read_bytes()


def test_produced_and_by_hand(
    case: Path, responder: Responder, authority: build.Authority, tmp_path: Path
) -> None:
    """A production carries the answer, and the command of its README accepts it."""
    responder.entry = "good"
    keyid = sealed(case, "--tsa", responder.url + "/tsa", "--ask-ocsp")
    out = tmp_path / "production"
    done = butfor("produce", "--case", case, "--items", "EV-1.f1", "--out", out)
    assert done.exit_code == 0, done.output
    trust = verify.Trust(keys=frozenset({keyid}), tsa_root=authority.root)
    found = verify.run(out, trust).as_data()
    assert found["exit"] == 0
    assert found["tokens"][0]["revocation"][0]["status"] == "good"
    assert standalone.run(out, trust) == found
    words = (out / "README.txt").read_text().split("openssl ocsp ")[1].split("\n\n")[0]
    words = words.replace("\\\n", " ").replace("ROOT.pem", str(authority.root))
    words = words.replace("-attime G", f"-attime {int(datetime.now(UTC).timestamp())}")
    by_hand = subprocess.run(
        ["openssl", "ocsp", *words.split()], cwd=out / "seals/0001", capture_output=True,
        check=True, timeout=60,
    )  # fmt: skip
    assert b"Response verify OK" in by_hand.stderr + by_hand.stdout
    assert b"Cert Status: good" in by_hand.stdout
