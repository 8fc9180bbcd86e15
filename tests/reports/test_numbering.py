"""Numbers of exhibits: each scheme, what it refuses, and that a witness's count goes on."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import case as case_file
from collector.case_exhibits import ExhibitNumbering
from collector.errors import ConfigError, UsageError
from reports import catalogue, numbering
from tests.reports import builder

KEYS = ("A", "B", "C", "C", "D")
RANGES = 'ranges = { plaintiff = "1-499", defendant = "500-" }'


def config(case: Path, lines: str) -> ExhibitNumbering:
    """[exhibits] with these lines, read from a file as the command does."""
    case.mkdir(exist_ok=True)
    (case / "case.toml").write_text(f"format = 1\n[exhibits]\n{lines}\n", encoding="utf-8")
    return case_file.load(case).exhibits


@pytest.mark.parametrize(
    ("lines", "numbers"),
    [
        ("", ("A", "B", "C-1", "C-2", "D")),
        ("sub_letters = false", ("A", "B", "C", "D", "E")),
        ("sub_letters = false\nfirst = 25", ("Y", "Z", "AA", "AB", "AC")),
        ('scheme = "numbers"', ("1", "2", "3", "4", "5")),
        ('scheme = "numbers"\nfirst = 12', ("12", "13", "14", "15", "16")),
        (f'scheme = "ranges"\nside = "plaintiff"\n{RANGES}', ("1", "2", "3", "4", "5")),
        (f'scheme = "ranges"\nside = "defendant"\n{RANGES}', ("500", "501", "502", "503", "504")),
        (
            f'scheme = "ranges"\nside = "defendant"\nfirst = 612\n{RANGES}',
            ("612", "613", "614", "615", "616"),
        ),
        ('scheme = "initials"\ninitials = "XY"', ("XY1", "XY2", "XY3", "XY4", "XY5")),
        ('scheme = "initials"\ninitials = "XY"\nfirst = 4', ("XY4", "XY5", "XY6", "XY7", "XY8")),
        ('scheme = "custom"\npattern = "DX-{n:03}"', ("DX-001", "DX-002", "DX-003", "DX-004",
                                                      "DX-005")),
        ('scheme = "custom"\npattern = "PX {n}.0"\nfirst = 9', ("PX 9.0", "PX 10.0", "PX 11.0",
                                                               "PX 12.0", "PX 13.0")),
    ],
)  # fmt: skip
def test_each_scheme(tmp_path: Path, lines: str, numbers: tuple[str, ...]) -> None:
    assert numbers == numbering.numbered(KEYS, config(tmp_path, lines))


@pytest.mark.parametrize(
    ("lines", "line", "key", "words"),
    [
        ('scheme = "roman"', 3, "exhibits.scheme", 'expected "letters" or "numbers"'),
        ('scheme = "ranges"\nside = "plaintiff"', 2, "exhibits.ranges", "range for each side"),
        (f'{RANGES}\nscheme = "ranges"\nside = "third party"', 5, "exhibits.side",
         'plaintiff or defendant, found "third party"'),
        ('scheme = "ranges"\nranges = { plaintiff = "1-499", defendant = "499-" }', 4,
         "exhibits.ranges.defendant", "the range of plaintiff overlap"),
        ('ranges = { plaintiff = "499-1" }', 3, "exhibits.ranges.plaintiff", "a range that grows"),
        ('ranges = { plaintiff = "one" }', 3, "exhibits.ranges.plaintiff", 'found "one"'),
        ('scheme = "initials"', 2, "exhibits.initials", "initials of the witness"),
        ('scheme = "initials"\ninitials = "X/Y"', 4, "exhibits.initials", 'found "X/Y"'),
        ('scheme = "custom"', 2, "exhibits.pattern", "with {n} once"),
        ('scheme = "custom"\npattern = "DX"', 4, "exhibits.pattern", "with {n} once"),
        ('scheme = "custom"\npattern = "{n}{n}"', 4, "exhibits.pattern", "with {n} once"),
        ('scheme = "custom"\npattern = "../{n}"', 4, "exhibits.pattern", 'found "../{n}"'),
        ('scheme = "custom"\npattern = "{n!r}"', 4, "exhibits.pattern", "with {n} once"),
        ("first = 0", 3, "exhibits.first", "at least 1"),
        ('prefix = "A/B"', 3, "exhibits.prefix", "Bates numbers name files"),
        ("digits = 13", 3, "exhibits.digits", "at most 12"),
        ('load_file_encoding = "latin-1"', 3, "exhibits.load_file_encoding", '"utf-8" or "cp1252"'),
    ],
)  # fmt: skip
def test_what_cannot_number_is_refused(
    tmp_path: Path, lines: str, line: int, key: str, words: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        config(tmp_path, lines)
    assert f"case.toml, line {line}: {key}: " in refused.value.message
    assert words in refused.value.message


def test_a_range_without_room_is_refused(tmp_path: Path) -> None:
    given_ = config(tmp_path, 'scheme = "ranges"\nside = "p"\nranges = { p = "97-100" }')
    assert numbering.numbered(KEYS[:4], given_) == ("97", "98", "99", "100")
    with pytest.raises(UsageError, match=r"room for 5 exhibits from 97 on, .* ends at 100"):
        numbering.numbered(KEYS, given_)


def final(numbers: tuple[str, ...]) -> dict[str, Any]:
    """What custody holds of a final edition."""
    return {"action": "exhibits.final", "data": {"numbers": list(numbers)}}


def test_the_count_of_a_witness_goes_on_and_only_hers(tmp_path: Path) -> None:
    given_ = config(tmp_path, 'scheme = "initials"\ninitials = "XY"')
    first = numbering.numbered(KEYS, given_, ())
    entries = [final(("AB40",)), final(first), {"action": "verify.run", "data": {}}]
    assert numbering.numbered(KEYS[:2], given_, entries) == ("XY6", "XY7")


@given(
    st.lists(st.sampled_from("ABCDEFGHIJKLM"), min_size=1, max_size=40),
    st.sampled_from(
        ["", "sub_letters = false", 'scheme = "numbers"', 'scheme = "custom"\npattern = "D {n:02}"']
    ),
)
@settings(max_examples=60, deadline=None)
def test_numbers_and_file_names_are_distinct(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str], lines: str
) -> None:
    given_ = config(tmp_path_factory.mktemp("numbers"), lines)
    numbers = numbering.numbered(keys, given_)
    assert len(keys) == len(set(numbers)) == len({numbering.file_part(n) for n in numbers})


def test_printed_numbers_cite_each_other(tmp_path: Path) -> None:
    """Every cite of an exhibit names one that is there, in the scheme of the case."""
    material = builder.write(tmp_path / "case", builder.Story(scheme="numbers"))
    exhibits = catalogue.build(material, catalogue.chosen(material, ()))
    numbers = {one.number for one in exhibits}
    assert numbers == {str(n) for n in range(1, len(exhibits) + 1)}
    for one in exhibits:
        assert set(one.based_on) <= numbers
        assert one.stem.startswith(f"exhibit-{one.number}-")
