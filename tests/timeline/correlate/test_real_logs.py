"""Logs of real environments, and the measured experiment: the answers that they must give.

The logs are not distributed with the project; they lie beside a checkout that has them.
"""

import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.correlate.cases import read, run

SHARED = Path(__file__).parents[4] / "shared" / "data"
EXPERIMENT = SHARED / "aws_causation_experiment"

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="real logs are not distributed with the project"
)


def findings(case: Path) -> list[dict[str, Any]]:
    found = json.loads((case / "derived" / "findings.json").read_text(encoding="utf-8"))
    assert isinstance(found, list)
    return found


def built(folder: Path, *sources: tuple[Path, str | None]) -> Path:
    case = folder / "case"
    assert run("init", str(case))[0] == 0
    for source, observed in sources:
        at = ["--observed-at", observed] if observed else []
        assert run("import", "--case", str(case), *at, str(source))[0] in (0, 3)
    code, output = run("build", "--case", str(case))
    assert code in (0, 3), output[-2000:]
    return case


#: Histories of the experiment that are built here; a check outside the tests builds all of them.
SCENARIOS = 14


@pytest.fixture(scope="module")
def stratus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("stratus"), (SHARED / "aws_invictus_stratus", None))


@pytest.fixture(scope="module")
def exfiltration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("otrf"), (SHARED / "aws_otrf_ec2_proxy_s3_exfil", None))


@pytest.fixture(scope="module")
def truth() -> list[dict[str, Any]]:
    lines = (EXPERIMENT / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    families: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in map(json.loads, lines):
        families[one["family"]].append(one)
    each = SCENARIOS // len(families) + 1
    return [one for name in sorted(families) for one in families[name][:each]]


@pytest.fixture(scope="module")
def experiment(truth: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("experiment")
    logs = folder / "logs"
    logs.mkdir()
    names = {one["bucket"] for one in truth}
    users = {f"amy{name.rsplit('-', 1)[-1]}" for name in names}
    for path in sorted((EXPERIMENT / "AWSLogs").rglob("*.json.gz")):
        records = json.loads(gzip.decompress(path.read_bytes()))["Records"]
        kept = [r for r in records if _about(r, names, users)]
        if kept:
            packed = gzip.compress(json.dumps({"Records": kept}).encode(), mtime=0)
            (logs / path.name).write_bytes(packed)
    listings = [
        (EXPERIMENT / "iam" / day, f"{day}T00:00:00Z") for day in ("2022-05-31", "2022-08-01")
    ]
    return built(folder, (logs, None), *listings)


class TestStratus:
    """A run of an attack simulator: a backdoored bucket policy, management events only."""

    def test_cross_account_window_has_exact_bounds_and_its_changes(self, stratus: Path) -> None:
        windows = [
            w
            for w in read(stratus, "windows")
            if w["principal"] == "193672423079"
            and json.loads(w["reasons"])["conditional_on_own_account"]
        ]
        assert {w["action"] for w in windows} == {"s3:GetObject", "s3:ListBucket"}
        operations = {c["change_uid"]: c["operation"] for c in read(stratus, "changes")}
        for w in windows:
            assert (f"{w['start']:%H:%M:%S}", w["start_bound"]) == ("12:22:41", "exact")
            assert (f"{w['end']:%H:%M:%S}", w["end_bound"]) == ("12:28:24", "exact")
            assert operations[w["opened_by"]] == "PutBucketPolicy"
            assert operations[w["closed_by"]] == "DeleteBucketPolicy"
            assert w["decision"] == "UNKNOWN"  # the other account's own side is not recorded

    def test_access_is_not_established_rather_than_denied(self, stratus: Path) -> None:
        found = [f for f in findings(stratus) if "193672423079" in f["statement"]]
        assert found
        for f in found:
            assert f["result_class"] == "indeterminate"
            assert (
                "Access during it: not established, no data events in the records"
                in (f["statement"])
            )
            assert "arn:aws:iam::123837392027:user/bert-jan" in f["statement"]
            assert "stratus-red-team" in f["statement"]

    def test_no_decision_contradicts_the_log(self, stratus: Path) -> None:
        assert "contradicts" not in {r["agreement"] for r in read(stratus, "access_classes")}


class TestProxyExfiltration:
    """A lab breach: reads by a role's credentials; nothing of IAM in the records."""

    def test_reads_are_found_and_the_enabling_change_is_not_established(
        self, exfiltration: Path
    ) -> None:
        (found,) = [f for f in findings(exfiltration) if "(s3:GetObject)" in f["statement"]]
        assert found["result_class"] == "indeterminate"
        assert found["numbers"]["accesses"] == 2
        assert "do not establish which grant or change enabled them" in found["statement"]
        assert "taken for unknown, not for absent" in found["statement"]

    def test_nothing_is_decided_without_the_policies(self, exfiltration: Path) -> None:
        assert {c["decision"] for c in read(exfiltration, "classes")} == {"UNKNOWN"}


class TestExperiment:
    """Some of the measured histories: each counterfactual was really tried on a server."""

    def test_decisions_and_both_undos_are_as_measured(
        self, experiment: Path, truth: list[dict[str, Any]]
    ) -> None:
        decisions = {c["class_uid"]: c["decision"] for c in read(experiment, "classes")}
        classes = {a["provider_uid"]: a["class_uid"] for a in read(experiment, "access_classes")}
        names = {c["change_uid"]: c["provider_uid"] for c in read(experiment, "changes")}
        answers = {
            (r["class_uid"], names[r["change_uid"]], r["undo"]): r["but_for"]
            for r in read(experiment, "class_changes")
        }
        cuts: dict[str, set[frozenset[str]]] = defaultdict(set)
        for r in read(experiment, "class_sets"):
            if (r["undo"], r["kind"], r["level"]) == ("replay", "minimal cut", "change"):
                cuts[r["class_uid"]].add(frozenset(names[m] for m in r["members"]))
        pairs = 0
        for access in (a for one in truth for a in one["accesses"]):
            uid = classes[access["event_id"]]
            assert decisions[uid] == ("ALLOWED" if access["allowed"] else "DENIED")
            if not access["allowed"]:
                continue
            for undo in ("replay", "delta"):
                for change, still in access[f"{undo}_without"].items():
                    assert answers.get((uid, change, undo), "no") == ("no" if still else "yes")
                    pairs += 1
            if "replay_cuts" in access:
                assert cuts[uid] == {frozenset(k) for k in access["replay_cuts"]}
        assert pairs > 500


def _about(record: dict[str, Any], buckets: set[str], users: set[str]) -> bool:
    asked = record.get("requestParameters") or {}
    return asked.get("bucketName") in buckets or asked.get("userName") in users
