"""Hostile names, contents and media: kept as received, or a recorded gap; never harm."""

import base64
import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import importer, ledger, session, store
from collector.acquisition import FileFacts, acquire
from collector.acquisition_record import Request
from collector.importer import HandOver, ImportReport
from fixtures.hostile import make
from tests.collector import cases


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return cases.make(tmp_path)


def imported(case: Path, *paths: Path) -> ImportReport:
    with session.writing(case, "import") as writing:
        return importer.run(writing, paths, HandOver())


def stored(case: Path) -> dict[bytes, bytes]:
    """True name -> bytes, as the store gives them back."""
    found = {}
    lines = [line for one in store.acquisitions(case) for line in store.facts(case, one)]
    for item, line in zip(store.items(case), lines, strict=True):
        with store.open_item(case, item) as file:
            found[true_name(line)] = file.read()
    return found


def true_name(line: object) -> bytes:
    assert isinstance(line, dict)
    if "name_b64" in line:
        return base64.b64decode(line["name_b64"])
    return str(line["name"]).encode("utf-8", "surrogatepass")


def test_everything_is_kept_as_received_and_verifies(case: Path, tmp_path: Path) -> None:
    before = make.write(tmp_path / "hostile")
    assert len(before) > 40
    report = imported(case, tmp_path / "hostile")
    assert report.gaps == ()
    assert {b"hostile/" + name: body for name, body in before.items()} == stored(case)
    inside = {path.name for path in (case / "evidence").rglob("files/*")}
    assert all(set(name) <= set(SAFE) for name in inside)
    # Kept whole, two archives cannot be looked into for logs of a provider: said, and not wrong.
    code, output = cases.run("verify", case, "--all")
    assert code == 3, output
    open_ones = [line for line in output.splitlines() if "could not check:" in line]
    assert [line.split("[")[1].split("]")[0] for line in open_ones] == ["provider-archive"] * 2
    assert "cut-off.zip" in open_ones[0]
    assert "nested.zip!/inner.zip" in open_ones[1]


SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"


def test_printed_names_cannot_steer_the_terminal(case: Path, tmp_path: Path) -> None:
    (tmp_path / "hostile").mkdir()
    (tmp_path / "hostile" / "\x1b[31mred\nline").symlink_to("x\x1b[2J\ny")
    code, output = cases.run("import", tmp_path / "hostile", "--case", case)
    assert code == 3
    assert "\x1b" not in output
    assert len([line for line in output.splitlines() if line.startswith("gap")]) == 1


def test_arguments_that_are_not_utf_8(case: Path, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/logs-\xff"
    try:
        with open(name, "wb") as file:  # noqa: PTH123 # a name in bytes
            file.write(b"x")
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    code, output = cases.run("import", name, "--case", case)
    assert code == 0, output
    assert stored(case) == {b"logs-\xff": b"x"}
    assert store.items(case)[0].name == "logs-\\xff"


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(st.text(max_size=30) | st.binary(max_size=30), st.binary(max_size=100)),
        min_size=1,
        max_size=12,
    )
)
def test_any_object_key_round_trips(files: list[tuple[str | bytes, bytes]]) -> None:
    """Object keys are freer than file names: NUL, slashes, empty, anything."""
    with TemporaryDirectory() as name:
        case = cases.make(Path(name))
        request = Request(source="test", scope="x", asked={}, why="test")
        with session.writing(case, "test") as writing, acquire(writing, request) as writer:
            for at, (key, body) in enumerate(files):
                writer.saw()
                writer.add_file(io.BytesIO(body), FileFacts(name=key, source=f"test:{at}"))
        items = store.items(case)
        lines = list(store.facts(case, store.acquisitions(case)[0]))
        for (key, body), item, line in zip(files, items, lines, strict=True):
            raw = key if isinstance(key, bytes) else key.encode("utf-8", "surrogatepass")
            assert true_name(line) == raw
            with store.open_item(case, item) as file:
                assert file.read() == body
        for path in (case / "evidence").rglob("*"):
            if path.is_dir():
                path.chmod(0o700)
        next((case / "evidence").iterdir()).chmod(0o700)


def test_name_of_ten_thousand_characters(case: Path) -> None:
    request = Request(source="test", scope="x" * 10_000, asked={}, why="test")
    with session.writing(case, "test") as writing, acquire(writing, request) as writer:
        writer.saw()
        writer.add_file(io.BytesIO(b"x"), FileFacts(name="k" * 10_000, source="test:1"))
    assert store.items(case)[0].name == "k" * 10_000


def test_deep_folders(case: Path, tmp_path: Path) -> None:
    deep = tmp_path / "d"
    for _ in range(200):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "f").write_bytes(b"x")
    assert imported(case, tmp_path / "d").kept == 1


def test_lone_surrogates_in_words_do_not_stop_an_import(case: Path, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    code, output = cases.run(
        "import", tmp_path / "f", "--case", case, b"--note", b"caf\xe9", b"--provided-by", b"\xff"
    )
    assert code == 0, output
    assert store.acquisitions(case)[0].record["handover"]["note"] == "caf\\xe9"


def test_read_only_target(tmp_path: Path) -> None:
    """As an unprivileged user: root writes anywhere."""
    (tmp_path / "f").write_bytes(b"x")
    imported(cases.make(tmp_path), tmp_path / "f")  # loads all that root alone may read
    with cases.as_nobody(), TemporaryDirectory() as name:
        case = cases.make(Path(name))
        (Path(name) / "f").write_bytes(b"x")
        before = cases.tree(case)
        case.chmod(0o500)
        (case / ".lock").chmod(0o400)
        try:
            with pytest.raises(Exception, match="expected a case folder that can be written"):
                imported(case, Path(name) / "f")
            assert cases.tree(case) == before
            assert store.items(case) == ()
        finally:
            case.chmod(0o700)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small tmpfs here: {mounted.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def test_full_disk_at_any_write(small_disk: Path, tmp_path: Path) -> None:
    """The import stops with code 3; with room again the same command continues; nothing is lost."""
    logs = tmp_path / "logs"
    logs.mkdir()
    bodies = {f"{at:03d}.json": bytes([at]) * 20_000 for at in range(60)}
    for name, body in bodies.items():
        (logs / name).write_bytes(body)
    case = cases.make(small_disk)
    ballast = small_disk / "ballast"
    for room in range(0, 1_800_000, 150_000):
        free = os.statvfs(small_disk)
        ballast.write_bytes(bytes(max(0, free.f_bavail * free.f_bsize - room)))
        code, output = cases.run("import", logs, "--case", case)
        assert code in (0, 3), output
        if code == 0:
            break
        assert "No space left on device" in output
        assert "run the same command again" in output
        ballast.unlink()
        assert store.items(case) == ()
    else:
        pytest.fail("the import never ended")
    assert stored(case) == {f"logs/{name}".encode(): body for name, body in bodies.items()}
    complete = [one.record["complete"] for one in store.acquisitions(case)]
    assert complete.count(True) == 1  # others found no room to begin
    code, output = cases.run("verify", case)
    assert code == 0, output


def test_ledger_keeps_what_is_not_utf_8() -> None:
    assert ledger.text_field("name", b"\xff") == {"name_b64": "/w=="}
    assert ledger.text_field("name", "\ud800") == {"name_b64": "7aCA"}
    assert ledger.text_field("name", "\udcff") == {"name_b64": "/w=="}
    assert ledger.text_field("name", None) == {"name": None}
    assert ledger.read_text({"name_b64": "/w=="}, "name") == "\\xff"
