"""case.toml: what is accepted, and that every complaint names its line."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector import case
from collector.case_template import TEXT
from collector.errors import CaseError, ConfigError

FULL = """\
format = 1

[matter]
title = "Northwind v. Contoso"
court = "  "
examiner = "Dr. E. Xaminer"
authority = "Order of 2026-01-05"

[[parties]]
name = "Contoso Ltd"
role = "contractor"
accounts = ["111111111111"]
principals = [
  "arn:aws:iam::111111111111:role/deploy", # a comment with = and ]
]

[[parties]]
name = "Northwind"

[incident]
from = 2023-07-10T14:00:00+02:00
to = "2023-07-11T00:00:00Z"
resources = ["arn:aws:s3:::b"]
anonymous = true
addresses = ["203.0.113.7", "2001:db8::/32"]
discovered = 2023-07-12T00:00:00Z

[[incident.exempt]]
addresses = ["192.0.2.10"]
reason = "researcher"

[clocks.notice]
starts = "discovered"
hours = 72
rule = "clause 12.3"

[display]
time_zone = "Europe/Berlin"

[exhibits]
scheme = "numbers"
prefix = "NW"
start = 101
page_size = "Letter"

[jurisdiction]
profile = "us-federal"
executed_in_us = true
personal_data = true
lawful_basis = "order of 2026-01-02"
impact_assessment = "DPIA-7 of 2026-01-03"

[assumptions]
gaps-minimal = false
"""


def write(folder: Path, text: str | bytes) -> Path:
    raw = text.encode() if isinstance(text, str) else text
    (folder / case.CONFIG).write_bytes(raw)
    return folder


def test_template_loads_and_assumes_nothing(tmp_path: Path) -> None:
    config = case.load(write(tmp_path, TEXT))
    assert case.Matter(
        title=None, court=None, number=None, party=None, examiner=None, authority=None
    ) == (config.matter)
    assert config.parties == ()
    assert case.Incident(
        time_from=None, time_to=None, resources=(), addresses=(), principals=(), anonymous=False,
        exempt=(), discovered=None, contained=None, notified=None,
    ) == config.incident  # fmt: skip
    assert config.clocks == ()
    assert config.time_zone == "UTC"
    assert config.exhibits == case.ExhibitNumbering(
        scheme="letters", prefix="BF", digits=6, start=1, page_size="A4", bates_writer=None
    )
    assert config.jurisdiction == case.Jurisdiction(
        profile=None, law=(), contract=None, contract_date=None, data_classes=(),
        executed_in_us=None,
    )  # fmt: skip
    assert config.assumptions.on() == (
        "records-complete", "unseen-guardrails-absent", "gaps-minimal", "documented-readings",
    )  # fmt: skip


def test_readings_of_the_register(tmp_path: Path) -> None:
    text = TEXT.replace("[assumptions]", '[assumptions]\nreadings = ["A4=other", "A13=first"]')
    (tmp_path / "case.toml").write_text(text, encoding="utf-8")
    held = case.load(tmp_path).assumptions
    assert held.readings == ("A13=first", "A4=other")
    assert held.on()[4:] == ("reading A13=first", "reading A4=other")
    for wrong in ('["A4"]', '["A4=second"]', '["A4=first", "A4=other"]'):
        altered = TEXT.replace("[assumptions]", f"[assumptions]\nreadings = {wrong}")
        (tmp_path / "case.toml").write_text(altered, encoding="utf-8")
        with pytest.raises(ConfigError, match="readings"):
            case.load(tmp_path)


def test_template_with_its_examples_loads(tmp_path: Path) -> None:
    """Every commented-out key is one that butfor knows."""
    lines = TEXT.splitlines()
    examples = [
        line[2:] if line.startswith("# [") or re.match(r"# [a-z]+ = ", line) else line
        for line in lines
    ]
    text = "\n".join(examples)
    text = text.replace("# executed_in_us", "executed_in_us").replace("# principals = []", "")
    config = case.load(write(tmp_path, text))
    assert [party.name for party in config.parties] == ["Contoso Ltd"]
    assert [clock.name for clock in config.clocks] == ["contract-notice", "authority"]
    assert [clock.preset for clock in config.clocks] == [None, "gdpr-33"]
    assert config.incident.exempt[0].addresses == ("192.0.2.10",)


def test_every_value(tmp_path: Path) -> None:
    config = case.load(write(tmp_path, FULL))
    assert config == case.CaseConfig(
        matter=case.Matter(
            title="Northwind v. Contoso", court=None, number=None, party=None,
            examiner="Dr. E. Xaminer", authority="Order of 2026-01-05",
        ),
        parties=(
            case.Party(
                name="Contoso Ltd", role="contractor",
                principals=("arn:aws:iam::111111111111:role/deploy",), accounts=("111111111111",),
            ),
            case.Party(name="Northwind", role=None, principals=(), accounts=()),
        ),
        incident=case.Incident(
            time_from=datetime(2023, 7, 10, 12, tzinfo=UTC),
            time_to=datetime(2023, 7, 11, tzinfo=UTC),
            resources=("arn:aws:s3:::b",), addresses=("203.0.113.7", "2001:db8::/32"),
            principals=(), anonymous=True,
            exempt=(
                case.Exemption(principals=(), addresses=("192.0.2.10",), reason="researcher"),
            ),
            discovered=datetime(2023, 7, 12, tzinfo=UTC), contained=None, notified=None,
        ),
        clocks=(
            case.Clock(
                name="notice", starts="discovered", starts_at=None, hours=72, rule="clause 12.3",
                version=None,
            ),
        ),
        time_zone="Europe/Berlin",
        exhibits=case.ExhibitNumbering(
            scheme="numbers", prefix="NW", digits=6, start=101, page_size="Letter",
            bates_writer=None,
        ),
        jurisdiction=case.Jurisdiction(
            profile="us-federal", law=(), contract=None, contract_date=None, data_classes=(),
            executed_in_us=True, personal_data=True, lawful_basis="order of 2026-01-02",
            impact_assessment="DPIA-7 of 2026-01-03",
        ),
        assumptions=case.Assumptions(gaps_minimal=False),
    )  # fmt: skip
    assert "gaps-minimal" not in config.assumptions.on()
    assert config.zone.key == "Europe/Berlin"


def edit(old: str, new: str) -> str:
    assert FULL.count(old) >= 1, old
    return FULL.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('title = "N', 'titel = "N', 4, 'matter.titel: unknown key. Did you mean "title"?'),
        ("[assumptions]", "[assumption]", 53, 'unknown key. Did you mean "assumptions"?'),
        ("gaps-minimal", "gaps_minimal", 54, 'Did you mean "gaps-minimal"?'),
        ('role = "contractor"', 'rule = "x"', 11, 'parties[1].rule: unknown key. Did you mean'),
        ('name = "Northwind"\n', 'nome = "Northwind"\n', 17,
         "parties[2].name: expected the party's name"),
        ("anonymous = true", 'anonymous = "yes"', 24, 'expected true or false, found "yes"'),
        ("hours = 72", "hours = true", 34, "expected a whole number, found true"),
        ("hours = 72", "hours = 1.5", 34, "expected a whole number, found 1.5"),
        ("hours = 72", "hours = 0", 34, "expected at least 1, found 0"),
        ("hours = 72", 'hours = 72\npreset = "gdpr-33"', 34, "or a preset, found both"),
        ("start = 101", "start = 0", 43, "exhibits.start: expected at least 1, found 0"),
        ('["203.0.113.7", ', '["203.0.113.777", ', 25, "expected an address or network"),
        ('["203.0.113.7", ', '["203.0.113.7/8", ', 25, "host bits set"),
        ('["192.0.2.10"]', '["192.0.2"]', 29, "incident.exempt[1].addresses: expected an address"),
        ('reason = "researcher"', "", 28, "expected the reason for the exemption, found none"),
        ('addresses = ["192.0.2.10"]', "", 28, "expected principals or addresses to exempt"),
        ('to = "2023-07-11T00:00:00Z"', "to = 2023-07-10T12:00:00Z", 22,
         "expected a time after `from`"),
        ('to = "2023-07-11T00:00:00Z"', 'to = "2023-02-30T00:00:00Z"', 22, "day is out of range"),
        ('to = "2023-07-11T00:00:00Z"', "to = 2023-02-30T00:00:00Z", 22, "every day must exist"),
        ('to = "2023-07-11T00:00:00Z"', "to = 2023-07-11T00:00:00", 22, "offset to UTC"),
        ('to = "2023-07-11T00:00:00Z"', "to = 2023-07-11", 22, "offset to UTC"),
        ('to = "2023-07-11T00:00:00Z"', 'to = "tomorrow"', 22, "expected a time, as in"),
        ('to = "2023-07-11T00:00:00Z"', "to = 7", 22, "expected a time with its offset, found 7"),
        ('to = "2023-07-11T00:00:00Z"', 'to = "0001-01-01T00:00:00+14:00"', 22,
         "expected a time in the years 1 to 9999"),
        ('starts = "discovered"', 'starts = "discovery"', 33, 'Did you mean "discovered"?'),
        ('starts = "discovered"', "", 32, "expected either starts or starts_at"),
        ("[clocks.notice]", "[clocks]\nnotice = 3\n[display2]", 33,
         "clocks.notice: expected a table, [clocks.notice], found 3"),
        ('"Europe/Berlin"', '"Europe/Atlantis"', 38, "expected a zone of the IANA database"),
        ('"Europe/Berlin"', '"../etc/passwd"', 38, "expected a zone of the IANA database"),
        ('"Letter"', '"A5"', 44, 'expected "A4" or "Letter", found "A5"'),
        ('"us-federal"', '"us"', 47, "jurisdiction.profile: expected"),
        ('accounts = ["111111111111"]', "accounts = [111111111111]", 12,
         "expected texts that are not empty, found 111111111111"),
        ('accounts = ["111111111111"]', 'accounts = "1"', 12, "expected a list of texts"),
        ("[matter]", "[matter", 3, "expected TOML"),
        ("format = 1", "", 1, "expected the key format = 1"),
        ("[display]", "[display]\n[display]", 38, "expected TOML"),
    ],
)  # fmt: skip
def test_complaints_name_the_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        case.load(write(tmp_path, edit(old, new)))
    text = caught.value.message
    assert f"case.toml, line {line}: " in text
    assert message in text
    assert caught.value.exit_code == 2


def test_not_utf_8(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"case\.toml, line 2: expected UTF-8"):
        case.load(write(tmp_path, b"format = 1\n# caf\xe9\n"))


def test_byte_order_mark_and_crlf_are_harmless(tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode()
    assert case.load(write(tmp_path, raw)).matter.title == "Northwind v. Contoso"


def test_newer_format(tmp_path: Path) -> None:
    text = edit("format = 1", "format = 2\nfuture = true")
    with pytest.raises(CaseError, match="written by a newer butfor") as caught:
        case.load(write(tmp_path, text))
    assert caught.value.exit_code == 2


def test_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, TEXT)
    below = tmp_path / "evidence" / "x"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert case.find(None) == tmp_path.resolve()
    assert case.find(tmp_path) == tmp_path.resolve()
    with pytest.raises(CaseError, match="expected a case folder"):
        case.find(below)
    with pytest.raises(CaseError, match="butfor init CASE"):
        case.load(below)
