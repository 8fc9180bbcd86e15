"""The last rung of attribution, the person: by supplied evidence alone (R-161).

1. case.toml `[[people]]` states who held a principal or credential at an instant, with a document;
2. a user record of the cloud's own directory names the user on whose behalf a request was made;
3. where they name different people, or case.toml several, no person is named, and that is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from collector.case_people import Assigned
from collector.clock import stamp

#: The ladder of attribution from the bottom; what is above the last one named is not established.
RUNGS = ("request", "credential", "principal", "account", "organization", "person")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRecord:
    """A user as one answer of a directory shows it.

    Attributes:
        store, user: ids of the directory and of the user in it.
        names: user name and display name, as the directory has them.
        at: of the answer.
        evidence_item, locator: its bytes.
    """

    store: str
    user: str
    names: tuple[str, ...]
    at: datetime
    evidence_item: str
    locator: str


def person(
    names: Sequence[str], at: datetime, people: Sequence[Assigned], record: UserRecord | None
) -> tuple[dict[str, object], str | None]:
    """The rung, and why there is none.

    Args:
        names: what is known of the caller: principal, session, key.
        at: time of the request.
        people: statements of the case.
        record: of the user on whose behalf the request was made; None if none is shown.

    Returns:
        ({person, person_shown} or {}, None or a sentence).
    """
    stated = [one for one in people if one.holds(at) and _of(one, names)]
    told = {one.name for one in stated}
    if len(told) > 1:
        return {}, f"case.toml assigns it to {len(told)} people at that time: none is named"
    if record is not None and told and not told & set(record.names):
        return {}, "the user record and case.toml name different people: none is named"
    if record is None and not stated:
        return {}, "no record, answer or assignment in case.toml names a person"
    shown: list[dict[str, str]] = [
        {"by": "case.toml, as supplied", "evidence": one.evidence} for one in stated
    ]
    if record is not None:
        shown.insert(
            0,
            {
                "by": "user record of the directory", "user": record.user, "at": stamp(record.at),
                "evidence_item": record.evidence_item, "locator": record.locator,
            },
        )  # fmt: skip
    name = stated[0].name if stated else record.names[-1] if record else ""
    return {"person": name, "person_shown": shown}, None


def _of(one: Assigned, names: Sequence[str]) -> bool:
    return any(
        fnmatchcase(name, listed) if "*" in listed else name == listed
        for listed in one.principals
        for name in names
    )
