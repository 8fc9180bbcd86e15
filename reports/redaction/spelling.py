"""Finding any of many literal values in a text, the longest first, in one pass.

The values become one regular expression, a radix tree of their beginnings, because an alternation
of 100,000 keys is tried key by key at every character.
"""

import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

#: Below this a value is found inside unrelated words; a profile that holds one is refused.
SHORTEST = 4


def spellings(value: str) -> frozenset[str]:
    """How a value may stand in a file: as itself, in JSON, in a URL, in markup."""
    return frozenset(
        {
            value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1],
            quote(value), quote(value, safe=""), quote_plus(value), html.escape(value),
            html.escape(value, quote=False),
        }
    )  # fmt: skip


def by_spelling(values: Iterable[str]) -> dict[str, str]:
    """spelling -> value."""
    return {spelled: value for value in sorted(values) for spelled in spellings(value)}


def pattern(literals: Iterable[str]) -> re.Pattern[str] | None:
    """Matches the longest of the literals at each place; None if there is none."""
    words = sorted({word for word in literals if word})
    return re.compile(_tree(words)) if words else None


def _tree(words: list[str]) -> str:
    """The expression for sorted distinct words; recursion is as deep as words branch."""
    branches, ends = [], words[0] == ""
    rest = words[1:] if ends else words
    at = 0
    while at < len(rest):
        first = rest[at][0]
        upto = at
        while upto < len(rest) and rest[upto][0] == first:
            upto += 1
        shared = _shared(rest[at], rest[upto - 1])
        tails = [word[len(shared) :] for word in rest[at:upto]]
        branches.append(re.escape(shared) + (_tree(tails) if tails != [""] else ""))
        at = upto
    if not branches:
        return ""
    return f"(?:{'|'.join(branches)})" + ("?" if ends else "")


def _shared(one: str, other: str) -> str:
    """Beginning that two words share; of a sorted run, first and last share what all share."""
    for n, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return one[:n]
    return min(one, other, key=len)
