"""The screen version: marks lead to rows, one script named by its hash, print unchanged."""

import base64
import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from reports import charts, grammar, html
from reports.marks import laned, marked
from reports.text import template_dir
from tests.reports import builder, edition

SCRIPT = template_dir() / html.SCRIPT


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    made = edition.make(tmp_path_factory.mktemp("screen") / "case", builder.Story())
    return {path.name: path.read_text(encoding="utf-8") for path in made.folder.glob("ex*.html")}


def test_policy_names_the_one_script_by_its_hash(pages: dict[str, str]) -> None:
    for page in pages.values():
        (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
        assert f"script-src 'sha256-{digest}'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe-inline'; img" in policy  # styles alone; see the next line
        assert "unsafe" not in policy.split("script-src")[1]


def test_marks_lead_to_rows_that_are_there(pages: dict[str, str]) -> None:
    (page,) = (text for name, text in pages.items() if "chronology" in name)
    figure = re.search(r"<figure>.*?</figure>", page, re.DOTALL)
    assert figure is not None
    linked = set(re.findall(r'<a href="#(row-\d+)"><g class="mark"><title>', figure[0]))
    assert linked
    assert linked <= set(re.findall(r'id="(row-\d+)"', page))


def test_script_takes_no_markup_and_loads_nothing() -> None:
    script = SCRIPT.read_text(encoding="utf-8")
    for word in ("innerHTML", "eval", "fetch", "XMLHttp", "import(", "</script", "http", "write("):
        assert word not in script


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_script_parses() -> None:
    run = subprocess.run(["node", "--check", str(SCRIPT)], capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()


def test_a_mark_escapes_what_it_is_told() -> None:
    drawn = marked("<circle/>", '"><script>1</script>', 3)
    assert drawn.startswith('<a href="#row-3"><g class="mark"><title>&quot;&gt;&lt;script')
    assert "<script" not in laned(drawn, '"><script>')


def test_histogram_bins_name_their_span() -> None:
    at = builder.at("2022-06-01 00:00:00")
    ticks = tuple(grammar.Tick(at=at, success=True) for _ in range(grammar.TICKS + 1))
    svg = charts.draw((), (grammar.Lane(label="x", ticks=ticks),), ZoneInfo("UTC"))
    assert "401 succeeded, 2022-06-01 00:00:00 Z to 2022-06-01 00:00:00 Z" in svg


def test_a_case_cannot_bring_a_script(tmp_path: Path) -> None:
    from collector.errors import ConfigError
    from reports import overrides

    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "exhibit.js").write_text("1", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"exhibit\.js"):
        overrides.check(tmp_path)


def test_every_mark_says_its_facts() -> None:
    low, high = builder.at("2022-06-01 00:00:00"), builder.at("2022-06-02 00:00:00")
    lane = grammar.Lane(
        label="policy", note="bucket",
        bars=(grammar.Bar(start=low, end=None, style=grammar.Style.UNKNOWN, text="unknown"),
              grammar.Bar(start=low, end=high, style=grammar.Style.SOLID, text="1 entry")),
        signs=(grammar.Sign(at=low, filled=False),),
        sizes=(grammar.Size(at=low, n=5), grammar.Size(at=low, n=7), grammar.Size(at=high, n=1)),
    )  # fmt: skip
    svg = charts.draw((), (lane,), ZoneInfo("UTC"))
    for words in (
        "policy bucket: unknown from 2022-06-01 00:00:00 Z to beyond the last record",
        "policy bucket: 1 entry (solid) from 2022-06-01 00:00:00 Z to 2022-06-02 00:00:00 Z",
        "policy bucket: warning without evidence of delivery, 2022-06-01 00:00:00 Z",
        "12 bytes in 2 records, 2022-06-01 00:00:00 Z to 2022-06-01 00:00:00 Z",
        "1 byte in 1 record",
    ):
        assert f"<title>{words}" in svg


def test_heights_of_bytes_are_in_proportion() -> None:
    low, high = builder.at("2022-06-01 00:00:00"), builder.at("2022-06-02 00:00:00")
    sizes = (grammar.Size(at=low, n=100), grammar.Size(at=high, n=50))
    svg = charts.draw((), (grammar.Lane(label="bytes", sizes=sizes),), ZoneInfo("UTC"))
    heights = [float(h) for h in re.findall(r'height="([\d.]+)" fill="#1f4e79"', svg)]
    assert sorted(heights, reverse=True) == heights
    assert heights[0] == pytest.approx(2 * heights[1])


def test_grants_that_overlap_are_one_period() -> None:
    from reports.exhibits import lanes

    days = [builder.at(f"2022-06-0{n} 00:00:00") for n in range(1, 6)]
    window = {"decision": "ALLOWED", "start_bound": "exact", "end_bound": "exact"}
    rows: list[dict[str, Any]] = [
        {**window, "start": days[0], "end": days[2]},
        {**window, "start": days[1], "end": days[3]},
        {**window, "start": days[4], "end": None},
    ]
    bars = lanes.exposure(rows, "x", "").bars
    assert [(bar.start, bar.end) for bar in bars] == [(days[0], days[3]), (days[4], None)]


def test_a_note_is_whole_on_two_lines() -> None:
    from reports.lettering import note_lines

    note = "role/PlatformAdministrator, northwind-claims-archive/exports/*"
    lines = note_lines(note, 166)
    assert len(lines) == 2
    assert "".join(lines).replace(" ", "") == note.replace(" ", "")
    assert note_lines("", 166) == []
