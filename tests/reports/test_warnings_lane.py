"""Triangles: filled only where delivery is evidenced; responses apart; nothing hatched."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from reports import catalogue
from reports.charts import draw
from reports.exhibits import lanes
from reports.exhibits.ledger import Notice
from reports.exhibits.warnings_lane import lanes_of
from reports.grammar import ACCENT
from tests.reports import builder

AT = datetime(2022, 5, 28, tzinfo=UTC)


def _notice(**times: datetime) -> Notice:
    return Notice(
        uid="w", what="x", recipient=None, action=None, resource=None, setting=None, evidence=None,
        place="p", emitted=times.get("emitted"), delivered=times.get("delivered"),
        acknowledged=times.get("acknowledged"), closed=times.get("closed"),
    )  # fmt: skip


def test_each_state_is_a_triangle_of_its_own() -> None:
    day = timedelta(days=1)
    found = lanes_of([
        _notice(emitted=AT), _notice(emitted=AT + day, delivered=AT + 2 * day, closed=AT + 3 * day),
        _notice(delivered=AT + day), _notice(),
    ])  # fmt: skip
    warned, answered = found
    assert [(s.at, s.filled) for s in warned.signs] == [
        (AT, False), (AT + day, True), (AT + day, True),
    ]  # fmt: skip
    assert [s.at for s in answered.signs] == [AT + 3 * day]
    svg = draw((), found, ZoneInfo("UTC"))
    triangles = re.findall(
        r'<path d="M[^"]+Z" fill="([^"]+)" stroke="[^"]+" stroke-width="0.9"', svg
    )
    assert triangles == ["#ffffff", ACCENT, ACCENT, ACCENT]
    words = lanes.described((), found)
    assert words.count("warning without evidence of delivery at 2022-05-28 00:00:00 Z") == 1
    assert words.count("response at") == 1


def test_no_warning_no_lane() -> None:
    assert lanes_of([_notice()]) == ()
    assert lanes_of([]) == ()


def test_the_chronology_draws_them(tmp_path: Path) -> None:
    material = builder.write(tmp_path)
    exhibits = catalogue.build(material, catalogue.chosen(material, ()))
    (picture,) = next(one for one in exhibits if one.key == "E").pictures()
    assert "warnings (3)" in picture.svg
    assert "responses (3)" in picture.svg
    assert picture.svg.index("warnings (3)") < picture.svg.index("records of")
    assert "warning with evidence of delivery at 2022-05-30 06:00:00 Z" in picture.alt
