"""The stand-alone reader of access log lines: other code than makes the tables, same words."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reports.sealed_case import run
from tests.reports.test_bundle_check import both
from timeline.normalize.aws import s3_access_log
from timeline.normalize.model import Unreadable

ROOT = Path(__file__).parents[2]
REAL = sorted((ROOT.parent / "shared" / "data").glob("aws_s3_access_log_*/**/*"))
NAMES = {
    "eventName": "operation", "eventTime": "time", "sourceIPAddress": "ip",
    "userAgent": "agent", "errorCode": "error",
}  # fmt: skip
LINE = (
    "0" * 64 + " bucket [06/Feb/2019:00:00:38 +0000] 192.0.2.3 {requester} 3E57427F3EXAMPLE "
    'REST.GET.OBJECT {key} "{uri}" {status} {error} 113 - 7 - {referer} {agent} - host= SigV4 '
    "cipher AuthHeader bucket.s3.amazonaws.com TLSv1.2 - - us-east-1"
)


@pytest.fixture(scope="module")
def standalone() -> Any:
    sys.path.insert(0, str(ROOT / "reports" / "verifier"))
    try:
        import verify_access_log
    finally:
        sys.path.remove(str(ROOT / "reports" / "verifier"))
    return verify_access_log


def same(standalone: ModuleType, line: bytes) -> None:
    found = standalone.access_log(line)
    try:
        fields = s3_access_log._fields(line.decode("utf-8", "backslashreplace"))
    except Unreadable:
        return  # no row is made of such a line
    assert found == {"eventID": None} | {ours: fields[theirs] for ours, theirs in NAMES.items()}


@pytest.mark.parametrize(
    "change",
    [
        {}, {"requester": "-"}, {"key": "-"}, {"error": "NoSuchKey", "status": "404"},
        {"agent": "-"}, {"agent": '"a "quoted" agent"'}, {"referer": '"https://example.org/"'},
        {"referer": '"https://example.org/"', "agent": '"curl/8 "x" -"'},
        {"uri": 'GET /a"b" 200 HTTP/1.1'}, {"uri": "-"}, {"agent": '""'},
        {"agent": '"S3Console/0.4, aws-internal/3 [x] (y)"'},
    ],
    ids=str,
)  # fmt: skip
def test_forms(standalone: Any, change: dict[str, str]) -> None:
    usual = {
        "requester": "arn:aws:iam::111111111111:user/a", "key": "photos/a.jpg",
        "uri": "GET /bucket/photos/a.jpg HTTP/1.1", "status": "200", "error": "-",
        "referer": '"-"', "agent": '"curl/8"',
    }  # fmt: skip
    same(standalone, LINE.format(**{**usual, **change}).encode())


@given(agent=st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_agent(standalone: Any, agent: str) -> None:
    line = LINE.format(
        requester="-", key="k", uri="GET /k HTTP/1.1", status="200", error="-", referer='"-"',
        agent=f'"{agent}"',
    )  # fmt: skip
    same(standalone, line.encode())


def test_nothing_else_is_taken_for_a_line(standalone: Any) -> None:
    for other in (b"", b"{}", b"a b c", b"a b [x] c", b'{"eventID": "1"}', b"\xff\xfe"):
        assert standalone.access_log(other) is None


@pytest.mark.skipif(not REAL, reason="the real access logs are not beside this checkout")
def test_real_lines(standalone: Any) -> None:
    lines = [
        line
        for path in REAL
        if path.is_file() and "example_logs" in path.as_posix()
        for line in path.read_bytes().splitlines()
        if s3_access_log.detect(line)
    ]
    assert lines
    for line in lines:
        assert standalone.access_log(line) is not None
        same(standalone, line)


def test_both_verifiers_read_rows_of_an_access_log(tmp_path: Path) -> None:
    """A bundle about an access log: an altered address is found by both, sums made to fit."""
    line = LINE.format(
        requester="-", key="k", uri="GET /k HTTP/1.1", status="200", error="-", referer='"-"',
        agent='"curl/8"',
    )  # fmt: skip
    source, case = tmp_path / "2019-02-06-00-00-38-ABCDEF", tmp_path / "case"
    source.write_text(line + "\n", encoding="utf-8")
    run("init", str(case))
    run("import", "--case", str(case), str(source), code=None)
    run("build", "--case", str(case), code=None)
    run("exhibits", "--case", str(case), "--label", "draft-1")
    folder = case / "exhibits" / "draft-1"
    code, wrong = both(folder)
    assert (code, wrong) == (3, [])
    (table,) = folder.glob("*access-summary.csv")
    table.write_bytes(table.read_bytes().replace(b"192.0.2.3", b"192.0.2.4"))
    code, wrong = both(folder)
    assert code == 4
    assert {"row-field"} <= {one["check"] for one in wrong}
