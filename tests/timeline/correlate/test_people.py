"""The last rung of attribution: a person by supplied evidence alone, or the ladder stops."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector import case as case_file
from collector.case_people import Assigned
from collector.case_template import TEXT
from collector.errors import ConfigError
from tests.timeline.correlate.cases import ADMIN, Trail, build, read, run
from timeline.correlate.aws.attribution import Known, ladder
from timeline.correlate.people import UserRecord

NOON = datetime(2022, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
STORE, USER = "d-1234567890", "11111111-2222"
EVENT = {
    "request_id": "R", "event_uid": "e", "credential_uid": "ASIA1", "actor_uid": "role/x/ann",
    "actor_unique_id": None, "actor_account_uid": "1", "time": NOON, "source_identity": None,
    "delegation": None,
}  # fmt: skip
BEHALF = json.dumps({"onBehalfOf": {
    "userId": USER, "identityStoreArn": f"arn:aws:identitystore::1:identitystore/{STORE}",
}})  # fmt: skip


def assigned(name: str, principal: str, start: int = -1, end: int = 1) -> Assigned:
    """A statement that holds some hours around noon."""
    return Assigned(
        name=name, principals=(principal,), time_from=NOON + start * HOUR,
        time_to=NOON + end * HOUR, evidence=f"list of {name}",
    )  # fmt: skip


def record(*names: str, hours: int = 5, user: str = USER) -> UserRecord:
    """A user record of the directory."""
    return UserRecord(store=STORE, user=user, names=names, at=NOON + hours * HOUR,
                      evidence_item="EV-2.w7", locator="body")  # fmt: skip


@pytest.mark.parametrize(
    ("people", "users", "behalf", "person", "why"),
    [
        ([], [], None, None, "no record, answer or assignment"),
        ([assigned("Ann", "role/x/*")], [], None, "Ann", None),
        ([assigned("Ann", "ASIA1")], [], None, "Ann", None),
        ([assigned("Ann", "role/x/ann", 0, 1)], [], None, "Ann", None),
        ([assigned("Ann", "role/x/ann", -1, 0)], [], None, None, "no record"),
        ([assigned("Ann", "role/x/bob")], [], None, None, "no record"),
        ([assigned("Ann", "role/x/*"), assigned("Bob", "ASIA1")], [], None, None, "2 people"),
        ([assigned("Ann", "role/x/*"), assigned("Ann", "ASIA1")], [], None, "Ann", None),
        ([], [record("ann", "Ann A.")], None, None, "no record"),
        ([], [record("ann", "Ann A.")], BEHALF, "Ann A.", None),
        ([], [record("ann", "Ann A.", user="other")], BEHALF, None, "no record"),
        ([], [record("ann", "Ann A."), record("ann", "Ann B.", hours=1)], BEHALF, "Ann B.", None),
        ([assigned("ann", "ASIA1")], [record("ann", "Ann A.")], BEHALF, "ann", None),
        ([assigned("Bob", "ASIA1")], [record("ann", "Ann A.")], BEHALF, None, "different people"),
    ],
)
def test_a_person_is_named_where_supplied_evidence_agrees(
    people: list[Assigned], users: list[UserRecord], behalf: str | None, person: str | None,
    why: str | None,
) -> None:  # fmt: skip
    event = {**EVENT, "delegation": behalf}
    found = ladder(event, None, Known(issues={}, people=people, users=users))
    assert found.get("person") == person
    assert ("person_shown" in found) == (person is not None)
    assert (found.get("stops") is None) == (why is None)
    if why is not None:
        assert found["stops"].startswith("at the account: ")
        assert why in found["stops"]


def test_what_shows_a_person_is_cited() -> None:
    known = Known(issues={}, people=[assigned("ann", "ASIA1")], users=[record("ann", "Ann A.")])
    found = ladder({**EVENT, "delegation": BEHALF}, None, known)
    assert found["person_shown"] == [
        {"by": "user record of the directory", "user": USER, "at": "2022-06-01T17:00:00.000000Z",
         "evidence_item": "EV-2.w7", "locator": "body"},
        {"by": "case.toml, as supplied", "evidence": "list of ann"},
    ]  # fmt: skip


def changed(case: Path) -> dict[str, Any]:
    """The ladder of the policy's change."""
    row = next(r for r in read(case, "changes") if r["operation"] == "PutBucketPolicy")
    found: dict[str, Any] = json.loads(row["attribution"])["ladder"]
    return found


def test_through_a_build(tmp_path: Path) -> None:
    trail = Trail("people")
    trail.create()
    trail.policy(trail.public())
    trail.records[-1]["userIdentity"] = {
        **ADMIN, "onBehalfOf": json.loads(BEHALF)["onBehalfOf"],
    }  # fmt: skip
    case = build(tmp_path, [trail])
    assert "person" not in changed(case)
    users = {"Users": [{"UserName": "ann", "UserId": USER, "DisplayName": "Ann A.",
                        "IdentityStoreId": STORE}]}  # fmt: skip
    (tmp_path / "users.json").write_text(json.dumps(users), encoding="utf-8")
    at = "2022-06-02T00:00:00Z"
    path = str(tmp_path / "users.json")
    assert run("import", "--case", str(case), "--observed-at", at, path)[0] in (0, 3)
    assert run("build", "--case", str(case))[0] in (0, 3)
    assert changed(case)["person"] == "Ann A."
    assert changed(case)["person_shown"][0]["evidence_item"].startswith("EV-4.")
    text = (case / "case.toml").read_text(encoding="utf-8")
    people = f'[[people]]\nname = "Bob"\nprincipals = ["{ADMIN["arn"]}"]\nevidence = "list"\n\n'
    (case / "case.toml").write_text(
        text.replace("[incident]", f"{people}[incident]", 1), encoding="utf-8"
    )
    assert run("build", "--case", str(case))[0] in (0, 3)
    assert "different people" in changed(case)["stops"]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('name = "A"\nprincipals = ["x"]', "evidence"),
        ('evidence = "e"\nprincipals = ["x"]', "name"),
        ('evidence = "e"\nname = "A"', "principals"),
        ('evidence = "e"\nname = "A"\nprincipals = ["x"]\nfrom = 2022-01-02T00:00:00Z\n'
         "to = 2022-01-02T00:00:00Z", "to"),
        ('evidence = "e"\nname = "A"\nprincipals = ["x"]\nmail = "a"', "mail"),
    ],
)  # fmt: skip
def test_statements_that_say_too_little(tmp_path: Path, lines: str, problem: str) -> None:
    text = TEXT.replace("[incident]", f"[[people]]\n{lines}\n\n[incident]", 1)
    (tmp_path / "case.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=problem):
        case_file.load(tmp_path)


def test_a_redacted_rendition_replaces_the_names() -> None:
    from types import SimpleNamespace

    from reports.redaction import rewrite

    known = Known(issues={}, people=[assigned("ann", "ASIA1")], users=[record("ann", "Ann A.")])
    found = ladder({**EVENT, "delegation": BEHALF}, None, known)
    rows = ({"attribution": json.dumps({"ladder": found})}, {"attribution": None})
    assert rewrite._people(SimpleNamespace(changes=rows)) == {"ann", USER}  # type: ignore[arg-type]
