"""Exhibit I: states apart, unknown where nothing was supplied, clocks by arithmetic alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collector import case as case_file
from collector import registers
from collector.errors import ConfigError
from collector.registers import Registers
from reports import catalogue
from reports.exhibits import ledger
from reports.exhibits.ledger import Notice
from reports.exhibits.warnings import gathered
from reports.model import Exhibit, Kind, Table, plain
from tests.reports import builder, registers_made

RESOURCE = registers_made.RESOURCE
FIRST = datetime(2022, 6, 1, tzinfo=UTC)


def _exhibit(case: Path, story: builder.Story | None = None) -> Exhibit:
    material = builder.write(case, story)
    exhibits = catalogue.build(material, catalogue.chosen(material, ()))
    return next(one for one in exhibits if one.key == "I")


def _rows(exhibit: Exhibit, part: str) -> list[dict[str, Any]]:
    names = [name for name, _ in exhibit.native.columns]
    rows = [dict(zip(names, row, strict=True)) for row in exhibit.native.rows]
    return [row for row in rows if row["part"] == part]


def test_states_of_a_warning_stay_apart(tmp_path: Path) -> None:
    exhibit = _exhibit(tmp_path)
    assert exhibit.kind is Kind.SUMMARY
    found, first, second = _rows(exhibit, "warning")
    assert (found["stated_in"], found["evidence_item"]) == ("Access Analyzer", "EV-1.f1")
    assert found["delivered_at"] is None, "a finding tells nobody by itself"
    assert (first["delivered_at"], first["acknowledged_at"], first["closed_at"]) == (None,) * 3
    assert second["delivered_at"] == "2022-05-30T06:00:07.000000Z"
    assert first["stated_in"] == "registers/warnings.csv:2"
    assert len(first["stated_in_sha256"]) == 64
    answer = plain(exhibit.answer[0])
    assert "3 warnings, 1 of them findings of the provider's own detectors" in answer
    assert "of 1 delivery is evidenced, of 1 an acknowledgement, of 2 a closing" in answer
    assert "not evidenced is not thereby denied" in answer


def test_steps_cite_records_or_say_not_evidenced(tmp_path: Path) -> None:
    steps = {row["id"]: row for row in _rows(_exhibit(tmp_path), "step")}
    for name in ("introduced", "exposed", "accessed", "contained"):
        assert steps[name]["from"] is not None, name
    assert steps["remediated"]["from"] == "2022-06-05T07:52:33.000000Z"
    assert steps["accessed"]["evidence_item"] == "EV-1.f2"
    assert steps["accessed"]["from"] == "2022-06-01T00:11:23.000000Z"
    assert steps["introduced"]["from"] == "2022-05-23T14:33:42.000000Z"
    assert steps["notified"]["result"] == "not evidenced"
    assert steps["notified"]["from"] is None


def test_clocks_of_register_and_case(tmp_path: Path) -> None:
    builder.write(tmp_path)
    toml = (tmp_path / "case.toml").read_text()
    extra = '[clocks.authority]\nstarts = "discovered"\npreset = "gdpr-33"\n'
    (tmp_path / "case.toml").write_text(toml.replace("[display]", f"{extra}[display]"))
    from dataclasses import replace

    material = builder.write(tmp_path / "other")
    material = replace(material, config=case_file.load(tmp_path))
    own, chosen = gathered(material).runs
    assert (own.uid, own.end_event, own.result) == ("k2", "notified", "unknown")
    assert (chosen.preset, chosen.length and chosen.length.text) == ("gdpr-33", "72 h")
    assert chosen.rule == "Regulation (EU) 2016/679, Article 33"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("discovered", "found", r"registers/contracts.csv:3: expected an event .*found 'found'"),
        ("72 h", "72", r"registers/contracts.csv:3: period: expected a period as in 72 h"),
        ("72 h", "36500 d", "period: it ends after"),
    ],
)
def test_events_and_periods_are_checked(tmp_path: Path, old: str, new: str, message: str) -> None:
    material = builder.write(tmp_path)
    path = tmp_path / "registers" / "contracts.csv"
    path.write_text(path.read_text().replace(old, new))
    if new == "36500 d":
        path.write_text(path.read_text().replace("discovered", "9990-01-01T00:00:00Z"))
    from dataclasses import replace

    broken = replace(material, registers=registers.read(tmp_path))
    with pytest.raises(ConfigError, match=message):
        catalogue.build(broken, catalogue.chosen(broken, ()))


def test_unknown_preset_is_refused(tmp_path: Path) -> None:
    material = builder.write(tmp_path)
    toml = (tmp_path / "case.toml").read_text()
    extra = '[clocks.a]\nstarts = "discovered"\npreset = "nis2-23"\n'
    (tmp_path / "case.toml").write_text(toml.replace("[display]", f"{extra}[display]"))
    from dataclasses import replace

    chosen = replace(material, config=case_file.load(tmp_path))
    with pytest.raises(ConfigError, match=r"clocks\.a: preset: expected one of .*gdpr-33"):
        gathered(chosen)


def _notice(**other: Any) -> Notice:
    usual: dict[str, Any] = {
        "uid": "w", "what": "x", "emitted": datetime(2022, 5, 1, tzinfo=UTC), "delivered": None,
        "recipient": None, "acknowledged": None, "action": None, "closed": None,
        "resource": RESOURCE, "setting": None, "evidence": None, "place": "p",
    }  # fmt: skip
    return Notice(**(usual | other))


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ([], "unknown"),
        ([_notice()], "yes"),
        ([_notice(resource=None)], "unknown"),
        ([_notice(emitted=None)], "unknown"),
        ([_notice(closed=datetime(2022, 5, 2, tzinfo=UTC))], "no"),
        ([_notice(closed=datetime(2022, 6, 2, tzinfo=UTC))], "yes"),
        ([_notice(emitted=datetime(2022, 6, 2, tzinfo=UTC))], "no"),
        ([_notice(resource=f"other; {RESOURCE[:-3]}*")], "yes"),
    ],
)
def test_was_a_warning_open(said: list[Notice], answer: str) -> None:
    assert answer == ledger.questions(RESOURCE, FIRST, said, Registers())[0].answer
    assert ledger.questions(RESOURCE, None, said, Registers())[0].answer == "unknown"


def test_a_finding_closed_at_an_unknown_time_settles_nothing() -> None:
    late = _notice(closed=datetime(2022, 6, 2, tzinfo=UTC), closed_latest=True)
    early = _notice(closed=datetime(2022, 5, 2, tzinfo=UTC), closed_latest=True)
    for said, answer in (([late], "unknown"), ([early], "no"), ([late, _notice()], "yes")):
        assert ledger.questions(RESOURCE, FIRST, said, Registers())[0].answer == answer


def test_absence_of_a_document_is_no_answer_and_contradiction_is_unknown(tmp_path: Path) -> None:
    header = "id,kind,title,claimed_date,provable_date,scope,evidence\n"
    check = f"d1,Automated check,t,,,{RESOURCE},\n"
    denied = f"d2,no automated check,t,,,{RESOURCE},\n"
    (tmp_path / "registers").mkdir()
    for rows, answer in (("", "unknown"), (check, "no"), (denied, "yes"), (check + denied,
                         "unknown"), (check.replace(RESOURCE, "other"), "unknown")):  # fmt: skip
        (tmp_path / "registers" / "documents.csv").write_text(header + rows)
        given = registers.read(tmp_path)
        assert ledger.questions(RESOURCE, FIRST, [], given)[1].answer == answer, rows


def test_recurrence_needs_a_closing_before_a_window() -> None:
    window = {"resource_uid": f"{RESOURCE}/*", "start": FIRST}
    closed = _notice(closed=datetime(2022, 5, 2, tzinfo=UTC))
    assert [one for one, _ in ledger.recurrences([closed, _notice()], [window])] == [closed]
    assert not list(ledger.recurrences([_notice(closed=FIRST)], [window]))


def test_no_register_says_not_supplied(tmp_path: Path) -> None:
    exhibit = _exhibit(tmp_path, builder.Story(empty=True))
    text = " ".join(plain(one) for one in exhibit.answer)
    assert "Warnings: not supplied" in text
    assert "Clocks: not supplied" in text
    tables = [b for s in exhibit.sections for b in s.blocks if isinstance(b, Table)]
    assert sum(plain(table.empty) == "Not supplied." for table in tables if not table.rows) >= 3
