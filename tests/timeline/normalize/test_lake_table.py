"""Saved results of CloudTrail Lake: CSV, with the record in a cell or in columns."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.normalize.records import native, record
from tests.timeline.normalize.test_in_lines import TEXT, check, saved
from tests.timeline.normalize.test_lake import DOUBTFUL, ROW, row_of, run
from timeline.normalize import lines
from timeline.normalize.model import RECORD_LIMIT


def table(*rows: dict[str, Any]) -> bytes:
    """Rows of one query, null as an empty cell."""
    names = list(rows[0])
    return saved(names, *([row[name] or "" for name in names] for row in rows))


def written(*rows: list[str], **options: Any) -> bytes:
    held = io.StringIO()
    csv.writer(held, **options).writerows(rows)
    return held.getvalue().encode()


@pytest.mark.parametrize("kind", ["plain", "bare", "windows", "bom", "capitals", "gzip"])
def test_rows_in_columns(kind: str, tmp_path: Path) -> None:
    rows = [list(ROW), [value or "" for value in ROW.values()]]
    body = {
        "plain": table(ROW),
        "bare": written(*rows, lineterminator="\n"),
        "windows": written(*rows, quoting=csv.QUOTE_ALL, lineterminator="\r\n"),
        "bom": b"\xef\xbb\xbf" + table(ROW),
        "capitals": table({name.upper(): value for name, value in reversed(ROW.items())}),
        "gzip": gzip.compress(table(ROW)),
    }[kind]
    report, found, store = run(tmp_path / "events", body)
    assert (report.records, report.rows, report.gaps) == (1, 1, ())
    check(found, store)
    assert json.loads(found[0]["omitted"]) == DOUBTFUL
    expected = {
        "event_uid": "EV-1.f1/0", "provider_uid": "E1", "operation": "GetObject", "object": "k",
        "outcome": "success", "actor_uid": "arn:aws:iam::111111111111:user/alice",
        "source": "aws.cloudtrail_lake_table",
    }  # fmt: skip
    assert {name: found[0][name] for name in expected} == expected


def test_rows_without_a_record_beside_rows_with_one(tmp_path: Path) -> None:
    body = table({**ROW, "eventjson": ""}, {**row_of(eventid="E2"), "eventjson": TEXT})
    report, rows, store = run(tmp_path / "events", body, native(record()))
    assert (report.records, report.duplicates, report.conflicts) == (3, 2, 0)
    assert [row["omitted"] is None for row in rows] == [False, True, True]
    assert [row["duplicate_of"] for row in rows] == ["EV-1.f1/1", None, "EV-1.f1/1"]
    check(rows, store)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"\n", None),
        (b'"E1","GetObject"\n', "cells as in the heading, found 2"),
        (b'"E1"x"\n"\n', "quotes that do not match"),
        (b"\xff" * 5 + b"\n", "cells as in the heading"),
        (b"," * (len(ROW) - 1) + b"\n", "expected the column eventName with a value"),
        (b"," * (len(ROW) - 2) + b"\xff,\n", "expected a whole record"),
    ],
)
def test_a_bad_row_is_a_gap_and_its_neighbours_are_read(
    bad: bytes, reason: str | None, tmp_path: Path
) -> None:
    heading, row = table(ROW).splitlines(keepends=True)
    report, rows, store = run(tmp_path / "events", heading + row + bad + row)
    assert (report.rows, len(rows)) == (2, 2)
    assert len(report.gaps) == (reason is not None)
    assert all((reason or "") in gap.reason for gap in report.gaps)
    check(rows, store)


@pytest.mark.parametrize("lacking", ["eventname", "eventtime", "errorcode"])
def test_without_a_needed_column_no_row_is_an_event(lacking: str, tmp_path: Path) -> None:
    report, rows, _ = run(tmp_path / "events", table(row_of(**{lacking: ...})))
    assert rows == []
    assert len(report.gaps) == 1


def test_a_column_twice_is_said_of_every_row(tmp_path: Path) -> None:
    heading = [*ROW, "eventName"]
    row = [*(value or "" for value in ROW.values()), "PutObject"]
    report, _, _ = run(tmp_path / "events", saved(heading, row, row))
    assert (report.rows, report.record_gaps) == (0, 2)
    assert "found twice: eventname" in report.gaps[0].reason


def test_what_stands_in_a_cell_is_no_row_whatever_it_looks_like(tmp_path: Path) -> None:
    """A caller chose the text of a policy: lines of it must not become events."""
    forged = ",".join(str(value or "") for value in row_of(eventid="FORGED").values())
    asked = "{bucketName=b, policy=x\n" + forged.replace(", ", ",") + "\r\n\ny}"
    policy = row_of(eventid="E2", eventname="PutBucketPolicy", requestparameters=asked)
    body = table(policy, ROW)
    report, rows, store = run(tmp_path / "events", body)
    assert (report.records, report.gaps) == (2, ())
    assert {row["provider_uid"] for row in rows} == {"E1", "E2"}
    check(rows, store)


def test_the_file_that_signs_results_is_a_document(tmp_path: Path) -> None:
    signed = {
        "version": "1.0", "region": "us-east-1", "hashAlgorithm": "SHA-256",
        "files": [{"fileHashValue": "0" * 64, "fileName": "result_1.csv.gz"}],
        "signatureAlgorithm": "SHA256withRSA", "queryCompleteTime": "2026-01-02T03:04:05Z",
        "hashSignature": "00", "publicKeyFingerprint": "00",
    }  # fmt: skip
    report, _, _ = run(tmp_path / "events", json.dumps(signed, indent=2).encode())
    assert ([each.kind for each in report.documents], report.gaps) == (
        ["aws.cloudtrail.query_signature"], (),
    )  # fmt: skip


def test_quotes_that_never_close_are_a_gap(tmp_path: Path) -> None:
    body = table(ROW) + b'"E2,\n' + table(ROW).splitlines()[1]
    report, rows, _ = run(tmp_path / "events", body)
    assert (len(rows), report.record_gaps) == (1, 1)
    assert "expected quotes to close" in report.gaps[0].reason or "match" in report.gaps[0].reason


def test_a_row_over_the_limit_is_a_gap_and_the_next_is_read(tmp_path: Path) -> None:
    heading, row = table(ROW).splitlines(keepends=True)
    long = b'"' + (b"y" * 1_000_000 + b"\n") * (RECORD_LIMIT // 1_000_000 + 1)
    report, rows, _ = run(tmp_path / "events", heading + long + b"\n" + row)
    assert len(rows) == 1
    assert "expected a record of at most" in report.gaps[0].reason


@pytest.mark.parametrize("share", range(1, 20))
@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "plain"])
def test_a_file_cut_off_anywhere(packed: bool, share: int, tmp_path: Path) -> None:
    """Whole rows before the cut are read, and what is behind is said."""
    whole = table(*(row_of(eventid=f"E{number}") for number in range(5)))
    body = gzip.compress(whole, mtime=0) if packed else whole
    report, rows, store = run(tmp_path / "events", body[: len(body) * share // 20])
    report.check()
    assert report.gaps
    check(rows, store)
    for row in rows:
        assert (row["operation"], row["object"], row["src_ip"]) == (
            "GetObject",
            "k",
            "198.51.100.7",
        )


CELLS = st.lists(st.text(st.sampled_from('a,"\n\r '), max_size=6), min_size=2, max_size=2)


@given(st.lists(CELLS, max_size=6), st.sampled_from(["\n", "\r\n"]), st.integers(1, 30))
def test_rows_are_cut_as_they_were_written(rows: list[list[str]], end: str, size: int) -> None:
    body = written(["eventJson", "x"], *rows, quoting=csv.QUOTE_ALL, lineterminator=end)
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    found = list(lines.table_rows(iter(chunks)))
    assert [one.number for one in found] == list(range(len(rows)))
    for one, cells in zip(found, rows, strict=True):
        data = body[one.offset : one.offset + one.length]
        assert (one.data, one.heading) == (data, b'"eventJson","x"')
        quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
        assert data == ",".join(quoted).encode()
