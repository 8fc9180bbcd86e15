"""Values that are known by their form, whatever they stand in; provider-neutral ones.

A finder may take too much: four numbers with dots between may be a version, not an address. That is
the safe side: a redacted version costs a reader less than a printed address costs its owner.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """One class of values.

    Attributes:
        kind: name in a profile.
        word: of its tokens, `ADDRESS-01`.
        meaning: what it is, for the log.
        pattern: candidates.
        holds: whether a candidate is one.
    """

    kind: str
    word: str
    meaning: str
    pattern: re.Pattern[str]
    holds: Callable[[str], bool]


def always(_: str) -> bool:
    """Every candidate is one: the pattern says it all."""
    return True


def _address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _luhn(text: str) -> bool:
    """ISO/IEC 7812-1, annex B: the check digit of a card number; 13 digits may be a time in ms."""
    digits = [int(c) for c in text if c.isdigit()]
    doubled = [d if n % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d)
               for n, d in enumerate(reversed(digits))]  # fmt: skip
    return 14 <= len(digits) <= 19 and sum(doubled) % 10 == 0 and len(set(digits)) > 1


def _iban(text: str) -> bool:
    """ISO 13616: moved to the end, letters as numbers, the remainder of 97 is 1."""
    packed = text.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in packed[4:] + packed[:4])) % 97 == 1


ADDRESS = Finder(
    kind="address", word="ADDRESS", meaning="network address",
    pattern=re.compile(
        r"(?<![\w.:])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{0,4})(?![\w:])"
        r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)"
    ),
    holds=_address,
)  # fmt: skip
EMAIL = Finder(
    kind="email", word="EMAIL", meaning="e-mail address",
    pattern=re.compile(r"(?<![\w.+-])[\w.+-]+@(?:[\w-]+\.)+[A-Za-z][\w-]+"), holds=always,
)  # fmt: skip
TAXPAYER = Finder(
    kind="taxpayer", word="TAXPAYER", meaning="social-security or taxpayer number",
    pattern=re.compile(r"(?<![\w-])(?:\d{3}-\d{2}-\d{4}|\d{2}-\d{7})(?![\w-])"), holds=always,
)  # fmt: skip
CARD = Finder(
    kind="financial", word="FINANCIAL", meaning="card number",
    pattern=re.compile(r"(?<![\w.-])\d(?:[ -]?\d){13,18}(?![\w.-])"), holds=_luhn,
)  # fmt: skip
IBAN = Finder(
    kind="financial", word="FINANCIAL", meaning="bank account number",
    pattern=re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)"),
    holds=_iban,
)  # fmt: skip


def every() -> tuple[Finder, ...]:
    """All of them, those of providers included, in the order in which they are tried."""
    from reports.redaction import aws

    return (*aws.FINDERS, EMAIL, IBAN, TAXPAYER, CARD, ADDRESS)
