"""Known answers of real logs; skipped where the logs are not at hand."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256, sha512
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import pytest

from collector.model import Digest, EvidenceItem
from timeline import normalize
from timeline.model import Knowledge
from timeline.state.intervals import History
from timeline.state.replay import StateResult, run

DATA = Path(__file__).parents[4] / "shared" / "data"
INVICTUS = DATA / "aws_invictus_stratus"
EXPERIMENT = DATA / "aws_causation_experiment"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _item(number: int, root: Path, file: Path, observed_at: datetime | None) -> EvidenceItem:
    content = file.read_bytes()
    return EvidenceItem(
        uid=f"EV-1.f{number}",
        acquisition=1,
        path=PurePosixPath(file.relative_to(root).as_posix()),
        name=file.name,
        size=len(content),
        digest=Digest(sha256=sha256(content).hexdigest(), sha512=sha512(content).hexdigest()),
        content_sha256=None,
        acquired_at=NOW,
        observed_at=observed_at,
        source="import",
    )


def _open(root: Path, item: EvidenceItem) -> BinaryIO:
    return (root / item.path).open("rb")


def replayed(root: Path, files: Sequence[tuple[Path, datetime | None]], out: Path) -> StateResult:
    """Files of a folder, normalized and replayed."""
    items = [_item(n, root, file, seen) for n, (file, seen) in enumerate(files, start=1)]
    opener = partial(_open, root)
    normalize.run(out, items, out / "events", open_item=opener, workers=1)
    return run(normalize.read(out / "events"), normalize.snapshots(items, opener))


@pytest.fixture(scope="module")
def invictus(tmp_path_factory: pytest.TempPathFactory) -> StateResult:
    if not INVICTUS.is_dir():
        pytest.skip(f"real log not at hand: {INVICTUS}")
    files = [(file, None) for file in sorted(INVICTUS.glob("*.json"))]
    return replayed(INVICTUS, files, tmp_path_factory.mktemp("invictus"))


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> StateResult:
    if not EXPERIMENT.is_dir():
        pytest.skip(f"measured histories not at hand: {EXPERIMENT}")
    logs: list[tuple[Path, datetime | None]] = [
        (file, None) for file in sorted((EXPERIMENT / "AWSLogs").rglob("*.gz"))
    ]
    for file in sorted((EXPERIMENT / "iam").rglob("*.json")):
        logs.append((file, datetime.fromisoformat(f"{file.parent.name}T00:00:00+00:00")))
    return replayed(EXPERIMENT, logs, tmp_path_factory.mktemp("experiment"))


def test_cross_account_grant(invictus: StateResult) -> None:
    """The grant of the attacked bucket, to the second, with actor and agent."""
    bucket = "arn:aws:s3:::stratus-red-team-bdbp-lhfzvgcamn"
    held = [
        r
        for r in invictus.intervals
        if (r["resource_uid"], r["slot"]) == (bucket, "policy")
        and "193672423079" in str(r["value"])
    ]
    assert len(held) == 1
    assert held[0]["start"] == datetime(2023, 7, 10, 12, 22, 41, tzinfo=UTC)
    assert held[0]["end"] == datetime(2023, 7, 10, 12, 28, 24, tzinfo=UTC)
    assert (held[0]["start_bound"], held[0]["end_bound"]) == ("exact", "exact")
    rows = [r for r in invictus.changes if (r["resource_uid"], r["slot"]) == (bucket, "policy")]
    found = [(r["operation"], r["effect"], r["technical_actor"]) for r in rows][:2]
    actor = "arn:aws:iam::123837392027:user/bert-jan"
    assert found == [("PutBucketPolicy", "adds", actor), ("DeleteBucketPolicy", "removes", actor)]
    assert all("stratus-red-team_" in r["attribution"] for r in rows[:2])


def test_trust_of_the_role_given_to_another_account(invictus: StateResult) -> None:
    role = "arn:aws:iam::123837392027:role/stratus-red-team-backdoor-r-role"
    foreign = [r for r in invictus.intervals if r["resource_uid"] == role and r["slot"] == "trust"
               and "193672423079" in str(r["value"])]  # fmt: skip
    assert [r["start"] for r in foreign] == [datetime(2023, 7, 10, 12, 24, 11, tzinfo=UTC)]
    assert [r["end"] for r in foreign] == [datetime(2023, 7, 10, 12, 28, 24, tzinfo=UTC)]


def test_account_block_read_as_absent(invictus: StateResult) -> None:
    state = History(invictus.intervals).at(
        "aws:account:123837392027", "public_access_block.RestrictPublicBuckets",
        datetime(2023, 7, 10, 12, 25, tzinfo=UTC),
    )  # fmt: skip
    assert state.value is False
    assert state.intervals[0].provenance is not None


def test_no_hidden_change_and_no_gap(invictus: StateResult, experiment: StateResult) -> None:
    """Both logs are complete: what is read agrees with what was written."""
    for found in (invictus, experiment):
        assert [r for r in found.changes if r["kind"] in ("hidden", "opaque")] == []
        assert found.gaps == []


def test_accepted_and_refused_changes_of_the_experiment(experiment: StateResult) -> None:
    """Every change that was tried is there, accepted or refused as the server did."""
    import json

    rows: dict[Any, bool] = {r["provider_uid"]: r["accepted"] for r in experiment.changes}
    for line in (EXPERIMENT / "truth.jsonl").read_text("utf-8").splitlines():
        for change in json.loads(line)["changes"]:
            assert rows.get(change["event_id"]) is change["accepted"], change


def test_administrator_of_the_experiment(experiment: StateResult) -> None:
    history = History(experiment.intervals)
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    middle = datetime(2022, 6, 15, tzinfo=UTC)
    for name, account in (("alice", "111111111111"), ("bob", "222222222222")):
        user = f"arn:aws:iam::{account}:user/{name}"
        attached = history.at(user, f"attached_policy/{admin}", middle)
        assert attached.knowledge is Knowledge.PRESENT
    version = history.at(admin, "version/v1", middle)
    assert [str(row.how_known) for row in version.intervals] == ["inferred"]


def test_console_sessions(tmp_path: Path) -> None:
    """Reduced records: nothing is made up; a policy status is no proof of a policy."""
    root = DATA / "aws_console_sessions"
    if not root.is_dir():
        pytest.skip(f"real sessions not at hand: {root}")
    found = replayed(root, [(file, None) for file in sorted(root.rglob("*.gz"))], tmp_path)
    assert [r for r in found.changes if r["kind"] in ("hidden", "opaque")] == []
    assert found.gaps == []
    assert {r["operation"] for r in found.changes} >= {"CreateBucket"}


def test_answers_without_a_time_are_gaps(tmp_path: Path) -> None:
    root = DATA / "aws_cloudmapper_demo"
    if not root.is_dir():
        pytest.skip(f"real answers not at hand: {root}")
    found = replayed(root, [(file, None) for file in sorted(root.rglob("*.json"))], tmp_path)
    assert found.intervals == []
    assert {"aws.iam.authorization_details"} <= {gap.subject for gap in found.gaps}
    assert {gap.kind for gap in found.gaps} == {"not_understood"}
