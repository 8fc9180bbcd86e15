"""The map of tokens lasts, is private, and says what is wrong with it; so do profiles."""

import stat
from pathlib import Path

import pytest

from collector.errors import ConfigError, UsageError
from reports.redaction import profile, pseudonyms


def test_tokens_last(tmp_path: Path) -> None:
    first = pseudonyms.read(tmp_path)
    assert first.token("ADDRESS", "198.51.100.7") == "ADDRESS-01"
    assert first.token("ADDRESS", "198.51.100.8") == "ADDRESS-02"
    first.save()
    digest, entries = first.digest(), first.entries()
    again = pseudonyms.read(tmp_path)
    assert again.token("ADDRESS", "198.51.100.8") == "ADDRESS-02"
    assert again.token("ADDRESS", "198.51.100.9") == "ADDRESS-03"
    again.save()
    last = pseudonyms.read(tmp_path)
    assert last.digest(entries) == digest
    assert last.keyed("ab" * 32) == first.keyed("ab" * 32)


def test_the_map_is_for_its_owner_alone(tmp_path: Path) -> None:
    made = pseudonyms.read(tmp_path)
    made.token("EMAIL", "a@example.org")
    made.save()
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700


def test_two_maps_of_the_same_values_have_other_digests(tmp_path: Path) -> None:
    digests = set()
    for name in ("a", "b"):
        made = pseudonyms.read(tmp_path / name)
        made.token("ADDRESS", "198.51.100.7")
        digests.add(made.digest())
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"random":"00', "line feed"),
        (b"nonsense\n", "line 1"),
        (b'{"random":"' + b"00" * 32 + b'","v":1}\n{"token":"A-01"}\n', "line 2"),
    ],
)
def test_a_damaged_map_is_refused(tmp_path: Path, raw: bytes, said: str) -> None:
    (tmp_path / pseudonyms.FOLDER).mkdir()
    (tmp_path / pseudonyms.FOLDER / pseudonyms.NAME).write_bytes(raw)
    with pytest.raises(UsageError, match=said):
        pseudonyms.read(tmp_path)


GOOD = 'name = "p"\nbasis = "order"\nclasses = ["email"]\nobject_keys = ["claims/*"]\n'


def test_a_profile_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(GOOD + '[[values]]\nclass = "minor"\nvalue = "Jane Roe"\nbasis = "5.2(a)(3)"\n')
    made = profile.load(str(path))
    assert made.classes == ("email",)
    assert made.values[0].basis == "5.2(a)(3)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "p"\n', "basis"),
        (GOOD.replace("email", "emial"), "line 3.*emial"),
        (GOOD + 'colour = "black"\n', "line 5.*colour"),
        (GOOD + '[[values]]\nclass = "minor"\nvalue = "Al"\n', "at least 4"),
        (GOOD + '[[values]]\nclass = "minor"\n', "value"),
        ("name = \n", "line 1"),
    ],
)
def test_a_profile_that_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=f"(?s){said}"):
        profile.load(str(path))


def test_a_profile_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="gdpr-min"):
        profile.load("no-such-profile")
