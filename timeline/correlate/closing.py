"""How the statement of a finding with accesses ends: method, premises, what is open (R-175).

Each part is listed in full beside the statement; here stands what a reader must not miss. Nothing
is weighed.
"""

from collections.abc import Mapping, Sequence

from timeline.correlate import wording

NOT_TESTED = "not tested"


def closed(
    statement: str,
    method: str,
    assumptions: Sequence[str],
    alternatives: Sequence[Mapping[str, str]],
    falsifiers: Sequence[str],
) -> str:
    """A statement with its closing sentences.

    Args:
        statement: what was found.
        method: identifier and version.
        assumptions: named premises that it rests on.
        alternatives: each {name, for, against, tested}.
        falsifiers: what would show it to be wrong, the general ones first.
    """
    named = wording.listed(list(assumptions))
    premise = f"rests on the assumption{'' if len(assumptions) == 1 else 's'} {named}"
    open_ = [one["name"] for one in alternatives if one["tested"].startswith(NOT_TESTED)]
    return " ".join(
        (
            statement,
            f"Method: {method}; it {premise if assumptions else 'rests on no named assumption'}.",
            "Alternatives considered are listed with what speaks for and against each; open, as "
            f"not tested: {'; '.join(open_) or 'none'}.",
            f"Would be falsified by: {'; '.join(falsifiers)}.",
            f"Not addressed: {'; '.join(wording.NOT_OPINED)}.",
        )
    )
