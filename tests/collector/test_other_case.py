"""`butfor import OTHERCASE`: a case taken as one acquisition, its ids kept, its gaps kept."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import butfor
from collector import bagit_bag, custody, importer, ledger, seal, session, store, verify
from collector.acquisition import AcquisitionWriter, acquire
from collector.importer import HandOver, ImportReport
from collector.model import EvidenceItem
from tests.collector import cases
from tests.collector.seal import build, standalone, tamper_acts
from tests.collector.test_store import REQUEST, fill


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(butfor.main, [str(one) for one in arguments])


def imported(case: Path, *paths: Path) -> ImportReport:
    with session.writing(case, "import") as writing:
        return importer.run(writing, paths, HandOver(provided_by="Contoso"))


def sealed(case: Path) -> None:
    with session.writing(case, "seal") as writing:
        seal.create(writing, build.KEY)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Two files, a gap, an exchange that two observations cite, a denial; sealed."""
    case = cases.make(tmp_path / "other")
    with session.writing(case, "test") as writing, acquire(writing, REQUEST) as writer:
        fill(writer)
    sealed(case)
    return case


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return cases.make(tmp_path)


def evidence(case: Path) -> list[EvidenceItem]:
    return [item for item in store.items(case) if not item.accompanies]


def body(case: Path, item: EvidenceItem) -> bytes:
    with store.open_item(case, item) as file:
        return file.read()


def verified(case: Path) -> dict[str, Any]:
    """What both verifiers say."""
    report = verify.run(case).as_data()
    assert standalone.run(case, verify.Trust()) == report
    return report


def test_items_keep_what_was_known(case: Path, other: Path) -> None:
    imported(case, other)
    ours, theirs = evidence(case), list(store.items(other))
    assert [(one.name, one.digest, one.content_sha256) for one in ours] == [
        (one.name, one.digest, one.content_sha256) for one in theirs
    ]
    assert [one.origin.item for one in ours if one.origin] == [one.uid for one in theirs]
    assert [body(case, one) for one in ours] == [body(other, one) for one in theirs]
    first = next(iter(store.facts(case, store.acquisitions(case)[0])))
    assert first["source"].startswith("file:///")
    files = [line for line in store.facts(case, store.acquisitions(case)[0]) if line["metadata"]]
    assert [(line["metadata"], line["headers"], line["version_id"]) for line in files] == [
        ({"signature": "ab"}, [["ETag", "x"]], "v1")
    ]
    assert files[0]["origin"]["source"] == "test:k/a.gz"
    assert files[0]["observed_at"] is not None
    assert verified(case)["wrong"] == []


def test_everything_is_taken(case: Path, other: Path) -> None:
    (other / "derived").mkdir()
    (other / "derived/findings.json").write_text("[]")
    report = imported(case, other)
    held = [item.origin.path for item in store.items(case)
            if item.origin and item.path.parent.name == ledger.FOLDER]  # fmt: skip
    there = [path.relative_to(other).as_posix() for path in other.rglob("*") if path.is_file()]
    assert sorted(held) == sorted(there)
    assert report.seen == report.kept == len(there)


def test_observations_are_taken_over(case: Path, other: Path) -> None:
    imported(case, other)
    ours = [one for _, one in store.observations(case)]
    theirs = [one for _, one in store.observations(other)]
    assert [(o.operation, o.resource, o.outcome, o.at) for o in ours] == [
        (o.operation, o.resource, o.outcome, o.at) for o in theirs
    ]
    assert [[r.digest for r in o.records] for o in ours] == [
        [r.digest for r in o.records] for o in theirs
    ]


def test_verdict(case: Path, other: Path) -> None:
    done = run("import", other, "--case", case)
    assert done.exit_code == 3, done.output  # the gaps of the other case
    record = store.acquisitions(case)[0].record
    (verdict,) = record["handover"]["cases"]
    lines = (other / custody.NAME).read_bytes().splitlines()
    assert (verdict["entries"], verdict["wrong"], verdict["wrong_total"]) == (len(lines), [], 0)
    assert (verdict["exit"], verdict["relation"], verdict["seals"]) == (3, "another case", 1)
    assert "key-not-established" in {one["check"] for one in verdict["unchecked"]}
    assert f"case {verdict['case']} (another case): {len(lines)} custody entries" in done.output
    assert json.loads(run("import", other, "--case", case, "--json").output)["cases"] == [verdict]


def test_gaps_are_inherited(case: Path, other: Path) -> None:
    report = imported(case, other)
    (theirs,) = store.gaps(other)
    (ours,) = report.gaps
    assert (ours.kind, ours.subject, ours.time_from) == ("denied", "k/b", theirs.time_from)
    assert theirs.reason in ours.reason


def test_damage_is_a_gap(case: Path, other: Path) -> None:
    folder = next((other / "evidence").iterdir())
    damaged, missing = sorted((folder / "files").iterdir())
    for path in (folder, folder / "files"):
        path.chmod(0o700)
    damaged.chmod(0o600)
    tamper_acts.flip(damaged, 9)
    missing.unlink()
    report = imported(case, other)
    (verdict,) = report.cases
    assert (verdict["exit"], verdict["wrong_total"]) == (4, 2)
    where = {gap.subject: gap for gap in report.gaps if gap.kind == "failed"}
    assert {path.relative_to(other).as_posix() for path in (damaged, missing)} == set(where)
    uid = next(item.uid for item in store.items(case) if item.origin and item.origin.item)
    assert where[damaged.relative_to(other).as_posix()].item == uid
    assert where[missing.relative_to(other).as_posix()].item is None
    assert verified(case)["wrong"] == []


def test_records_that_the_ledger_does_not_vouch_for(case: Path, other: Path) -> None:
    """A record put in the place of another keeps out the observations that cite it."""
    folder = next((other / "evidence").iterdir())
    path = folder / ledger.OBSERVATIONS
    folder.chmod(0o700)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"sha256":"', b'"sha256":"0'))
    report = imported(case, other)
    assert [one for _, one in store.observations(case) if one.records] == []
    assert any("expected the records that" in gap.reason for gap in report.gaps)


@pytest.mark.parametrize("uid", ["EV-1.f1", "EV-1.w2"])
def test_what_was_withdrawn_stays_withdrawn(case: Path, other: Path, uid: str) -> None:
    assert run("exclude", uid, "--reason", "privileged", "--case", other).exit_code == 0
    imported(case, other)
    origins = {item.origin.item for item in store.items(case) if item.origin}
    assert uid not in origins
    struck = [item for item in store.items(case, withdrawn=True) if item.uid in
              store.exclusions(case)]  # fmt: skip
    assert uid in {item.origin.item for item in struck if item.origin}
    assert ("api.warc.gz" in {item.name.rpartition("/")[2] for item in struck}) == (".w" in uid)
    assert all("privileged" in reason for reason in store.exclusions(case).values())


@pytest.mark.parametrize(
    ("copy_goes_on", "relation", "wrong"),
    [
        (False, "an earlier state of this case", set()),
        (True, "a copy of this case that went on separately", {"seal-fork"}),
    ],
)
def test_fork(other: Path, tmp_path: Path, copy_goes_on: bool, relation: str,
              wrong: set[str]) -> None:  # fmt: skip
    """Two seals of one case without a consistency proof between them: exit 4, both verifiers."""
    copy = Path(shutil.copytree(other, tmp_path / "copy"))
    for one in (copy, other) if copy_goes_on else (other,):
        goes_on(one)
    (verdict,) = imported(other, copy).cases
    assert verdict["relation"].startswith(relation)
    report = verified(other)
    assert {one["check"] for one in report["wrong"]} == wrong
    assert report["exit"] == (4 if wrong else 3)


def goes_on(case: Path) -> None:
    with session.writing(case, "test") as writing:
        writing.record("access", why="test", data={})
    sealed(case)


def test_a_later_state_of_the_same_case(other: Path, tmp_path: Path) -> None:
    """Importing it would make a fork where there is none."""
    copy = Path(shutil.copytree(other, tmp_path / "copy"))
    goes_on(copy)
    done = run("import", copy, "--case", other)
    assert done.exit_code == 2
    assert "a later state of this very case" in done.output
    assert not any(one.action == "acquisition.open" and one.data["acq"] == 2
                   for one in custody.read(other))  # fmt: skip


def test_bag(case: Path, other: Path, tmp_path: Path) -> None:
    bagit_bag.write(other, tmp_path / "bag")
    (verdict,) = imported(case, tmp_path / "bag").cases
    assert (verdict["wrong_total"], verdict["entries"]) == (0, len(custody.read(other)))
    origins = [item.origin for item in evidence(case)]
    assert [one.item for one in origins if one] == [one.uid for one in store.items(other)]
    assert origins[0] is not None
    assert origins[0].path.startswith("data/evidence/0001-")


def test_resumes(case: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped while the exchanges are taken over, the same command goes on: nothing twice."""
    add, calls = AcquisitionWriter.add_observation, 0

    def stopping(writer: AcquisitionWriter, observation: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            writer.commit()
            raise OSError(28, "No space left on device")
        add(writer, observation)

    with monkeypatch.context() as patched:
        patched.setattr(AcquisitionWriter, "add_observation", stopping)
        assert run("import", other, "--case", case).exit_code == 3
    done = run("import", other, "--case", case, "--json")
    assert json.loads(done.output)["resumed"] is True
    whole = cases.make(tmp_path / "whole")
    imported(whole, other)
    assert [(one.name, one.digest, one.origin) for one in store.items(case)] == [
        (one.name, one.digest, one.origin) for one in store.items(whole)
    ]
    assert verified(case)["wrong"] == []


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_hostile(other: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Whatever byte of the other case is altered: it is taken, and ours verifies."""
    copy, ours = tmp_path / "copy", tmp_path / "ours"
    for folder in (copy, ours):
        tamper_acts.thaw(folder)
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(other, copy)
    tamper_acts.thaw(copy)
    files = [path for path in sorted(copy.rglob("*")) if path.is_file() and path.stat().st_size]
    path = data.draw(st.sampled_from(files))
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at : at + 1] = data.draw(st.binary(max_size=3))
    path.write_bytes(raw)
    session.create(ours)
    report = imported(ours, copy)
    assert report.seen == report.kept
    assert verified(ours)["wrong"] == []
    assert store.items(ours)
