"""An edition that no expert answers for says so on page one of each exhibit (R-065).

The notice, and where the bundle answers what Rule 702(a) to (d) asks of an expert: places alone,
never whether an element is met. A forum without such a rule gets the notice and the same places
under words that belong to no rule.
"""

from collections.abc import Iterator

from reports.documents import rule_map
from reports.documents.places import Numbers
from reports.exhibits import parts
from reports.material import Material
from reports.model import Mode, Text, say

#: Elements of the map that page one shows.
SHOWN = 4


def notice(material: Material, numbers: Numbers) -> tuple[tuple[str, Text], ...]:
    """Rows of the cover; none where an expert answers for the results."""
    return tuple(_rows(material, numbers)) if material.mode is Mode.MACHINE_ONLY else ()


def _rows(material: Material, numbers: Numbers) -> Iterator[tuple[str, Text]]:
    tell = parts.every(material)
    profile = material.config.jurisdiction.profile
    yield "Machine output", tell("machine_only", profile=profile)
    federal = (profile or "").startswith("us-")
    for row in rule_map.elements(material, numbers)[:SHOWN]:
        where = "; ".join(one for one in row.where if one != rule_map.NONE) or row.state[0]
        yield row.mark if federal else row.asks, say(where)
