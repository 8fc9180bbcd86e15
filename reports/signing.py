"""PAdES copies of an edition's PDFs, signed with a person's own key (evidence.md, "Redaction and
signatures"). The tool signs for nobody: whoever holds the key runs the command.

A signature is added after the end of the file (ISO 32000-2, 12.8; ETSI EN 319 142-1), so the bytes
of the edition are the beginning of the signed copy, and what was sealed stays what was signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collector import durable
from collector.errors import IncompleteError, IntegrityError, UsageError
from collector.verify.files import SIGNED

FIELD = "Signature1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """One signed copy, its signer as the certificate names him."""

    path: Path
    original: Path
    signer: str


def sign(
    edition: Path, names: Sequence[str], pkcs12: Path, passphrase: str, *, reason: str | None,
    tsa: str | None,
) -> tuple[Signed, ...]:  # fmt: skip
    """Signs PDFs of an edition into copies beside them; the edition itself is not touched.

    Args:
        edition: folder of the edition.
        names: of its PDFs; none = all.
        pkcs12: file with the person's key, certificate and chain.
        passphrase: of that file.
        reason: written into the signature, as the person gives it.
        tsa: URL of a timestamp authority for a timestamp inside the signature, None for none.

    Raises:
        UsageError: no such PDF, one signed already, or a key file that does not open.
        IncompleteError: pyHanko is not installed, or the timestamp authority gave no token.
    """
    originals = _originals(edition, names)
    there = [path for path in originals if copy_of(path).exists()]
    if there:
        raise UsageError(
            f"{copy_of(there[0])}: expected no signed copy yet, found one. Signed copies are never "
            "overwritten; move it away to sign again."
        )
    return tuple(_sign(path, pkcs12, passphrase, reason, tsa) for path in originals)


def copy_of(original: Path) -> Path:
    """Where the signed copy of a PDF lies."""
    return original.parent / f"{original.stem}{SIGNED}"


def original_of(copy: Path) -> Path:
    """The PDF that a signed copy was made of."""
    return copy.parent / f"{copy.name.removesuffix(SIGNED)}.pdf"


def begins_with_original(copy: Path) -> bool:
    """Whether the bytes of the original are the beginning of its signed copy."""
    original = original_of(copy)
    if not original.is_file() or original.stat().st_size >= copy.stat().st_size:
        return False
    with original.open("rb") as first, copy.open("rb") as second:
        while block := first.read(1 << 20):
            if second.read(len(block)) != block:
                return False
    return True


def _originals(edition: Path, names: Sequence[str]) -> list[Path]:
    found = sorted(edition.glob("*.pdf"))
    known = {path.name: path for path in found if not path.name.endswith(SIGNED)}
    missing = [name for name in names if name not in known]
    if missing or not known:
        raise UsageError(
            f"{edition}: expected {missing[0] if missing else 'PDFs'}, found "
            f"{', '.join(known) or 'none'}."
        )
    return [known[name] for name in names] if names else list(known.values())


def _sign(path: Path, pkcs12: Path, passphrase: str, reason: str | None, tsa: str | None) -> Signed:
    try:
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import fields, signers, timestamps
    except ImportError as error:
        raise IncompleteError(
            "expected pyHanko for signatures, found none: install the extra `sign`."
        ) from error
    signer = signers.SimpleSigner.load_pkcs12(  # type: ignore[no-untyped-call]
        str(pkcs12), passphrase=passphrase.encode()
    )
    if signer is None or signer.signing_cert is None:
        raise UsageError(
            f"{pkcs12}: expected a PKCS#12 file with a key and its certificate that opens with the "
            "passphrase given, found other content or another passphrase."
        )
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD, md_algorithm="sha256", reason=reason,
        subfilter=fields.SigSeedSubFilter.PADES,
    )  # fmt: skip
    stamper = timestamps.HTTPTimeStamper(tsa) if tsa else None
    with path.open("rb") as stream:
        writer = IncrementalPdfFileWriter(stream)
        try:
            made = signers.PdfSigner(meta, signer=signer, timestamper=stamper).sign_pdf(writer)
        except timestamps.TimestampRequestError as error:
            raise IncompleteError(f"--tsa {tsa}: expected a token, found: {error}") from error
    target = copy_of(path)
    durable.write_once(target, made.getvalue())
    if not begins_with_original(target):
        raise IntegrityError(
            f"{target}: expected the bytes of {path.name} at its beginning, found others."
        )
    return Signed(path=target, original=path, signer=signer.signing_cert.subject.human_friendly)
