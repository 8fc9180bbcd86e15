"""`[[people]]` of case.toml: which person a credential or principal was assigned to, as supplied.

No record of a cloud names a person; a list of staff, a ticket or a statement may. What is stated
here is the case's own, is printed as supplied, with the document named, and decides nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from collector.toml_source import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """One statement that a person held a principal or credential.

    Attributes:
        name: of the person, as supplied.
        principals: identifiers as the logs spell them, `*` as a pattern; users, sessions, keys.
        time_from, time_to: from and until when, the end not included; None = open.
        evidence: the document that says so.
    """

    name: str
    principals: tuple[str, ...]
    time_from: datetime | None
    time_to: datetime | None
    evidence: str

    def holds(self, at: datetime) -> bool:
        """Whether an instant lies inside."""
        begun = self.time_from is None or self.time_from <= at
        return begun and (self.time_to is None or at < self.time_to)


def parse(table: Table) -> Assigned:
    """One table; name, principals and the document are required.

    Raises:
        ConfigError: one of them is missing, or the period is none.
    """
    name, evidence = table.text("name"), table.text("evidence")
    principals = table.texts("principals")
    start, end = table.instant("from"), table.instant("to")
    if name is None:
        raise table.error("name", "expected the name of the person, found none")
    if evidence is None:
        raise table.error("evidence", "expected the document that says so, found none")
    if not principals:
        raise table.error("principals", "expected at least one identifier, found none")
    if start is not None and end is not None and start >= end:
        raise table.error("to", f"expected an instant after {start.isoformat()}")
    table.close()
    return Assigned(
        name=name, principals=principals, time_from=start, time_to=end, evidence=evidence
    )
