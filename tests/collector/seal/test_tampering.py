"""Both verifiers on every mutation: same discrepancies, and each detected or said to be not.

`BUTFOR_REGEN=1 pytest tests/collector/seal/test_tampering.py` writes docs/tamper-matrix.md as
measured; without it the file is compared.
"""

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector import verify
from tests.collector.seal import aws_cases, build, standalone, tamper_acts, tampering
from tests.collector.seal import aws_trails as trails
from tests.collector.seal.test_aws_archives import tarred, zipped

LOOSE = "objects"
FORMS: dict[str, Callable[[trails.Objects], trails.Objects]] = {
    LOOSE: lambda objects: objects,
    "zip": lambda objects: {"bucket.zip": trails.Stored(zipped(objects))},
    "tar.gz in a zip": lambda objects: {
        "bucket.zip": trails.Stored(
            zipped({"bucket.tar.gz": trails.Stored(gzip.compress(tarred(objects), mtime=0))})
        )
    },
}
SECOND = "\n## Before the hand-over"
RESPONDER = "http://responder.invalid/"  # named in the certificate; nobody is asked here
MATRIX = Path(__file__).parents[3] / "docs/tamper-matrix.md"


def both(case: Path, trust: verify.Trust | None = None) -> dict[str, Any]:
    """What the product says, after the stand-alone verifier said exactly the same."""
    product = verify.run(case, trust).as_data()
    assert standalone.run(case, trust or verify.Trust()) == product
    return product


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> build.Authority:
    if not build.have_openssl():
        pytest.skip("openssl is not installed: no tokens can be made")
    return build.Authority(tmp_path_factory.mktemp("tsa") / "tsa", responder=RESPONDER)


@pytest.fixture(scope="module")
def attacker(tmp_path_factory: pytest.TempPathFactory) -> build.Authority:
    if not build.have_openssl():
        pytest.skip("openssl is not installed: no tokens can be made")
    folder = tmp_path_factory.mktemp("attacker") / "tsa"
    return build.Authority(folder, policy="1.2.3.4", responder=RESPONDER)


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory, authority: build.Authority) -> Path:
    return build.sealed_case(tmp_path_factory.mktemp("stamped") / "case", authority)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build.sealed_case(tmp_path_factory.mktemp("plain") / "case")


def test_untampered(stamped: Path, authority: build.Authority) -> None:
    trust = verify.Trust(keys=frozenset({build.KEYID}), tsa_root=authority.root, sha512=True)
    assert both(stamped, trust)["exit"] == 0
    assert both(stamped)["exit"] == 3
    assert both(stamped)["custody"]["not_anchored"] == [9, 10]


def _measure(
    mutation: tampering.Mutation,
    stamped: Path,
    bare: set[str],
    authority: build.Authority,
    work: Path,
) -> tuple[list[str], list[str]]:
    """Checks that see it: for a reader without, and for one with trust and an earlier seal.

    `bare`: what such a reader is told of the untampered case.
    """
    case = work / "case"
    shutil.copytree(stamped, case)
    mutation.apply(case)
    seen = both(case)
    without = _checks(seen, bare)
    trust = verify.Trust(
        keys=frozenset({build.KEYID}),
        tsa_root=authority.root,
        earlier=(tamper_acts.envelope(stamped, 2),),
    )
    known = both(case, trust)
    shutil.rmtree(case)
    return without, _checks(known, set())


def _checks(report: dict[str, Any], bare: set[str]) -> list[str]:
    """Checks that say "wrong", then, marked `?`, those that only say "could not be checked"."""
    wrong = {one["check"] for one in report["wrong"]}
    unchecked = {one["check"] for one in report["unchecked"]} - bare
    return sorted(f"`{one}`" for one in wrong) + sorted(f"`{one}`?" for one in unchecked)


def test_matrix(
    stamped: Path, authority: build.Authority, attacker: build.Authority, tmp_path: Path
) -> None:
    bare = {one["check"] for one in both(stamped)["unchecked"]}
    rows = []
    for mutation in tampering.matrix(attacker):
        without, known = _measure(mutation, stamped, bare, authority, tmp_path)
        assert bool(without) == (not mutation.limit), (mutation.name, without)
        assert bool(known) == (not mutation.always), (mutation.name, known)
        rows.append((mutation, without, known))
    compare(_page(rows), part=0)


def compare(text: str, *, part: int) -> None:
    """One part of the page against what was measured: before the heading of the second, or from it
    on. Written instead, if that is asked for."""
    parts = [*MATRIX.read_text(encoding="utf-8").partition(SECOND)]
    parts = [parts[0], "".join(parts[1:])]
    if os.environ.get("BUTFOR_REGEN"):
        parts[part] = text
        MATRIX.write_text("".join(parts), encoding="utf-8")
    assert parts[part] == text


@pytest.mark.parametrize("form", FORMS)
def test_handed_over(tmp_path: Path, form: str) -> None:
    """What was done to a trail before it was handed over, in one form: as the page says."""
    page = MATRIX.read_text(encoding="utf-8").partition(SECOND)[2]
    table = [row.split(" | ") for row in page.splitlines() if row.startswith("| ")][1:]
    column = 1 + list(FORMS).index(form)
    printed = {row[0].removeprefix("| "): row[column].removesuffix(" |") for row in table}
    assert printed == measured(tmp_path, form)
    unseen = {name for name, cell in printed.items() if "not seen" in cell}
    assert unseen - {"good"} <= set(UNSEEN), "each is seen, or listed with the reason"


def measured(work: Path, form: str) -> dict[str, str]:
    """Case of a trail -> the checks that see it where the trail is handed over in a form."""
    cells = {}
    work.mkdir(exist_ok=True)
    for number, case in enumerate(aws_cases.CASES):
        objects = FORMS[form](case.objects())
        keys = trails.public_keys()
        held = trails.hold(work / f"{number}", objects, keys=keys, collected=form == LOOSE)
        report = both(held)
        assert "provider-archive" not in {one["check"] for one in report["unchecked"]}
        bare = {"provider-signature"} if form != LOOSE else set()  # metadata is lost in an archive
        cells[case.name] = ", ".join(_checks(report, bare)) or "**not seen**"
    return cells


def test_second_part(tmp_path: Path) -> None:
    """Writes it, if that is asked for; its cells are compared form by form above."""
    if not os.environ.get("BUTFOR_REGEN"):
        pytest.skip("the second part is only written when the page is made anew")
    columns = [measured(tmp_path / str(at), form) for at, form in enumerate(FORMS)]
    rows = [
        f"| {case.name} | " + " | ".join(column[case.name] for column in columns) + " |"
        for case in aws_cases.CASES
    ]
    head = f"| trail | {' | '.join(FORMS)} |\n|---|{'---|' * len(FORMS)}\n"
    limits = [f"- **{name}**: {why}." for name, why in UNSEEN.items()]
    tail = ["", "Not seen, and why:", "", *limits, ""]
    compare(SECOND + _SECOND + head + "\n".join([*rows, *tail]), part=1)


def _page(rows: list[tuple[tampering.Mutation, list[str], list[str]]]) -> str:
    def cell(checks: list[str]) -> str:
        return ", ".join(checks) or "**not seen**"

    table = [
        f"| {mutation.name} | {cell(without)} | {cell(known)} |"
        for mutation, without, known in rows
    ]
    limits = [f"- **{one.name}**: {one.limit}." for one, _, _ in rows if one.limit]
    seen = sum(bool(without) for _, without, _ in rows)
    return _HEAD.format(seen=seen, count=len(rows)) + "\n".join(
        [*table, "", "## Not seen, and why", "", *limits, ""]
    )


_SECOND = """

What was done to a trail of CloudTrail log files and digests before it was handed over, and which
checks of `docs/methods/integrity.md` see it, in both verifiers alike: as objects with their user
metadata, in one archive, and in an archive in an archive. An archive keeps no user metadata, so
that the newest digest there has no signature to check (`provider-signature`?), whatever was done;
that is left out of its columns. "Not seen" beside "good" is what must be; anywhere else it is a
limit, and its reason stands below.

"""
UNSEEN = {
    "digests exchanged": "in an archive a name is a label; a digest says itself which object it "
    "is, and is judged as that",
    "newest digest deleted": "the digests before it are whole without it; only an archived "
    "GetTrailStatus answer tells that there was a newer one, else the end of the chain is printed "
    "as “not established”",
    "newest digest signed by another key": "its signature is in the user metadata, which an "
    "archive does not keep: it is printed that the newest digest could not be checked",
    "newest digest signed with SHA-1": "the same",
}
_HEAD = """# Tamper matrix, as measured

Written by a test run, not by hand: `BUTFOR_REGEN=1 pytest tests/collector/seal/test_tampering.py`.
Each row is one thing that somebody who can write the folder does to a sealed and timestamped case
(two acquisitions, two seals, two tokens). `butfor verify` and the stand-alone `verify.py` are both
run on every row, with the same result to the letter. The columns name the checks that see it, as
listed in `docs/methods/integrity.md`; with a question mark where the result is "could not be
checked" (exit 3) and not "wrong" (exit 4):

- *alone*: the reader has only the folder ({seen} of {count} seen);
- *with trust*: he also has the key fingerprint, the root certificate of the time-stamping
  authority, and a seal that he was given earlier.

| mutation | alone | with trust |
|---|---|---|
"""


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_bit(plain: Path, tmp_path: Path, data: st.DataObject) -> None:
    """One bit anywhere: the verifiers agree, and only the last line under no seal goes unseen."""
    files = sorted(path.relative_to(plain) for path in plain.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    size = (plain / path).stat().st_size
    if size == 0:
        return
    at, bit = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, 7))
    case = tmp_path / "case"
    shutil.rmtree(case, ignore_errors=True)
    shutil.copytree(plain, case)
    tamper_acts.flip(case / path, at, bit)
    report = both(case)
    last = path.name == "custody.jsonl" and at >= size - len(tamper_acts.lines(plain / path)[-1])
    if path.name == "case.toml":
        assert {one["check"] for one in report["unchecked"]} >= {"config-unrecorded"}
    elif not last:
        assert report["exit"] == 4


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_cut(plain: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Any file cut anywhere: the verifiers agree, and the cut is seen."""
    files = sorted(
        path.relative_to(plain)
        for path in plain.rglob("*")
        if path.is_file() and path.stat().st_size and path.name != "case.toml"
    )
    path = data.draw(st.sampled_from(files))
    body = (plain / path).read_bytes()
    case = tmp_path / "case"
    shutil.rmtree(case, ignore_errors=True)
    shutil.copytree(plain, case)
    (case / path).write_bytes(body[: data.draw(st.integers(0, len(body) - 1))])
    report = both(case)
    assert (
        report["exit"] == 4
        or "custody-torn" in {one["check"] for one in report["unchecked"]}
        or "seal-unrecorded" in {one["check"] for one in report["unchecked"]}
    )
