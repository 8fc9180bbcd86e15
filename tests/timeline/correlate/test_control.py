"""Technical control on the built-in incident: three-valued, since when, by party."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collector import case as case_file
from tests.timeline.correlate.test_northwind import built
from timeline import tables
from timeline.correlate import control
from timeline.correlate.aws import control as aws
from timeline.correlate.control import CHANGE, NO, SEE, UNKNOWN, YES
from timeline.correlate.control import permissions as asked

BUCKET = "arn:aws:s3:::northwind-claims-archive"
AT = datetime(2022, 5, 27, 8, 12, 19, tzinfo=UTC)


@pytest.fixture(scope="module")
def northwind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("control"))


def _held(case: Path, **other: Any) -> control.Held:
    derived = case / "derived"
    rows = {
        "intervals": tuple(tables.read(derived, "intervals")),
        "changes": tuple(tables.read(derived, "changes")),
    } | other
    return asked([BUCKET], rows["intervals"], rows["changes"], case_file.load(case))


def test_permissions_by_party(northwind: Path) -> None:
    held = _held(northwind)
    assert held.left_out == 0
    by = {(p.principal.rsplit("/", 1)[-1], p.pattern, p.what): p for p in held.permissions}
    assert by["MeridianOps", "policy", CHANGE].at(AT) == YES
    assert by["MeridianOps", "policy", CHANGE].party == "Meridian Cloud Services"
    assert by["PlatformAdmin", "public_access_block.*", CHANGE].at(AT) == YES
    assert by["HarborImport", "policy", CHANGE].at(AT) == NO
    partner = by["HarborImport", "objects", SEE]
    assert partner.at(AT) == YES
    assert partner.first is not None
    assert (partner.first.start, str(partner.first.start_bound)) == (AT, "exact")
    assert partner.at(AT.replace(day=26)) == NO
    assert any("bucket.policy" in path for path in partner.because(AT))
    assert by["MeridianOps", "policy", CHANGE].at(datetime(2022, 1, 1, tzinfo=UTC)) == UNKNOWN


def test_no_listing_is_unknown_and_never_no(northwind: Path) -> None:
    intervals = tuple(
        row for row in tables.read(northwind / "derived", "intervals")
        if ":iam::" not in row["resource_uid"]
    )  # fmt: skip
    held = _held(northwind, intervals=intervals)
    assert held.permissions
    wrote = [p for p in held.permissions if "MeridianOps" in p.principal and p.what == CHANGE]
    assert {p.at(AT) for p in wrote} == {UNKNOWN}
    assert all(p.unknowns(AT) for p in wrote)
    assert all(p.proof is None for p in wrote)


def test_nothing_recorded_asks_nobody(northwind: Path) -> None:
    assert _held(northwind, intervals=(), changes=()).permissions == ()


@pytest.mark.parametrize(
    ("answers", "together"),
    [
        ([], UNKNOWN), ([NO], NO), ([NO, UNKNOWN], UNKNOWN), ([UNKNOWN, YES], YES), ([NO, NO], NO),
    ],
)  # fmt: skip
def test_a_party_could_if_one_of_its_principals_could(answers: list[str], together: str) -> None:
    assert together == control.together(answers)


def test_sessions_lead_to_their_role() -> None:
    session = "arn:aws:sts::1:assumed-role/Ops/dlee"
    assert aws.role_of(session) == "arn:aws:iam::1:role/Ops"
    assert aws.role_of("arn:aws:iam::1:user/a/b") == "arn:aws:iam::1:user/a/b"
    assert aws.role_of("arn:aws:iam::1:root") is None
    assert aws.role_of("cloudformation.amazonaws.com") is None
