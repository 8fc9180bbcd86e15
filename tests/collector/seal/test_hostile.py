"""Values of the wrong kind anywhere in anything that is read: no exception, and both agree."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector import dsse, verify
from collector.verify import production
from tests.collector import cases
from tests.collector.seal import build, standalone
from tests.collector.seal.tamper_acts import entries

STRANGE: tuple[Any, ...] = (
    None, True, 0, -1, 2**53 - 1, 10**30, "", "x", "0" * 64, "../..", "\u0000", [], [1], [[]],
    {}, {"a": None}, "é",
)  # fmt: skip
FIXED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    if path:
        yield path
    items: list[tuple[Any, Any]] = list(value.items()) if isinstance(value, dict) else []
    items += enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from places(inner, (*path, name))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with one place replaced."""
    copy = json.loads(json.dumps(value))
    inner = copy
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = new
    return copy


def canonical(value: Any) -> bytes:
    """CJ, also of what CJ forbids."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def both(path: Path) -> verify.Report:
    """Our report, after the stand-alone verifier came to the same; neither raises."""
    trust = verify.Trust(keys=frozenset({build.KEYID}))
    report = verify.run(path, trust)
    assert standalone.run(path, trust) == report.as_data()
    return report


def fresh(source: Path, target: Path) -> Path:
    """A copy to work on."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build.sealed_case(tmp_path_factory.mktemp("plain") / "case")


@FIXED
@given(data=st.data())
def test_custody(plain: Path, tmp_path: Path, data: st.DataObject) -> None:
    """An entry with a strange value, the chain made to fit, so that only its meaning is strange."""
    case = fresh(plain, tmp_path / "case")
    changed = entries(case)
    number = data.draw(st.integers(0, len(changed) - 1))
    path = data.draw(st.sampled_from(sorted(places(changed[number]), key=str)))
    changed[number] = replaced(changed[number], path, data.draw(st.sampled_from(STRANGE)))
    if path not in (("prev",), ("seq",)):
        build.rewrite_chain(case, changed)
    both(case)


@FIXED
@given(data=st.data())
def test_manifest(plain: Path, tmp_path: Path, data: st.DataObject) -> None:
    case = fresh(plain, tmp_path / "case")
    path = next(case.glob("evidence/0001*/manifest.jsonl"))
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    place = data.draw(st.sampled_from(sorted(places(rows), key=str)))
    rows = replaced(rows, place, data.draw(st.sampled_from(STRANGE)))
    path.write_bytes(b"".join(canonical(row) + b"\n" for row in rows))
    assert both(case).exit_code == 4


@FIXED
@given(data=st.data())
def test_envelope(plain: Path, tmp_path: Path, data: st.DataObject) -> None:
    """The envelope, or the statement inside it, signed again by the very key."""
    case = fresh(plain, tmp_path / "case")
    path = case / "seals/0002/seal.dsse.json"
    value = json.loads(path.read_bytes())
    if data.draw(st.booleans()):
        place = data.draw(st.sampled_from(sorted(places(value), key=str)))
        path.write_bytes(
            canonical(replaced(value, place, data.draw(st.sampled_from(STRANGE)))) + b"\n"
        )
    else:
        inner = json.loads(base64.b64decode(value["payload"]))
        place = data.draw(st.sampled_from(sorted(places(inner), key=str)))
        body = canonical(replaced(inner, place, data.draw(st.sampled_from(STRANGE))))
        path.write_bytes(dsse.sign(value["payloadType"], body, build.KEY).raw)
    both(case)


@FIXED
@given(data=st.data())
def test_proof(tmp_path: Path, data: st.DataObject) -> None:
    """The known proof beside the known seal, with one strange value."""
    vectors = Path(__file__).parent / "vectors"
    out = tmp_path / "production"
    shutil.rmtree(out, ignore_errors=True)
    (out / "proofs").mkdir(parents=True)
    (out / "seals/0001").mkdir(parents=True)
    shutil.copy(vectors / "seal.dsse.json", out / "seals/0001")
    (out / "manifest.jsonl").write_bytes(b"")
    value = json.loads((vectors / "proof.json").read_bytes())
    place = data.draw(st.sampled_from(sorted(places(value), key=str)))
    strange = replaced(value, place, data.draw(st.sampled_from(STRANGE)))
    (out / "proofs/EV-1.f1.json").write_bytes(canonical(strange) + b"\n")
    assert both(out).exit_code == 4


def test_proof_is_read_strictly() -> None:
    with pytest.raises(production.ProofError):
        production.parse(b'{"v":1}')


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        b'{"a":1,"a":2}\n',
        b'{"v":1e9}\n',
        b'{"v":NaN}\n',
        b"null\n",
        b'{"a":"\\ud800"}\n',
    ],
    ids=repr,
)
def test_lines_of_any_kind(plain: Path, tmp_path: Path, body: bytes) -> None:
    """Bytes that are no entry, in every file of lines and in an envelope."""
    for name in ("custody.jsonl", "seals/0001/seal.dsse.json"):
        case = fresh(plain, tmp_path / "case")
        (case / name).write_bytes(body)
        assert both(case).exit_code == 4
    case = fresh(plain, tmp_path / "case")
    next(case.glob("evidence/0001*/manifest.jsonl")).write_bytes(body)
    assert both(case).exit_code == 4


def test_names_that_leave_the_folder(plain: Path, tmp_path: Path) -> None:
    """A manifest that names files elsewhere makes nobody read them."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"x")
    for name in ("../../../secret", str(secret), "files/../../secret", "files\\..\\x", "a\u0000b"):
        case = fresh(plain, tmp_path / "case")
        path = next(case.glob("evidence/0001*/manifest.jsonl"))
        row = {**json.loads(path.read_bytes().splitlines()[0]), "path": name}
        path.write_bytes(canonical(row) + b"\n")
        assert "manifest-line" in {one.check for one in both(case).wrong}


def test_pipe_in_place_of_a_file(plain: Path, tmp_path: Path) -> None:
    """It is named, and nobody waits for it."""
    case = fresh(plain, tmp_path / "case")
    target = next(case.glob("evidence/0001*/files/00000002*"))
    target.unlink()
    os.mkfifo(target)
    os.mkfifo(target.with_name("00000009-extra"))
    found = {(one.check, one.found) for one in both(case).wrong}
    assert found == {("file-missing", "not a regular file"), ("file-extra", "a file")}


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not hold for root")
def test_unreadable_file(plain: Path, tmp_path: Path) -> None:
    case = fresh(plain, tmp_path / "case")
    next(case.glob("evidence/0001*/files/00000002*")).chmod(0)
    report = both(case)
    assert report.wrong == ()
    assert "file-unreadable" in {one.check for one in report.unchecked}


def test_verifier_without_its_other_files(plain: Path, tmp_path: Path) -> None:
    """Carried without them, it says so and verifies nothing."""
    shutil.copy(standalone.PATH, tmp_path / "verify.py")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "verify.py"), str(plain)], capture_output=True, check=False
    )
    assert done.returncode == 3
    assert b"must lie beside" in done.stdout


def test_folder_that_cannot_be_looked_into(plain: Path) -> None:
    """What lies in it could not be checked; it is not called missing. As an unprivileged user."""
    both(plain)  # loads all that root alone may read
    with cases.as_nobody(), TemporaryDirectory() as name:
        case = build.sealed_case(Path(name) / "case")
        folder = next(case.glob("evidence/0001*/files"))
        folder.chmod(0)
        try:
            report = both(case)
        finally:
            folder.chmod(0o700)
    assert report.wrong == ()
    unread = [one.path.rpartition("/")[2] for one in report.unchecked
              if one.check == "file-unreadable"]  # fmt: skip
    assert unread == ["00000001-a.json.gz", "00000002-b.txt"]
