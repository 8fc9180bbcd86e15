"""The registry of log forms, and the page that is written from it."""

from pathlib import Path

import pytest

from timeline.normalize import PARSERS, sources
from timeline.normalize.model import Parser
from timeline.schema import TABLES

PAGE = Path(__file__).parents[3] / "docs" / "sources.md"


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.source)
def test_every_column_is_mapped_or_never_filled(parser: Parser) -> None:
    assert set() == sources.unmapped(parser)
    filled = {column for column, _ in parser.mapping}
    assert set() == filled & set(parser.never)
    assert filled | set(parser.never) <= {name for name, _, _ in TABLES["events"]}
    assert parser.form in ("json", "lines", "table")


def test_sources_are_named_once() -> None:
    assert len(PARSERS) == len({parser.source for parser in PARSERS})


def test_the_page_is_as_the_command_writes_it() -> None:
    expected = "\n".join(sources.lines()) + "\n"
    assert PAGE.read_text() == expected, (
        "run: python -m timeline.normalize.sources > docs/sources.md"
    )
