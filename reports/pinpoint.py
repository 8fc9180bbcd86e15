"""How times, numbers, positions and cites are written: one form each, everywhere.

Identifiers are never cut short: one that ends in dots cannot be cited. They may break across lines
after `/ : -`, and inside runs that offer no such place.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

#: Where a line may break inside an identifier; the drawing layer turns it into a break of no width.
BREAK = "\ue000"
_AFTER = re.compile(r"(?<=[/:\-])(?=.)|(?<=[._,=&?@+|])(?=.{4})", re.DOTALL)
#: A longer run without such a place may break between its words, and after each so many characters.
_LONG = 14
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z]{3})")
_RUN = 12
#: Longest word of ours that is never broken.
UNBROKEN = 32

_LOCATOR = re.compile(r"(?:(?P<member>.*)!/)?(?P<record>\d+)@(?P<offset>\d+)\+(?P<length>\d+)")


def instant(at: datetime | None, *, beyond: str = "not established") -> str:
    """`2022-06-01 00:11:23 Z`, finer only if the time is finer."""
    if at is None:
        return beyond
    text = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{at.microsecond:06d} Z" if at.microsecond else f"{text} Z"


def local(at: datetime, zone: ZoneInfo) -> str:
    """The same instant in the case's zone, with its offset."""
    there = at.astimezone(zone)
    offset = there.strftime("%z")
    return f"{there.strftime('%Y-%m-%d %H:%M:%S')} {offset[:3]}:{offset[3:5]}"


def stored(at: datetime | None) -> str | None:
    """UTC text of native tables, always to the microsecond."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def bounded(at: datetime | None, bound: str, *, edge: str) -> str:
    """An instant and how it is known; exact ones say nothing more."""
    if at is None:
        return "before the first record" if edge == "start" else "beyond the last record"
    return instant(at) if bound == "exact" else f"{bound} {instant(at)}"


def interval(row: Mapping[str, Any]) -> str:
    """Time of a change: an instant of the source's resolution, or two bounds."""
    low, high = row["time_from"], row["time_to"]
    if low is None and high is None:
        return "not established"
    if low is None:
        return f"no later than {instant(high)}"
    if high is None:
        return f"no earlier than {instant(low)}"
    if (high - low).total_seconds() <= 1:
        return instant(low)
    return f"between {instant(low)} and {instant(high)}"


def counted(n: int, one: str, many: str | None = None) -> str:
    """`1 request`, `1,204 requests`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def position(locator: str | None) -> tuple[str | None, int | None, int | None, int | None]:
    """(member, record, offset, length) of a locator; all None if it names the whole item."""
    match = _LOCATOR.fullmatch(locator or "")
    if not match:
        return (None, None, None, None)
    return (
        match["member"], int(match["record"]), int(match["offset"]), int(match["length"]),
    )  # fmt: skip


def pinpoint(row: Mapping[str, Any]) -> str:
    """`EV-1.f2 17@4,711+998 sha256 12ab34cd56ef`: evidence item, position, first 12 of the hash."""
    if not row.get("evidence_item"):
        return "no record"
    member, record, offset, length = position(row.get("locator"))
    where = f" {row['locator']}" if row.get("locator") else ""
    if record is not None:
        inside = f"{member}!/" if member else ""
        where = f" {inside}{record}@{offset:,}+{length:,}"
    digest = row.get("record_sha256")
    return f"{row['evidence_item']}{where}" + (f" sha256 {digest[:12]}" if digest else "")


def breakable(text: str) -> str:
    """The text with places at which a line may break; nothing else is added or lost."""
    return BREAK.join(
        part
        for piece in _AFTER.split(text)
        for part in (_runs(piece) if len(piece) > _LONG else (piece,))
    )


def _runs(piece: str) -> Iterator[str]:
    """A long piece in runs that fit a narrow column."""
    for part in _CAMEL.split(piece):
        rest = part
        while len(rest) > _LONG and not any(mark.isspace() for mark in rest[:_LONG]):
            yield rest[:_RUN]
            rest = rest[_RUN:]
        yield rest


def words(text: str) -> str:
    """Running text of ours: only what is too long for a line may break inside."""
    return " ".join(breakable(word) if len(word) > UNBROKEN else word for word in text.split(" "))


def visible(text: str) -> str:
    """Controls, direction marks, invisible and private characters spelled out: `⟨U+202E⟩`.

    What a reader sees is then what is there. Native tables hold the characters themselves.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(spelled(c) if _hidden(c) else c for c in text)


def spelled(character: str) -> str:
    """A character by its code point."""
    return f"⟨U+{ord(character):04X}⟩"


def canonical(value: object) -> str:
    """Sorted JSON, two spaces deep, for reading; the same value always gives the same text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=2)


def _hidden(character: str) -> bool:
    if character == "\u00a0":
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
