"""Printed numbers of exhibits, by the scheme of the case (R-108, R-134).

| scheme | numbers |
|---|---|
| `letters` | the letter of the catalogue, C-1, C-2 where it has several |
| `letters` without `sub_letters` | letters in a row: A … Z, AA, AB |
| `numbers` | 1, 2, 3 from `first` |
| `ranges` | numbers inside the range of the side for whom the exhibits are |
| `initials` | XY1, XY2 of a witness; the count goes on from one final edition to the next |
| `custom` | `pattern`, with {n} for the number, {n:03} for one of three digits |

A draft prints the numbers that a final edition would get now. Which numbers are taken is in
custody (`bates.reserve`, before anything is stamped, and `exhibits.final`), so that the same inputs
give the same numbers again, and those of a run that died are lost.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from collector.case_exhibits import PLACEHOLDER, ExhibitNumbering
from collector.errors import UsageError

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def numbered(
    keys: Sequence[str], config: ExhibitNumbering, custody: Iterable[Mapping[str, Any]] = ()
) -> tuple[str, ...]:
    """One printed number for each exhibit.

    Args:
        keys: letters of the catalogue, in the order of the exhibits.
        config: [exhibits] of case.toml.
        custody: entries up to the head of inputs.json; those that take numbers count.

    Raises:
        UsageError: a range has no room for so many.
    """
    match config.scheme:
        case "letters" if config.sub_letters:
            return _by_key(keys)
        case "letters":
            return tuple(_letters(n) for n in range(config.first, config.first + len(keys)))
        case "ranges":
            return _in_range(len(keys), config)
        case "initials":
            start = max(config.first, _taken(custody, str(config.initials)) + 1)
            return tuple(f"{config.initials}{n}" for n in range(start, start + len(keys)))
        case "custom":
            last = config.first + len(keys)
            return tuple(_filled(str(config.pattern), n) for n in range(config.first, last))
        case _:
            return tuple(str(n) for n in range(config.first, config.first + len(keys)))


def file_part(number: str) -> str:
    """A number as part of a file name: what case.toml allows beyond that becomes `-`."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", number).strip("-")


def _by_key(keys: Sequence[str]) -> tuple[str, ...]:
    """The letter of each, with a number where it has several."""
    seen: dict[str, int] = {}
    labels = []
    for key in keys:
        seen[key] = seen.get(key, 0) + 1
        labels.append(key if keys.count(key) == 1 else f"{key}-{seen[key]}")
    return tuple(labels)


def _letters(n: int) -> str:
    """1 = A, 26 = Z, 27 = AA."""
    text = ""
    while n:
        n, at = divmod(n - 1, 26)
        text = _ALPHABET[at] + text
    return text


def _in_range(count: int, config: ExhibitNumbering) -> tuple[str, ...]:
    own = next(one for one in config.ranges if one.side == config.side)
    start = max(own.first, config.first)
    if own.last is not None and start + count - 1 > own.last:
        raise UsageError(
            f"case.toml, exhibits.ranges: expected room for {count} exhibits from {start} on, "
            f"found that the range of {own.side} ends at {own.last}. Widen it, or lower `first`."
        )
    return tuple(str(n) for n in range(start, start + count))


def _filled(pattern: str, n: int) -> str:
    match = PLACEHOLDER.search(pattern)
    assert match is not None, "case.toml is refused without a placeholder"
    width = int(match["width"] or 0)
    return pattern[: match.start()] + str(n).zfill(width) + pattern[match.end() :]


def _taken(custody: Iterable[Mapping[str, Any]], initials: str) -> int:
    """The highest number of this witness that was taken, issued or not; 0 if there is none."""
    taken = [
        int(match[1])
        for entry in custody
        if entry["action"] in ("bates.reserve", "exhibits.final")
        for number in entry["data"].get("numbers", ())
        if (match := re.fullmatch(rf"{re.escape(initials)}(\d+)", str(number)))
    ]
    return max(taken, default=0)
