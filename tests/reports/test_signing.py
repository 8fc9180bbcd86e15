"""A person's signature is added after the end of the file, and judged by pyHanko itself."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typst
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from butfor import main
from reports import edition_files, signing
from reports.cli_sign import sign

WORDS = "of the test"


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PKCS#12 file, and its certificate beside it; not for production."""
    folder = tmp_path_factory.mktemp("person")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A. Examiner NOT FOR PRODUCTION")])
    start = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(7)
        .not_valid_before(start).not_valid_after(start + timedelta(days=9))
        .add_extension(x509.KeyUsage(
            digital_signature=True, content_commitment=True, key_encipherment=False,
            data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
            encipher_only=False, decipher_only=False), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    lock = serialization.BestAvailableEncryption(WORDS.encode())
    (folder / "me.p12").write_bytes(
        serialization.pkcs12.serialize_key_and_certificates(b"me", key, certificate, None, lock)
    )
    (folder / "me.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return folder


@pytest.fixture
def edition(tmp_path: Path) -> Path:
    made = tmp_path / "final-001"
    made.mkdir()
    (made / "inputs.json").write_bytes(b"{}\n")
    (tmp_path / "a.typ").write_text("= Exhibit 1\ntext")
    typst.compile(tmp_path / "a.typ", output=made / "exhibit-1.pdf", pdf_standards=["a-3a"])
    edition_files.write_manifest(made)
    return made


def _signed_prefix(edition: Path) -> list[str]:
    run = CliRunner().invoke(main, ["verify", str(edition), "--json"])
    found = json.loads(run.output)["wrong"]
    return [one["path"] for one in found if one["check"] in ("signed-prefix", "file-extra")]


def test_the_original_is_the_beginning_of_the_signed_copy(person: Path, edition: Path) -> None:
    before = (edition / "exhibit-1.pdf").read_bytes()
    run = CliRunner().invoke(
        sign, [str(edition), "--with", str(person / "me.p12"), "--reason", "mine"],
        env={"BUTFOR_PKCS12_PASSPHRASE": WORDS},
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    assert "A. Examiner" in run.output
    copy = edition / "exhibit-1.signed.pdf"
    assert (edition / "exhibit-1.pdf").read_bytes() == before
    assert copy.read_bytes().startswith(before)
    assert signing.begins_with_original(copy)
    root = load_cert_from_pemder(str(person / "me.pem"))  # type: ignore[no-untyped-call]
    context = ValidationContext(trust_roots=[root])
    with copy.open("rb") as stream:
        status = validate_pdf_signature(PdfFileReader(stream).embedded_signatures[0], context)
    assert status.bottom_line, status.summary()


def test_another_original_is_noticed(person: Path, edition: Path) -> None:
    made = signing.sign(edition, (), person / "me.p12", WORDS, reason=None, tsa=None)
    original = edition / "exhibit-1.pdf"
    original.write_bytes(original.read_bytes()[:-9] + b"123456789")
    assert not signing.begins_with_original(made[0].path)
    assert _signed_prefix(edition) == ["exhibit-1.signed.pdf"]
    original.unlink()
    assert not signing.begins_with_original(made[0].path)


@pytest.mark.parametrize(
    ("arguments", "words", "said"),
    [
        (["--pdf", "exhibit-9.pdf"], WORDS, "exhibit-1.pdf"),
        ([], "another", "passphrase"),
    ],
)
def test_what_cannot_be_signed(
    person: Path, edition: Path, arguments: list[str], words: str, said: str
) -> None:
    run = CliRunner().invoke(
        sign, [str(edition), "--with", str(person / "me.p12"), *arguments],
        env={"BUTFOR_PKCS12_PASSPHRASE": words},
    )  # fmt: skip
    assert run.exit_code == 2
    assert said in run.output
    assert not list(edition.glob("*.signed.pdf"))


def test_a_signed_copy_is_never_overwritten(person: Path, edition: Path) -> None:
    for code in (0, 2):
        run = CliRunner().invoke(
            sign, [str(edition), "--with", str(person / "me.p12")],
            env={"BUTFOR_PKCS12_PASSPHRASE": WORDS},
        )  # fmt: skip
        assert run.exit_code == code, run.output
