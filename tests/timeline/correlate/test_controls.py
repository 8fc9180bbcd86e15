"""Named controls and declared targets: what they come to, since when, with which parameters."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.correlate.cases import OWNER, READER, Trail, build, read, run
from timeline.correlate.aws.controls import substituted
from timeline.correlate.aws.defaults import default
from timeline.correlate.controls import catalogue
from timeline.model import Bound, HowKnown, Knowledge, SlotState, StateInterval
from timeline.whatif import place_of

INCIDENT = '[incident]\nfrom = 2022-06-01T00:04:30Z\nresources = ["quarry"]\n'
BUCKET = "arn:aws:s3:::quarry"
READER_ARN = f"arn:aws:iam::{OWNER}:user/reader"


@pytest.fixture(scope="module")
def quarry(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Opened twice over: a public policy, written again with one statement more, and a list."""
    t = Trail("quarry")
    t.create()
    named = {"c1": t.policy(t.public())}
    named["c2"] = t.policy(t.public(), {**t.partner(), "Action": "s3:PutObject"})
    named["x"] = t.read()
    named["signed"] = t.read(READER)
    toml = (
        f"format = 1\n{INCIDENT}[counterfactuals]\ndefault_at_creation = true\n"
        "baseline = 2022-06-01T00:02:30Z\n"
    )
    return build(tmp_path_factory.mktemp("quarry"), [t], toml=toml), named


def asked(case: Path, *more: str) -> dict[str, dict[str, Any]]:
    code, said = run("whatif", "--case", str(case), "--controls", "--json", *more)
    assert code == 0
    return {one["name"]: one for one in json.loads(said)}


@pytest.mark.parametrize(
    ("name", "yes", "no", "undetermined"),
    [
        ("block-public-access", 1, 1, 0),
        ("block-public-access-container", 1, 1, 0),
        ("public-policy-removed", 1, 1, 0),
        ("acls-disabled", 0, 2, 0),
        ("tls-only", 0, 2, 0),
        ("mfa", 2, 0, 0),
        # Nobody without credentials belongs to an organization; whose the user is no record says.
        ("organization-only", 1, 0, 1),
        ("vpc-endpoint-only", 2, 0, 0),
        ("role-limited-to-prefix", 1, 1, 0),
        ("provider default at creation", 1, 1, 0),
        ("baseline of 2022-06-01T00:02:30Z", 1, 1, 0),
    ],
)
def test_what_each_comes_to(
    quarry: tuple[Path, dict[str, str]], name: str, yes: int, no: int, undetermined: int
) -> None:
    """An anonymous read and one by a user of the account, who needs no public grant."""
    given = ("prefix=exports/", "organization=o-exampleorgid", "endpoint=vpce-0a1")
    one = asked(quarry[0], *(word for text in given for word in ("--with", text)))[name]
    assert one["status"] == "asked"
    assert one["accesses"] == {"yes": yes, "no": no, "undetermined": undetermined}
    assert one["asked"] == 2
    assert sum(one["objects"].values()) == 1
    assert one["bytes_out"]["yes"] == 10 * yes


def test_table_has_the_same_and_its_classes_resolve(quarry: tuple[Path, dict[str, str]]) -> None:
    rows = {row["control"]: row for row in read(quarry[0], "controls")}
    said = asked(quarry[0])
    assert rows.keys() == said.keys()
    held = {row["class_uid"] for row in read(quarry[0], "access_classes")}
    for name, row in rows.items():
        if row["status"] != "asked":
            assert row["note"]
            assert row["accesses"] is None
            continue
        for answer in ("yes", "no", "undetermined"):
            assert row[f"accesses_{answer}"] == said[name]["accesses"][answer]
            assert set(row[f"classes_{answer}"]) <= held
    assert rows["role-limited-to-prefix"]["status"] == "parameter not supplied"
    assert "prefix" in rows["role-limited-to-prefix"]["note"]
    assert json.loads(rows["role-limited-to-prefix"]["parameters_from"]) == {
        "prefix": "not supplied", "role": "records",
    }  # fmt: skip


def test_a_case_without_a_definition_is_asked_on_demand_only(tmp_path: Path) -> None:
    t = Trail("open")
    t.create()
    t.policy(t.public())
    t.read()
    case = build(tmp_path, [t])
    assert read(case, "controls") == []
    assert asked(case)["block-public-access"]["accesses"]["yes"] == 1
    assert {row["counterfactual"] for row in read(case, "class_changes")} == {"undo"}


def test_before_its_day_a_control_is_refused(quarry: tuple[Path, dict[str, str]]) -> None:
    code, said = run(
        "whatif", "--case", str(quarry[0]), "--control", "block-public-access",
        "--from", "2017-05-01T00:00:00Z",
    )  # fmt: skip
    assert code == 2
    assert "no earlier than 2018-11-15" in said
    assert "WhatsNew.md" in said


def test_accesses_before_its_day_are_not_asked(tmp_path: Path) -> None:
    t = Trail("old", datetime(2017, 6, 1, tzinfo=UTC))
    t.create()
    t.policy(t.public())
    t.read()
    toml = "format = 1\n[incident]\nanonymous = true\n"
    case = build(tmp_path, [t], iam=False, toml=toml)
    rows = {row["control"]: row for row in read(case, "controls")}
    for name in ("block-public-access", "acls-disabled", "organization-only"):
        assert rows[name]["status"] == "not available"
        assert rows[name]["accesses_yes"] is None
    assert rows["public-policy-removed"]["accesses_yes"] == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--control", "role-limited-to-prefix"), "prefix of object keys"),
        (("--control", "mfa", "--with", "prefix=x/"), "expected no parameter"),
        (("--control", "mfa", "--with", "prefix"), "expected NAME=VALUE"),
        (("--default", "yesterday"), "expected `creation` or a time"),
    ],
)
def test_what_was_expected_is_said(
    quarry: tuple[Path, dict[str, str]], arguments: tuple[str, ...], expected: str
) -> None:
    start = ("--from", "2022-06-01T00:00:00Z")
    code, said = run("whatif", "--case", str(quarry[0]), *arguments, *start)
    assert code == 2
    assert expected in said


def test_a_change_replaced_by_the_default_is_another_question_than_undoing_it(
    quarry: tuple[Path, dict[str, str]],
) -> None:
    """Undone, the second write leaves the first one's public statement; at the default none."""
    case, named = quarry
    classes = {r["provider_uid"]: r["class_uid"] for r in read(case, "access_classes")}
    names = {r["change_uid"]: r["provider_uid"] for r in read(case, "changes")}
    found = {
        (names[r["change_uid"]], r["undo"], r["counterfactual"]): r["but_for"]
        for r in read(case, "class_changes")
        if r["class_uid"] == classes[named["x"]]
    }
    for undo in ("delta", "replay"):
        assert found[named["c2"], undo, "undo"] == "no"
        assert found[named["c2"], undo, "provider default at creation"] == "yes"
        assert found[named["c2"], undo, "baseline of 2022-06-01T00:02:30Z"] == "yes"
    assert found[named["c1"], "delta", "provider default at creation"] == "yes"
    assert found[named["c1"], "replay", "provider default at creation"] == "no"
    held = [
        r for r in read(case, "class_sets")
        if (r["class_uid"], r["level"], r["undo"]) == (classes[named["x"]], "fact", "held")
    ]  # fmt: skip
    assert {r["counterfactual"] for r in held} == {
        "provider default at creation", "baseline of 2022-06-01T00:02:30Z",
    }  # fmt: skip
    assert {r["certainty"] for r in held} == {"certain"}
    code, said = run("explain", "--case", str(case), named["x"])
    assert code == 0
    assert "provider default at creation (replay) in the place of PutBucketPolicy" in said


@pytest.mark.parametrize(
    ("text", "place", "value"),
    [
        ("arn:aws:s3:::b|policy=null", ("arn:aws:s3:::b", "policy"), None),
        ("arn:aws:s3:::a.b.ownership=\"ObjectWriter\"", ("arn:aws:s3:::a.b", "ownership"),
         "ObjectWriter"),
        ("arn:aws:s3:::a.policy.public_access_block.IgnorePublicAcls=true",
         ("arn:aws:s3:::a.policy", "public_access_block.IgnorePublicAcls"), True),
    ],
)  # fmt: skip
def test_a_slot_by_a_dot_or_a_bar(text: str, place: tuple[str, str], value: object) -> None:
    assert place_of(text) == (place, value)


class Created:
    """A history that knows of one resource only since when it exists."""

    def __init__(self, start: datetime | None, bound: Bound) -> None:
        self.interval = StateInterval(
            resource_uid=BUCKET, slot="existence", fact="value", knowledge=Knowledge.PRESENT,
            value=True, start=start, end=None, start_bound=bound, end_bound=Bound.UNKNOWN,
            how_known=HowKnown.OBSERVED, why="", start_change=None, end_change=None,
            provenance=None,
        )  # fmt: skip

    def at(self, resource_uid: str, slot: str, t: datetime) -> SlotState:
        del resource_uid, slot, t
        return SlotState(
            knowledge=Knowledge.PRESENT, value=True, why="", intervals=(self.interval,)
        )

    def resources(self) -> tuple[str, ...]:
        return (BUCKET,)

    def slots(self, resource_uid: str) -> tuple[str, ...]:
        del resource_uid
        return ("existence",)


def day(year: int, month: int = 1) -> datetime:
    return datetime(year, month, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("created", "bound", "as_of", "flag", "ownership"),
    [
        (day(2016), Bound.EXACT, None, "false", '"ObjectWriter"'),
        (day(2020), Bound.EXACT, None, "false", '"ObjectWriter"'),
        (day(2023, 4), Bound.EXACT, None, None, None),
        (day(2024), Bound.EXACT, None, "true", '"BucketOwnerEnforced"'),
        (day(2016), Bound.EXACT, day(2024), "true", '"BucketOwnerEnforced"'),
        (day(2024), Bound.EXACT, day(2019), "false", '"ObjectWriter"'),
        # Seen first in 2020, so no later than then: both earlier rows say the same.
        (day(2020), Bound.NO_LATER_THAN, None, "false", '"ObjectWriter"'),
        (day(2024), Bound.NO_LATER_THAN, None, None, None),
        (None, Bound.UNKNOWN, None, None, None),
    ],
)
def test_default_of_the_day(
    created: datetime | None, bound: Bound, as_of: datetime | None, flag: str | None,
    ownership: str | None,
) -> None:  # fmt: skip
    view = Created(created, bound)
    for slot, expected in (
        ("public_access_block.IgnorePublicAcls", flag), ("ownership", ownership),
    ):  # fmt: skip
        place = (BUCKET, slot)
        said = default(place, view, day(2024, 6), as_of)
        assert said == {place: (("value", expected),) if expected else None}
    assert default((BUCKET, "policy"), view, day(2024, 6), as_of) == {(BUCKET, "policy"): ()}
    assert default((READER_ARN, "inline_policy/own"), view, day(2024, 6), as_of) == {}


def test_every_control_has_its_day_and_its_source() -> None:
    for control in catalogue("aws").values():
        assert control.source
        assert datetime(2006, 3, 14, tzinfo=UTC) < control.available
        text = json.dumps(control.statement)
        assert all(f"{{{name}}}" in text or name == "role" for name in control.parameters)


def test_parameters_are_filled_in() -> None:
    given = {"container": ("b",), "endpoint": ("vpce-1", "vpce-2")}
    assert substituted({"R": ["{container}/*", "{container}"], "E": "{endpoint}"}, given) == {
        "R": ["b/*", "b"], "E": ["vpce-1", "vpce-2"],
    }  # fmt: skip
