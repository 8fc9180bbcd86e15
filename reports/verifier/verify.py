#!/usr/bin/env python3
"""Check a butfor case, bag, production or exhibit bundle without butfor: `python verify.py PATH`.

Standard library only (Python 3.9 or newer); timestamp tokens alone need `openssl` 3.0 or newer.
The files `verify*.py` belong together and go wherever this one goes. They share no code with
butfor and come to the same verdicts: a test holds both against every row of the tamper matrix.

The procedure, in this order; every discrepancy is collected, none stops the run:
  1  custody.jsonl: each line parses, numbers follow, `prev` is the SHA-256 of the line before;
     case.toml is as custody last recorded it
  2  evidence/: every acquisition is recorded, its manifest has the digest, size, number of lines
     and Merkle root that custody states
  3  every file has the size and SHA-256 of its manifest line (--all: SHA-512);
     none is missing, none extra
  4  keys: fingerprint, signature of the previous key
  5  seals: signature, size, digest, Merkle root and head of the custody lines they commit to,
     link and consistency proof to the seal before; other copies' seals of the same case (fork)
  6  timestamp tokens over the seals; which custody entries no token covers
  7  CloudTrail digest chains: signature and order of the digests, hash of each log file
  8  a production: two inclusion proofs for each file; a bag: its manifests (RFC 8493)
  9  an exhibit bundle: its rows against the evidence in it (verify_bundle.py)

"wrong" is what disagrees; "unchecked" is what could not be checked. They are never mixed.
Exit codes: 0 verified, 2 usage, 3 something could not be checked, 4 something is wrong.

`python verify.py rerun CARD --set CHANGE=0` runs a model card again: see `verify_rerun.py`.

Keys and TSA roots found inside the folder are a convenience, not trust: without `--key` and
`--tsa-root` a valid signature is "valid under X, X not established" (exit 3).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True  # what is checked must not change by it
# `python -I` leaves the script's own folder out; last, so that no file in it hides a standard one.
sys.path.append(str(Path(__file__).resolve().parent))

try:
    from verify_aws_chain import Provider
    from verify_bundle import check_bundle
    from verify_custody import check_config, check_custody
    from verify_files import check_acquisitions
    from verify_handover import check_bag, check_production
    from verify_redaction import check_redaction
    from verify_report import Report, Trust, object_at
    from verify_rerun import main as rerun
    from verify_seals import check_forks, check_keys, check_seals, load_seals
    from verify_tokens import check_anchors, check_tokens
except ImportError as error:
    print(f"could not check: {error}. The files verify_*.py must lie beside verify.py.")
    sys.exit(3)


def check_case(root: Path, at: str, report: Report, trust: Trust) -> None:
    """Steps 1 to 7 for a case folder; `at` is put before every path that is reported."""
    custody = check_custody(root, at, report)
    check_config(root, custody, at, report)
    check_acquisitions(root, custody, at, report, trust)
    keys = check_keys(custody, at, report, trust)
    seals = load_seals(root, at, report)
    check_seals(seals, custody, keys, at, report)
    check_forks(root, custody, at, report, trust)
    recorded = {
        f"seals/{data.get('seal'):04d}/{Path(str(name)).name}": str(digest)
        for _, data in custody.all("token.add")
        if isinstance(data.get("seal"), int)
        for name, digest in object_at(data, "files").items()
    }
    tokens = check_tokens(root, seals, recorded, at, report, trust)
    check_anchors(custody, tokens, seals, report)
    Provider(root, at, report).run()


def verify(root: Path, trust: Trust) -> Report:
    """The whole procedure on a case, a bag, or a folder that carries its own manifest.jsonl."""
    report = Report()
    if (root / "bagit.txt").is_file():
        report.parts["kind"] = "bag"
        check_bag(root, report)
        check_case(root / "data", "data/", report, trust)
    elif (root / "custody.jsonl").exists() or (root / "case.toml").exists():
        report.parts["kind"] = "case"
        check_case(root, "", report, trust)
    elif (root / "manifest.jsonl").is_file():
        report.parts["kind"] = "production"
        check_production(root, report, trust)
        if (root / "inputs.json").is_file():
            report.parts["kind"] = "bundle"
            check_bundle(root, report)
            check_redaction(root, report, trust)
    else:
        raise FileNotFoundError("expected custody.jsonl, bagit.txt or manifest.jsonl")
    key = lambda row: (row["path"], row["check"], row["expected"], row["found"])  # noqa: E731
    report.wrong.sort(key=key)
    report.unchecked.sort(key=key)
    return report


def as_data(report: Report) -> dict[str, Any]:
    """The object that `--json` prints."""
    return {
        "exit": report.exit_code(),
        "notes": report.notes,
        "unchecked": report.unchecked,
        "v": 1,
        "wrong": report.wrong,
        **report.parts,
    }


def show(report: Report) -> None:
    """Print for a person: the verdict first."""
    words = {0: "verified", 3: "verified as far as it could be checked", 4: "WRONG"}
    print(
        f"{words[report.exit_code()]}: {len(report.wrong)} wrong, "
        f"{len(report.unchecked)} could not be checked"
    )
    for title, rows in (("wrong", report.wrong), ("could not check", report.unchecked)):
        for row in rows:
            print(
                f"  {title}: {row['path']} [{row['check']}]: expected {row['expected']}, "
                f"found {row['found']}"
            )
    custody = report.parts.get("custody")
    if custody and custody["not_anchored"]:
        print("  entries {}–{}: not anchored".format(*custody["not_anchored"]))
    for token in report.parts.get("tokens", ()):
        print(
            "  token {path}: {time}, accuracy {accuracy}, digest {digest}, policy {policy}, serial "
            "{serial}, authority {0}, qualified {qualified}, certificates {1}".format(
                token["tsa"] or "not named", " < ".join(token["chain"]) or "not stored", **token
            )
        )
    for provider, part in report.parts.get("provider", {}).items():
        for name in ("digests", "logs"):
            tally = ", ".join(f"{count} {word}" for word, count in part[name].items())
            print(f"  {provider} {name}: {tally}")
    for row in report.parts.get("acquisitions", ()):
        print(
            f"  {row['dir']}: existed no later than {row['existed_no_later_than'] or 'not shown'}"
        )
    if "rows" in report.parts:
        print(
            "  rows of native tables: {compared} compared with their records, {fields} of them "
            "field by field; {absent} cite files that are not here".format(**report.parts["rows"])
        )
    for note in report.notes:
        print(f"  note: {note}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; any exception that nobody foresaw is "could not be checked", never "fine"."""
    asked = list(sys.argv[1:] if arguments is None else arguments)
    if asked[:1] == ["rerun"]:
        return rerun(asked[1:])
    parser = argparse.ArgumentParser(
        description="Check a butfor case, bag, production or bundle.",
        epilog="verify.py rerun CARD --set CHANGE=0: run a model card again (rerun --help).",
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--all", action="store_true", help="SHA-512 as well as SHA-256")
    parser.add_argument("--key", action="append", default=[], help="fingerprint of a trusted key")
    parser.add_argument("--tsa-root", help="PEM file of the trusted TSA root certificate")
    parser.add_argument("--earlier-seal", action="append", default=[], help="seal received before")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(asked)
    if not given.path.is_dir():
        parser.error(f"{given.path}: expected a folder")
    marks = ("bagit.txt", "custody.jsonl", "case.toml", "manifest.jsonl")
    if not any((given.path / mark).exists() for mark in marks):
        parser.error(f"{given.path}: expected one of {', '.join(marks)}, found none")
    try:
        trust = Trust(given.key, given.tsa_root, given.earlier_seal, given.all)
        report = verify(given.path, trust)
    except Exception as error:  # turned into the recorded result "could not be checked"
        report = Report()
        report.open("unexpected", str(given.path), "a check that ends", repr(error))
    if given.json:
        print(json.dumps(as_data(report), indent=1, sort_keys=True))
    else:
        show(report)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
