"""Which party a principal belongs to: by case.toml alone, and otherwise nobody's.

`unattributed` is a value. Parties' own lists decide; a principal on the lists of two parties is
unattributed as well, because the case's own statements then conflict.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from collector.case import Party

UNATTRIBUTED = "unattributed"


def party_of(names: Sequence[str | None], parties: Sequence[Party]) -> str:
    """Name of the party that lists one of these names or accounts.

    Args:
        names: what is known of a principal: ARN, issuer, unique id, account; None where not known.
        parties: of the case.

    Returns:
        The party's name. Listed principals win over listed accounts: a contractor's role in the
        owner's account is the contractor's if the case says so.
    """
    held = [name for name in names if name]
    for attribute in ("principals", "accounts"):
        found = {
            party.name
            for party in parties
            if any(_matches(name, listed) for listed in getattr(party, attribute) for name in held)
        }
        if found:
            return found.pop() if len(found) == 1 else UNATTRIBUTED
    return UNATTRIBUTED


def _matches(name: str, listed: str) -> bool:
    return fnmatchcase(name, listed) if "*" in listed else name == listed
