"""Values known by their form or by name become tokens; what only looks like them does not."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.redaction import finders, rewrite, spelling
from reports.redaction.profile import Profile
from reports.redaction.pseudonyms import read

EVERYTHING = Profile(
    name="t", basis="b",
    classes=("account", "address", "email", "financial", "principal", "taxpayer"),
)  # fmt: skip
NOTHING = rewrite.Literals(words={}, places={}, digests=frozenset())

FORMS = [
    ("from 198.51.100.7", "from ADDRESS-01"),
    ("198.51.100.0/24", "ADDRESS-01/24"),
    ("https://198.51.100.7/x", "https://ADDRESS-01/x"),
    ("at 198.51.100.7.", "at ADDRESS-01."),
    ("2001:db8::7 and ::1", "ADDRESS-01 and ADDRESS-02"),
    ("::ffff:198.51.100.7", "ADDRESS-01"),
    ("at 08:50:00 Z", "at 08:50:00 Z"),
    ("300.1.1.1", "300.1.1.1"),
    ("arn:aws:s3:::archive/*", "arn:aws:s3:::archive/*"),
    ("arn:aws:iam::111122223333:root", "arn:aws:iam::ACCOUNT-01:root"),
    ("111122223333_CloudTrail_x", "ACCOUNT-01_CloudTrail_x"),
    ("1111222233334", "1111222233334"),
    ("a111122223333b", "a111122223333b"),
    ("alice.o+x@mail.example.org,", "EMAIL-01,"),
    ("SSN 123-45-6789", "SSN TAXPAYER-01"),
    ("4111 1111 1111 1111", "FINANCIAL-01"),
    ("4111 1111 1111 1112", "4111 1111 1111 1112"),
    ("DE89 3704 0044 0532 0130 00", "FINANCIAL-01"),
    ("DE88370400440532013000", "DE88370400440532013000"),
    ("AIDAEXAMPLEDLEE000001", "PRINCIPAL-01"),
    ("key AKIAEXAMPLEKEY234567 used", "key AKIA…4567 used"),
]


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_a_value_of_a_form_becomes_a_token(tmp_path: Path, text: str, expected: str) -> None:
    made = rewrite.rewriter(NOTHING, EVERYTHING, read(tmp_path))(text)
    assert made == expected


@pytest.mark.parametrize(("text", "_"), FORMS)
def test_a_rewritten_text_stays_as_it_is(tmp_path: Path, text: str, _: str) -> None:
    again = rewrite.rewriter(NOTHING, EVERYTHING, read(tmp_path))
    assert again(again(text)) == again(text)


def test_keys_are_masked_whatever_a_profile_says(tmp_path: Path) -> None:
    nothing = Profile(name="t", basis="b")
    made = rewrite.rewriter(NOTHING, nothing, read(tmp_path))("ASIAEXAMPLEKEY234567 198.51.100.7")
    assert made == "ASIA…4567 198.51.100.7"


def test_digests_of_records_are_keyed_and_those_of_files_stay(tmp_path: Path) -> None:
    record, file = "a1" * 32, "b2" * 32
    known = rewrite.Literals(words={}, places={}, digests=frozenset({record}))
    made = rewrite.rewriter(known, EVERYTHING, read(tmp_path))(
        f"{record} {file} sha256 {record[:12]}"
    )
    whole, kept, short = re.fullmatch(r"(\w{64}) (\w{64}) sha256 (\w{12})", made).groups()  # type: ignore[union-attr]
    assert kept == file
    assert whole != record
    assert whole.startswith(short)


def test_a_short_key_is_found_beside_its_container_alone(tmp_path: Path) -> None:
    known = rewrite.Literals(words={}, places={"box/a": "a"}, digests=frozenset())
    made = rewrite.rewriter(known, EVERYTHING, read(tmp_path))("arn:aws:s3:::box/a has a name")
    assert made == "arn:aws:s3:::box/OBJECT-01 has a name"


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=30), st.data())
@settings(max_examples=200, deadline=None)
def test_every_literal_is_found_whole(words: list[str], data: st.DataObject) -> None:
    pattern = spelling.pattern(words)
    assert pattern is not None
    word = data.draw(st.sampled_from(words))
    found = pattern.match(word)
    assert found is not None
    assert found[0] == word


@given(st.lists(st.text("ab", min_size=1, max_size=6), min_size=1, max_size=20), st.text("abc"))
@settings(max_examples=200, deadline=None)
def test_the_longest_literal_wins(words: list[str], text: str) -> None:
    pattern = spelling.pattern(words)
    assert pattern is not None
    for at in range(len(text)):
        longest = max((w for w in words if text.startswith(w, at)), key=len, default=None)
        found = pattern.match(text, at)
        assert (found[0] if found else None) == longest


def test_a_name_is_found_in_every_spelling() -> None:
    forms = spelling.by_spelling({'Zoë & "Co" /x'})
    for text in (
        'Zo\\u00eb & \\"Co\\" /x',
        "Zo%C3%AB%20%26%20%22Co%22%20/x",
        "Zoë &amp; &quot;Co&quot; /x",
    ):
        assert text in forms


def test_every_class_of_a_profile_has_a_finder_or_is_named() -> None:
    kinds = {one.kind for one in finders.every()}
    assert kinds >= {"account", "address", "email", "financial", "key", "taxpayer"}
