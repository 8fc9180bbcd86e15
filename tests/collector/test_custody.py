"""The chain: known answer, what breaks it, and what a crash leaves."""

import json
from pathlib import Path

import pytest

from collector import canonical, custody, identity, merkle, session
from collector.errors import CaseError, IntegrityError
from tests.collector import cases

KNOWN = Path(__file__).parent / "vectors" / "custody.jsonl"
HEAD = "6245a8e8c5f4300a678512a90f837055d1c224b7d8a70cb65a77c1e57dcd9a5c"
ROOT = "69673fcaaaf4078c252346b9b3b0abe974f105f4069df64ffbaaa4792a07244a"


def known(folder: Path) -> Path:
    (folder / custody.NAME).write_bytes(KNOWN.read_bytes())
    return folder


def test_known_answer(tmp_path: Path) -> None:
    entries = custody.read(known(tmp_path))
    assert [one.action for one in entries] == [
        "case.init", "acquisition.open", "acquisition.close",
    ]  # fmt: skip
    assert entries[-1].sha256 == HEAD
    assert merkle.root(merkle.leaf_hashes(one.raw for one in entries)).hex() == ROOT
    assert entries[1].at.isoformat() == "2026-01-02T03:04:06+00:00"
    assert entries[1].actor["login"] == "l"
    assert entries[1].tool["version"] == "0"
    assert entries[1].clock["mono_ns"] == 6
    assert entries[1].why == "test"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"why":"test"', b'"why":"tess"', r"line 2: expected seq 1, prev [0-9a-f]{16}…, found"),
        (b'"seq":1', b'"seq":7', "line 2: expected seq 1"),
        (b"}\n{", b"}\r\n{", "line ends in CR LF"),
        (b'"v":1', b'"v":0', "line 1: expected v = 1, found 0"),
        (b'"why":"test"', b'"who":"test"', "line 1: expected why to be str"),
        (b'"why":"test"', b'"why":"test","x":1', "line 1: expected canonical JSON|unexpected"),
        (b"2026-01-02T03:04:05", b"2026-13-02T03:04:05", "line 1: expected a UTC time"),
        (b'{"action":"case.init"', b'{ "action":"case.init"', "line 1: expected canonical JSON"),
    ],
)
def test_altered(tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    known(tmp_path)
    raw = KNOWN.read_bytes()
    (tmp_path / custody.NAME).write_bytes(raw.replace(old, new, 1))
    with pytest.raises(IntegrityError, match=message) as caught:
        custody.read(tmp_path)
    assert caught.value.exit_code == 4


def test_removed_and_swapped_lines(tmp_path: Path) -> None:
    lines = KNOWN.read_bytes().splitlines(keepends=True)
    for changed in ([lines[0], lines[2]], [lines[1], lines[0], lines[2]], lines[1:]):
        (tmp_path / custody.NAME).write_bytes(b"".join(changed))
        with pytest.raises(IntegrityError, match="altered outside butfor"):
            custody.read(tmp_path)


def test_newer_version_is_not_an_integrity_failure(tmp_path: Path) -> None:
    raw = KNOWN.read_bytes().replace(b'"v":1', b'"v":2', 1)
    (tmp_path / custody.NAME).write_bytes(raw)
    with pytest.raises(CaseError, match="written by a newer butfor") as caught:
        custody.read(tmp_path)
    assert caught.value.exit_code == 2


def test_no_log(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="expected a custody log, found: No such file"):
        custody.read(tmp_path)


def test_unknown_action_is_never_written(tmp_path: Path) -> None:
    case = cases.make(tmp_path)
    before = (case / custody.NAME).read_bytes()
    with session.writing(case, "test") as writing, pytest.raises(ValueError, match="expected one"):
        writing.record("case.deleted", why="", data={})
    assert before == (case / custody.NAME).read_bytes()


def test_appends_only_and_links(tmp_path: Path) -> None:
    case = cases.make(tmp_path)
    before = (case / custody.NAME).read_bytes()
    with session.writing(case, "test") as writing:
        one = writing.record("access", why="a look", data={"receiver": "E"})
        two = writing.record("access", why="another", data={"receiver": "E"})
    after = (case / custody.NAME).read_bytes()
    assert after == before + one.raw + b"\n" + two.raw + b"\n"
    assert two.prev == one.sha256
    assert custody.read(case)[-1] == two
    assert one.tool["name"] == "butfor"
    assert one.actor["writer"] == identity.writer()


def test_case_init(tmp_path: Path) -> None:
    entries = custody.read(cases.make(tmp_path))
    assert [one.action for one in entries] == ["case.init", "case.config"]
    assert len(bytes.fromhex(entries[0].data["case"])) == 16
    assert entries[0].data["path"] == str(tmp_path.resolve() / "case")
    assert (tmp_path / "case").stat().st_mode & 0o777 == 0o700


def test_torn_tail_is_set_aside_and_recorded(tmp_path: Path) -> None:
    case = cases.make(tmp_path)
    whole = (case / custody.NAME).read_bytes()
    tail = b'{"action":"acc'
    (case / custody.NAME).write_bytes(whole + tail)
    assert len(custody.read(case)) == 2  # readers see whole lines only
    with session.writing(case, "test"):
        pass
    entries = custody.read(case)
    assert [one.action for one in entries] == ["case.init", "case.config", "torn"]
    assert entries[2].data["file"] == "custody.torn.2"
    assert (case / "custody.torn.2").read_bytes() == tail
    assert (case / custody.NAME).read_bytes().startswith(whole)


def test_torn_twice_at_the_same_place(tmp_path: Path) -> None:
    """A crash between the copy and the cut, then another tail: neither is lost."""
    case = cases.make(tmp_path)
    whole = (case / custody.NAME).read_bytes()
    for tail in (b"{one", b"{one", b"{two"):
        (case / custody.NAME).write_bytes(whole + tail)
        custody.set_torn_aside(case)
        assert (case / custody.NAME).read_bytes() == whole
    found = {path.name: path.read_bytes() for path in case.glob("custody.torn.*")}
    assert found == {"custody.torn.2": b"{one", "custody.torn.2.2": b"{two"}


def test_changed_config_is_recorded_once(tmp_path: Path) -> None:
    case = cases.make(tmp_path)
    config = case / "case.toml"
    config.write_text(config.read_text().replace('title = ""', 'title = "N"'))
    for _ in range(2):
        with session.writing(case, "test"):
            pass
    recorded = [one.data["sha256"] for one in custody.read(case) if one.action == "case.config"]
    assert len(recorded) == 2
    assert recorded[1] == session.config_digest(case)


def test_moved_folder_is_recorded_once(tmp_path: Path) -> None:
    case = cases.make(tmp_path)
    moved = case.rename(tmp_path / "moved")
    for _ in range(2):
        with session.writing(moved, "test"):
            pass
    moves = [one for one in custody.read(moved) if one.action == "case.moved"]
    assert [one.data["path"] for one in moves] == [str(moved.resolve())]


def test_a_broken_chain_is_not_continued(tmp_path: Path) -> None:
    case = cases.make(tmp_path)
    raw = (case / custody.NAME).read_bytes().replace(b"case made", b"case mode")
    (case / custody.NAME).write_bytes(raw)
    with pytest.raises(IntegrityError), session.writing(case, "test"):
        pytest.fail("must not be reached")
    assert raw == (case / custody.NAME).read_bytes()


def test_init_refuses_a_folder_in_use(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    with pytest.raises(CaseError, match=r"expected a new or empty folder, found x in it"):
        session.create(tmp_path)
    case = cases.make(tmp_path)
    with pytest.raises(CaseError, match="expected a new or empty folder"):
        session.create(case)


def test_every_line_is_canonical(tmp_path: Path) -> None:
    raw = (cases.make(tmp_path) / custody.NAME).read_bytes()
    assert raw.endswith(b"\n")
    for line in raw.splitlines():
        assert line == canonical.encode(json.loads(line))
