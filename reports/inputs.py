"""inputs.json: everything an edition of the exhibits is a function of, written before the rest.

It is the only place where the time of preparation is decided. The same file over the same case
gives the same bytes; over another case it says what differs.
"""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collector import canonical, clock, environment, identity
from collector.errors import DerivedError, IntegrityError, UsageError
from reports import human_parts
from reports.model import Mode
from reports.text import overrides, template_dir

NAME = "inputs.json"
VERSION = 1
#: Lists of files that an edition made again must find as they were.
COMPARED = ("case_toml", "derived", "templates", "case_templates", "registers", "human")


def describe(
    case: Path, label: str, resources: Sequence[str], *, status: str = "DRAFT",
    mode: Mode = Mode.FOR_EXPERT, evidence: bool = True, load_files: bool = False,
    bates_start: int | None = None, supplements: Mapping[str, str] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The inputs of an edition made now.

    Args:
        case: case folder.
        label: name of the edition.
        resources: those with a history of their own.
        status: DRAFT or FINAL.
        mode: who answers for the results.
        evidence: whether the edition holds the evidence that it cites.
        load_files: whether a final edition comes with load files.
        bates_start: first number of a final edition.
        supplements: label, digest of the manifest and reason, where it supplements another.
    """
    import butfor

    return {
        "v": VERSION,
        "label": label,
        "status": status,
        "mode": str(mode),
        "prepared_at": clock.stamp(clock.now()),
        "tool": butfor.__version__,
        "program": _program(),
        "evidence": evidence,
        "load_files": load_files,
        "supplements": dict(supplements) if supplements is not None else None,
        "custody": _custody(case, None),
        "case_toml": _sha256(case / "case.toml"),
        "derived": _digests(case / "derived"),
        "templates": _digests(template_dir()),
        "case_templates": [
            {"path": path.relative_to(case / "templates").as_posix(), "sha256": _sha256(path)}
            for path in overrides(case)
        ],
        "registers": _digests(case / "registers"),
        "human": _digests(case / human_parts.FOLDER),
        "resources": list(resources),
        "bates_start": bates_start,
    }


def read(path: Path, case: Path) -> dict[str, Any]:
    """The inputs of an edition made before, checked against the case.

    Raises:
        UsageError: the file is not in form, or belongs to another version of the tool.
        IntegrityError: custody no longer begins with what the edition saw.
        DerivedError: tables, templates, registers or case.toml differ; every difference is listed.
    """
    import butfor

    try:
        given = canonical.decode(path.read_bytes().rstrip(b"\n"))
    except (OSError, canonical.CanonicalError) as error:
        raise UsageError(
            f"{path}: expected an inputs.json of an edition, found: {error}"
        ) from error
    if given.get("v") != VERSION:
        raise UsageError(f"{path}: expected version {VERSION}, found {given.get('v')!r}.")
    if given["tool"] != butfor.__version__:
        raise UsageError(
            f"{path}: written by butfor {given['tool']}, this is {butfor.__version__}. The same "
            "bytes are promised for the same version only: use that one."
        )
    if _custody(case, given["custody"]["bytes"]) != given["custody"]:
        raise IntegrityError(
            f"{case / 'custody.jsonl'}: expected its first {given['custody']['bytes']} bytes as in "
            f"{path} (SHA-256 {given['custody']['sha256']}), found others. Run `butfor verify`."
        )
    now = describe(case, given["label"], given["resources"])
    differences = [
        line for name in COMPARED for line in _differences(name, given.get(name, []), now[name])
    ]
    if differences:
        raise DerivedError(
            f"{path}: the case is not the one of that edition:\n  " + "\n  ".join(differences)
        )
    return given


def _program() -> dict[str, Any]:
    """The exact tool: version, digest of its files, every package beside it with its version."""
    return {
        **identity.tool().as_data(),
        "dependencies": environment.dependencies(),
        "python": platform.python_version(),
    }


def sealed(case: Path, inputs: Mapping[str, Any]) -> bool:
    """Whether custody, up to the head of these inputs, records a seal."""
    raw = _custody_bytes(case)[: inputs["custody"]["bytes"]]
    return any(canonical.decode(line).get("action") == "seal.create" for line in raw.splitlines())


def _custody_bytes(case: Path) -> bytes:
    file = case / "custody.jsonl"
    return file.read_bytes() if file.is_file() else b""


def _custody(case: Path, upto: int | None) -> dict[str, Any]:
    raw = _custody_bytes(case)
    raw = raw[: raw.rfind(b"\n") + 1] if upto is None else raw[:upto]
    lines = raw.splitlines()
    return {
        "entries": len(lines),
        "bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "head": hashlib.sha256(lines[-1]).hexdigest() if lines else None,
    }


def _digests(folder: Path) -> list[dict[str, str]]:
    files = sorted(
        (path for path in folder.rglob("*") if path.is_file()),
        key=lambda path: path.relative_to(folder).as_posix().encode(),
    )
    return [
        {"path": path.relative_to(folder).as_posix(), "sha256": _sha256(path)} for path in files
    ]


def _differences(name: str, then: Any, now: Any) -> list[str]:  # noqa: ANN401 (JSON)
    if isinstance(then, str):
        return [] if then == now else [f"{name}: expected SHA-256 {then}, found {now}"]
    before = {one["path"]: one["sha256"] for one in then}
    after = {one["path"]: one["sha256"] for one in now}
    return [
        f"{name}/{path}: expected {before.get(path, 'no such file')}, found "
        f"{after.get(path, 'no such file')}"
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
