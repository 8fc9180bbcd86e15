"""Verify a case, a bag, a production or an exhibit bundle. Reads only; never writes.

The procedure, numbered as in the stand-alone `verify.py`, which shares no code with this package
and must come to the same discrepancies (a test holds both against every mutation of the tamper
matrix):

  1  chain       custody.jsonl: form, numbers, `prev`; case.toml as last recorded
  2  files       acquisitions against custody: recorded, closed, manifest as stated
  3  files       files against manifests
  4  seals       keys: fingerprint, signature of the previous key
  5  seals       seals against custody, against each other, against other copies (fork)
  6  tokens      timestamps, and what they anchor
  7  provider    CloudTrail digest chains
  8  production  inclusion proofs; bag: BagIt manifests

Invariants: every discrepancy is collected and none stops the run; "wrong" and "could not be
checked" are never mixed; what nobody foresaw is "could not be checked", never "verified".
"""

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Any

from collector.errors import ButforError, CaseError
from collector.verify import bag, chain, config, files, holdings, production, seals, tokens
from collector.verify.report import Discrepancy, Report, Trust, Verdict, unchecked, wrong

#: Provider -> module whose `judge` checks the provider's own log integrity. Providers that are not
#: here offer no such chain: the check rests on the hash at acquisition and on custody.
PROVIDERS = {"aws": "collector.aws.digest_chain"}

__all__ = [
    "Discrepancy",
    "Report",
    "Trust",
    "Verdict",
    "run",
    "run_safely",
    "unchecked",
    "wrong",
]


def run_safely(path: Path, trust: Trust | None = None) -> Report:
    """`run`, with any exception that nobody foresaw turned into "could not be checked".

    Raises:
        ButforError: what was foreseen (not a case, a bag or a bundle).
    """
    try:
        return run(path, trust)
    except ButforError:
        raise
    except Exception as error:
        found = unchecked("unexpected", str(path), "a check that ends", repr(error))
        return Report(discrepancies=(found,), notes=(), parts={})


def run(path: Path, trust: Trust | None = None) -> Report:
    """Verify what lies at `path`.

    Args:
        path: a case folder, a bag, or a folder with its own manifest.jsonl.
        trust: keys and roots of the reader; none by default.

    Raises:
        CaseError: none of the three.
    """
    trust = trust or Trust()
    if (path / "bagit.txt").is_file():
        found, parts, notes = _case(path / "data", "data/", trust)
        return _report([*bag.check(path), *found], {"kind": "bag", **parts}, notes)
    if (path / "custody.jsonl").exists() or (path / "case.toml").exists():
        found, parts, notes = _case(path, "", trust)
        return _report(found, {"kind": "case", **parts}, notes)
    if (path / "manifest.jsonl").is_file():
        found, parts, notes = production.check(path, trust)
        return _report(found, {"kind": "production", **parts}, notes)
    raise CaseError(
        f"{path}: expected a case (custody.jsonl), a bag (bagit.txt) or a bundle (manifest.jsonl), "
        "found none of them."
    )


def _report(found: list[Discrepancy], parts: dict[str, Any], notes: list[str]) -> Report:
    ordered = sorted(found, key=lambda one: (one.path, one.check, one.expected, one.found))
    return Report(discrepancies=tuple(ordered), notes=tuple(notes), parts=parts)


def _case(root: Path, at: str, trust: Trust) -> tuple[list[Discrepancy], dict[str, Any], list[str]]:
    custody, found = chain.check(root, at)
    found += config.check(root, custody, at)
    acquired, more = files.acquisitions(custody, at)
    found += [*more, *files.check(root, acquired, at, sha512=trust.sha512)]
    keys, more = seals.keys_of(custody, at, trust)
    found += more
    sealed, more = seals.load(root, at)
    numbered = list(seals.check(sealed, custody, keys, at))
    unreadable = {one.path for one in more}
    found += more
    found += [
        one for _, one in numbered if one.path not in unreadable or one.check != "seal-missing"
    ]
    found += seals.check_copies(root, custody, at, trust)
    known = tokens.recorded(custody)
    found += tokens.check_recorded(root, known, at)
    anchors, more = tokens.check(root, sealed, known, at, trust)
    found += more
    provider, more, notes = _providers(holdings.of(root, acquired, at))
    found += more
    broken = {number for number, one in numbered if one.verdict is Verdict.WRONG}
    good = [one for one in anchors if one.seal not in broken]
    parts: dict[str, Any] = {
        "acquisitions": [_acquisition(one, good) for one in acquired],
        "custody": _custody(custody, good),
        "seals": [
            {
                "holds": number not in broken,
                "keyid": seal.envelope.keyid,
                "seal": number,
                "size": seal.size,
            }
            for number, seal in sorted(sealed.items())
        ],
        "tokens": [one.as_data() for one in anchors],
    }
    if provider:
        parts["provider"] = provider
    return found, parts, [*(note for one in anchors for note in one.notes()), *notes]


def _providers(held: holdings.Holdings) -> tuple[dict[str, Any], list[Discrepancy], list[str]]:
    """Step 7; a provider of which the case holds nothing is not named."""
    parts: dict[str, Any] = {}
    found: list[Discrepancy] = []
    notes: list[str] = []
    for name, module in PROVIDERS.items():
        judgement = import_module(module).judge(held)
        found += judgement.discrepancies
        notes += judgement.notes
        if judgement.part is not None:
            parts[name] = judgement.part
    return parts, found, notes


def _acquisition(one: files.Acquired, anchors: list[tokens.Anchor]) -> dict[str, Any]:
    return {
        "acq": one.acq,
        "closed": one.entry is not None,
        "dir": one.folder,
        "entry": one.entry,
        "existed_no_later_than": tokens.earliest(anchors, one.entry),
    }


def _custody(custody: chain.Chain, anchors: list[tokens.Anchor]) -> dict[str, Any]:
    """Length and head of the chain, and the entries [first, last] that no token covers."""
    covered, last = max((one.size for one in anchors), default=0), len(custody.lines) - 1
    return {
        "case": custody.case_id,
        "entries": len(custody.lines),
        "head": hashlib.sha256(custody.lines[-1]).hexdigest() if custody.lines else None,
        "not_anchored": [covered, last] if covered <= last else None,
    }
