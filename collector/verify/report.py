"""What a verification says: every discrepancy, "wrong" apart from "could not be checked"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Verdict(StrEnum):
    """Two results that are never mixed."""

    WRONG = "wrong"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One thing that disagrees, or that could not be checked.

    Attributes:
        verdict: which of the two.
        check: word for the check, listed in docs/methods/integrity.md.
        path: file, and line where there is one, relative to what is verified.
        expected: what the records say should be there.
        found: what is there.
    """

    verdict: Verdict
    check: str
    path: str
    expected: str
    found: str

    def as_data(self) -> dict[str, str]:
        """The object as printed, without the verdict: that is the list it is in."""
        return {
            "check": self.check,
            "expected": self.expected,
            "found": self.found,
            "path": self.path,
        }


def wrong(check: str, path: str, expected: object, found: object) -> Discrepancy:
    """Something disagrees."""
    return Discrepancy(
        verdict=Verdict.WRONG, check=check, path=path, expected=str(expected), found=str(found)
    )


def unchecked(check: str, path: str, expected: object, found: object) -> Discrepancy:
    """Something could not be checked."""
    return Discrepancy(
        verdict=Verdict.UNCHECKED, check=check, path=path, expected=str(expected), found=str(found)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the reader brings, and how thorough the run is.

    Keys and roots that lie inside the folder are a convenience: an opponent's own would verify as
    well. Trust comes from here.

    Attributes:
        keys: fingerprints of tool keys, lower-case hex.
        tsa_root: PEM file with the root certificates of the time-stamping authorities.
        earlier: envelopes received before, of this case.
        sha512: check SHA-512 as well.
    """

    keys: frozenset[str] = frozenset()
    tsa_root: Path | None = None
    earlier: tuple[Path, ...] = ()
    sha512: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of one run.

    Attributes:
        discrepancies: sorted by path, check, expected, found.
        notes: facts that are neither wrong nor unchecked.
        parts: what each part of the procedure says (kind, custody, acquisitions, seals, tokens …).
    """

    discrepancies: tuple[Discrepancy, ...]
    notes: tuple[str, ...]
    parts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def wrong(self) -> tuple[Discrepancy, ...]:
        """What disagrees."""
        return tuple(one for one in self.discrepancies if one.verdict is Verdict.WRONG)

    @property
    def unchecked(self) -> tuple[Discrepancy, ...]:
        """What could not be checked."""
        return tuple(one for one in self.discrepancies if one.verdict is Verdict.UNCHECKED)

    @property
    def exit_code(self) -> int:
        """4 if anything is wrong, 3 if anything could not be checked, else 0."""
        return 4 if self.wrong else 3 if self.unchecked else 0

    def as_data(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {
            "exit": self.exit_code,
            "notes": list(self.notes),
            "unchecked": [one.as_data() for one in self.unchecked],
            "v": 1,
            "wrong": [one.as_data() for one in self.wrong],
            **self.parts,
        }
