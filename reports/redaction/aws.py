"""What AWS names by its form: account numbers, ids of keys and of principals.

Source: IAM User Guide, "IAM identifiers", section on unique identifiers and their prefixes.
"""

import re

from reports.redaction.finders import Finder, always


def _twelve(text: str) -> bool:
    return len(text) == 12


ACCOUNT = Finder(
    kind="account", word="ACCOUNT", meaning="account number",
    # A UUID is taken as a whole and let go: its last twelve digits may all be decimal.
    pattern=re.compile(
        r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
        r"|(?<![0-9A-Za-z])\d{12}(?![0-9A-Za-z])"
    ),
    holds=_twelve,
)  # fmt: skip
KEY = Finder(
    kind="key", word="KEY", meaning="id of an access key",
    pattern=re.compile(r"(?<![0-9A-Za-z])(?:AKIA|ASIA)[A-Z2-7]{12,60}(?![0-9A-Za-z])"),
    holds=always,
)  # fmt: skip
UNIQUE_ID = Finder(
    kind="principal", word="PRINCIPAL", meaning="unique id of a principal",
    pattern=re.compile(
        r"(?<![0-9A-Za-z])(?:AROA|AIDA|AGPA|AIPA|ANPA|ANVA|APKA|ASCA|ABIA|ACCA)[A-Z0-9]{12,60}(?![0-9A-Za-z])"
    ),
    holds=always,
)  # fmt: skip

FINDERS = (KEY, UNIQUE_ID, ACCOUNT)
