"""Makes a redacted rendition of an edition that is there; the edition stays as it is, in camera."""

import dataclasses
import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector import canonical, dsse, identity, manifest, store
from collector import case as case_file
from collector.errors import IntegrityError, UsageError
from collector.session import Session, writing
from reports import bates, bundle, final, inputs
from reports import edition_files as files
from reports import material as materials
from reports.material import Material
from reports.redaction import pseudonyms, rewrite
from reports.redaction.applied import Applied
from reports.redaction.profile import Profile


def make(
    case: Path, of: str, profile: Profile, *, out: Path | None, tell: Callable[[str], None],
    signer: Ed25519PrivateKey | None = None,
) -> bundle.Edition:  # fmt: skip
    """A rendition of the edition `of`, beside it, without numbers of its own.

    It holds no evidence: what was cut out of the exhibits is in there.

    Args:
        case: case folder.
        of: label of the edition.
        profile: what is redacted.
        out: folder, else beside the edition.
        tell: prints one line of progress.
        signer: unlocked tool key that signs the statement; None = it is not signed.

    Raises:
        UsageError: no such edition, or one that is a rendition itself.
        DerivedError, IntegrityError: the case is no longer what that edition was made of.
    """
    given = _original(case, of)
    tokens = pseudonyms.read(case)
    applied, redacted = _applied(case, given, profile, tokens, signer)
    folder = case / "exhibits"
    label = out.name if out else bundle.free_label(folder, f"{of}-redacted")
    told = _inputs(case, of, given, applied, label)
    return bundle.make(redacted, told, out or folder / label, tell, redaction=applied)


def numbered(
    case: Path, of: str, profile: Profile, *, tell: Callable[[str], None],
    with_load_files: bool = True, signer: Ed25519PrivateKey | None = None,
) -> bundle.Edition:  # fmt: skip
    """A rendition of a final edition, for production: under Bates numbers of its own.

    Its pages are other pages than those of its original, so it takes the next free numbers; what is
    left after the search for redacted values stops it loses them, as any interruption does.

    Raises:
        UsageError: `of` is no final edition, or this copy of the case may not reserve numbers.
        IntegrityError: the original is not the one that custody records.
    """
    with writing(case, "exhibits --redact --final") as session:
        bates.may_reserve(session.config.exhibits, identity.writer())
        for lost in bates.close(session):
            tell(f"reserved, not issued: {lost}")
        given = _original(case, of)
        _produced(session, case, of)
        tokens = pseudonyms.read(case)
        applied, redacted = _applied(case, given, profile, tokens, signer)
        label = bundle.free_label(case / "exhibits", f"{of}-redacted")
        start = bates.next_free(session.config.exhibits, session.entries)
        told = {
            **_inputs(case, of, given, applied, label),
            "bates_start": start, "load_files": with_load_files,
        }  # fmt: skip
        edition = bundle.make(
            redacted, told, case / "exhibits" / label, tell, partial(final.reserve, session, told),
            applied,
        )  # fmt: skip
        facts = {**final.facts(edition, told), "redacts": of}
        session.record("exhibits.final", why=f"redacted rendition {label}", data=facts)
    return edition


def _original(case: Path, of: str) -> dict[str, Any]:
    """Inputs of the edition that is redacted."""
    original = case / "exhibits" / of
    if not (original / inputs.NAME).is_file():
        there = sorted(path.name for path in original.parent.glob("*/") if path.is_dir())
        raise UsageError(f"--of {of}: expected an edition, found {', '.join(there) or 'none'}.")
    given = inputs.read(original / inputs.NAME, case)
    if given.get("redaction"):
        raise UsageError(f"--of {of}: expected an edition, found a rendition: redact its original.")
    return given


def _produced(session: Session, case: Path, of: str) -> None:
    """Whether custody records that very edition as final."""
    digest = files.sha256(case / "exhibits" / of / manifest.NAME)
    finals = [
        one for one in session.entries
        if one.action == "exhibits.final" and one.data.get("label") == of
    ]  # fmt: skip
    if not finals:
        raise UsageError(
            f"--of {of}: expected a final edition with --final, found a draft. Leave --final out, "
            "or name a final edition."
        )
    if finals[-1].data["manifest"] != digest:
        raise IntegrityError(
            f"{case / 'exhibits' / of / manifest.NAME}: expected SHA-256 "
            f"{finals[-1].data['manifest']}, as custody records, found {digest}."
        )


def _inputs(
    case: Path, of: str, given: dict[str, Any], applied: Applied, label: str
) -> dict[str, Any]:
    original = case / "exhibits" / of
    signer = applied.signer
    return {
        **given,
        "bates_start": None, "evidence": False, "label": label, "load_files": False,
        "resources": [applied.rewrite(one) for one in given["resources"]], "supplements": None,
        "redaction": {
            "of": {
                "inputs": files.sha256(original / inputs.NAME), "label": of,
                "manifest": files.sha256(original / manifest.NAME),
            },
            "profile": _digest(applied.profile, applied.pseudonyms),
            "signed_by": dsse.keyid(signer.public_key()) if signer else None,
        },
    }  # fmt: skip


def again(
    case: Path, given: dict[str, Any], profile: Profile, target: Path,
    tell: Callable[[str], None], *, signer: Ed25519PrivateKey | None = None,
) -> bundle.Edition:  # fmt: skip
    """The same rendition from its inputs, its profile, and the map of the case.

    Raises:
        UsageError: another profile, another map, or another key.
    """
    tokens = pseudonyms.read(case)
    if _digest(profile, tokens) != given["redaction"]["profile"]:
        raise UsageError(
            "--redact: expected the profile of that rendition and the map of tokens of its case, "
            "found another of the two."
        )
    signed_by = given["redaction"].get("signed_by")
    if signed_by != (dsse.keyid(signer.public_key()) if signer else None):
        raise UsageError(
            f"--key: expected {signed_by or 'none'}, as that rendition was signed, found another."
        )
    applied, redacted = _applied(case, given, profile, tokens, signer)
    reserve = final.again(case, given) if given["bates_start"] is not None else None
    return bundle.make(redacted, given, target, tell, reserve, applied)


def _applied(
    case: Path, given: dict[str, Any], profile: Profile, tokens: pseudonyms.Pseudonyms,
    signer: Ed25519PrivateKey | None,
) -> tuple[Applied, Material]:  # fmt: skip
    loaded = materials.load(case, case_file.load(case), store.items(case))
    loaded = materials.recorded(loaded, given["custody"]["entries"])
    change = rewrite.rewriter(rewrite.literals(loaded, profile), profile, tokens)
    applied = Applied(profile=profile, pseudonyms=tokens, rewrite=change, signer=signer)
    return applied, rewrite.through(loaded, change, leave=("case",))


def _digest(profile: Profile, tokens: pseudonyms.Pseudonyms) -> str:
    """Of the profile, under the map's random bytes: a profile may hold names."""
    plain = hashlib.sha256(canonical.encode(dataclasses.asdict(profile))).hexdigest()
    return tokens.keyed(plain)
