"""Whether a build would give what is there already: then it need not be done again.

`derived/build.json` is written last and names what the build was made from (registers of the
evidence, case.toml, this program and the libraries that compute) and the digest of every file that
it wrote. A build is passed over only where all of that still holds. Stored bytes are told by their
digests in the registers and by their sizes; that they are what the registers say is for `verify`.
"""

import json
import platform
from collections.abc import Iterator, Mapping
from hashlib import file_digest, sha256
from importlib import metadata
from pathlib import Path
from typing import Any

from collector import custody, ledger, store

NAME = "build.json"
#: Libraries that compute, or write what is compared by its bytes.
LIBRARIES = ("duckdb", "isal", "msgspec", "numpy", "pyarrow", "zstandard")
#: Packages whose every file decides what a build gives.
PROGRAM = ("collector", "timeline")
_ACTIONS = frozenset({"acquisition.open", "acquisition.close", "exclude"})


def inputs(case: Path) -> dict[str, str]:
    """Digests of all that a build is made from, by kind."""
    return {
        "case": _digest(case / "case.toml"),
        "evidence": sha256(json.dumps([*_evidence(case)]).encode()).hexdigest(),
        "program": _program(),
    }


def _evidence(case: Path) -> Iterator[tuple[str, str | int]]:
    for entry in custody.read(case):
        if entry.action in _ACTIONS:
            yield entry.action, json.dumps(entry.data, sort_keys=True, default=str)
    for acquisition in store.acquisitions(case):
        for path in sorted((case / acquisition.folder).rglob("*")):
            if path.is_file():
                name = path.relative_to(case).as_posix()
                stored = path.parent != case / acquisition.folder or path.name == ledger.WARC
                yield name, path.stat().st_size if stored else _digest(path)


def _program() -> str:
    root = Path(__file__).resolve().parents[1]
    told = [f"python {platform.python_version()}"]
    told += [f"{name} {metadata.version(name)}" for name in LIBRARIES]
    for package in PROGRAM:
        for path in sorted((root / package).rglob("*")):
            if path.is_file() and path.suffix in (".py", ".json", ".jsonl"):
                told.append(f"{path.relative_to(root).as_posix()} {_digest(path)}")
    return sha256("\n".join(told).encode()).hexdigest()


def outputs(derived: Path) -> dict[str, str]:
    """Digest of every file under `derived/`, this module's own left out."""
    return {
        path.relative_to(derived).as_posix(): _digest(path)
        for path in sorted(derived.rglob("*"))
        if path.is_file() and path != derived / NAME
    }


def load(case: Path, derived: Path) -> Mapping[str, Any] | None:
    """What the last build came to, if a build now would come to the same; else None."""
    try:
        told = json.loads((derived / NAME).read_bytes())
        if told["inputs"] == inputs(case) and told["outputs"] == outputs(derived):
            report: Mapping[str, Any] = told["report"]
            return report
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        pass
    return None


def save(derived: Path, made_from: Mapping[str, str], report: Mapping[str, Any]) -> None:
    """Leave word for the next build; written last.

    Args:
        derived: the folder as it was written.
        made_from: `inputs` as they were before the build.
        report: what it came to, as JSON.
    """
    told = {"inputs": made_from, "outputs": outputs(derived), "report": report}
    text = json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False)
    (derived / NAME).write_text(text + "\n", encoding="utf-8", newline="\n")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
