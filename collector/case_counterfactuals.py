"""`[counterfactuals]` of case.toml: declared targets, and the parameters of named controls.

Nothing is asked that is not named: a target without its date is not computed, and a control whose
parameter is neither here nor in the records says so.
"""

from dataclasses import dataclass
from datetime import datetime

from collector.toml_source import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactuals:
    """What the case declares.

    Attributes:
        default_at_creation: each change is also compared with the provider's default on the day
            on which the resource was created.
        default_as_of: with the provider's default of this day, None = not asked.
        baseline: with the configuration at this instant ("last known good"), None = not asked.
        given: parameters of controls, name and value, as (`prefix`, `exports/`).
    """

    default_at_creation: bool = False
    default_as_of: datetime | None = None
    baseline: datetime | None = None
    given: tuple[tuple[str, str], ...] = ()


def parse(table: Table) -> Counterfactuals:
    """The table as a value; an empty one declares nothing."""
    named = table.table("with")
    values = ((name, named.text(name)) for name in named.names())
    found = Counterfactuals(
        default_at_creation=bool(table.flag("default_at_creation", False)),
        default_as_of=table.instant("default_as_of"),
        baseline=table.instant("baseline"),
        given=tuple((name, value) for name, value in values if value is not None),
    )
    named.close()
    table.close()
    return found
