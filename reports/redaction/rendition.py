"""Makes a redacted rendition of an edition that is there; the edition stays as it is, in camera."""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from collector import canonical, manifest, store
from collector import case as case_file
from collector.errors import UsageError
from reports import bundle, inputs
from reports import edition_files as files
from reports import material as materials
from reports.material import Material
from reports.redaction import pseudonyms, rewrite
from reports.redaction.applied import Applied
from reports.redaction.profile import Profile


def make(
    case: Path, of: str, profile: Profile, *, out: Path | None, tell: Callable[[str], None]
) -> bundle.Edition:
    """A rendition of the edition `of`, beside it.

    It bears no Bates numbers and no load files, and holds no evidence: what was cut out of the
    exhibits is in there. Whoever produces it under numbers of its own stamps it downstream.

    Raises:
        UsageError: no such edition, or one that is a rendition itself.
        DerivedError, IntegrityError: the case is no longer what that edition was made of.
    """
    original = case / "exhibits" / of
    if not (original / inputs.NAME).is_file():
        there = sorted(path.name for path in original.parent.glob("*/") if path.is_dir())
        raise UsageError(f"--of {of}: expected an edition, found {', '.join(there) or 'none'}.")
    given = inputs.read(original / inputs.NAME, case)
    if given.get("redaction"):
        raise UsageError(f"--of {of}: expected an edition, found a rendition: redact its original.")
    tokens = pseudonyms.read(case)
    applied, redacted = _applied(case, given, profile, tokens)
    label = out.name if out else bundle.free_label(original.parent, f"{of}-redacted")
    told = {
        **given,
        "bates_start": None, "evidence": False, "label": label, "load_files": False,
        "resources": [applied.rewrite(one) for one in given["resources"]], "supplements": None,
        "redaction": {
            "of": {
                "inputs": files.sha256(original / inputs.NAME), "label": of,
                "manifest": files.sha256(original / manifest.NAME),
            },
            "profile": _digest(profile, tokens),
        },
    }  # fmt: skip
    target = out or original.parent / label
    return bundle.make(redacted, told, target, tell, redaction=applied)


def again(
    case: Path, given: dict[str, Any], profile: Profile, target: Path, tell: Callable[[str], None]
) -> bundle.Edition:
    """The same rendition from its inputs, its profile, and the map of the case.

    Raises:
        UsageError: another profile, or another map.
    """
    tokens = pseudonyms.read(case)
    if _digest(profile, tokens) != given["redaction"]["profile"]:
        raise UsageError(
            "--redact: expected the profile of that rendition and the map of tokens of its case, "
            "found another of the two."
        )
    applied, redacted = _applied(case, given, profile, tokens)
    return bundle.make(redacted, given, target, tell, redaction=applied)


def _applied(
    case: Path, given: dict[str, Any], profile: Profile, tokens: pseudonyms.Pseudonyms
) -> tuple[Applied, Material]:
    loaded = materials.load(case, case_file.load(case), store.items(case))
    loaded = materials.recorded(loaded, given["custody"]["entries"])
    change = rewrite.rewriter(rewrite.literals(loaded, profile), profile, tokens)
    applied = Applied(profile=profile, pseudonyms=tokens, rewrite=change)
    return applied, rewrite.through(loaded, change, leave=("case",))


def _digest(profile: Profile, tokens: pseudonyms.Pseudonyms) -> str:
    """Of the profile, under the map's random bytes: a profile may hold names."""
    plain = hashlib.sha256(canonical.encode(dataclasses.asdict(profile))).hexdigest()
    return tokens.keyed(plain)
