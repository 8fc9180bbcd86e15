"""The registry of log forms, and the page that is written from it."""

from pathlib import Path
from typing import Any

import pytest

from tests.timeline.normalize.records import ANONYMOUS, record
from tests.timeline.normalize.test_request import ROLE, row_of
from timeline.normalize import PARSERS, sources
from timeline.normalize.aws import cloudtrail
from timeline.normalize.duplicates import FOLDED
from timeline.normalize.model import Parser
from timeline.schema import TABLES

PAGE = Path(__file__).parents[3] / "docs" / "sources.md"


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.source)
def test_every_column_is_mapped_or_never_filled(parser: Parser) -> None:
    assert set() == sources.unmapped(parser)
    filled = {column for column, _ in parser.mapping}
    assert set() == filled & set(parser.never)
    assert filled | set(parser.never) <= {name for name, _, _ in TABLES["events"]}
    assert parser.form in ("json", "lines")


def test_sources_are_named_once() -> None:
    assert len(PARSERS) == len({parser.source for parser in PARSERS})


def test_the_page_is_as_the_command_writes_it() -> None:
    expected = "\n".join(sources.lines()) + "\n"
    assert PAGE.read_text() == expected, (
        "run: python -m timeline.normalize.sources > docs/sources.md"
    )


def test_every_column_of_cloudtrail_is_filled_by_some_record() -> None:
    identity: dict[str, Any] = dict(ROLE)
    session = {**identity["sessionContext"], "sourceIdentity": "alice"}
    rows = [
        row_of(body)
        for body in (
            record(
                userIdentity={
                    **identity,
                    "sessionContext": session,
                    "invokedBy": "x.amazonaws.com",
                    "onBehalfOf": {"userId": "u"},
                },
                vpcEndpointId="vpce-1",
                errorCode="AccessDenied",
                errorMessage="no",
                sharedEventID="S",
                requestParameters={"bucketName": "b", "key": "k", "versionId": "v"},
                responseElements={"omitted": True},
            ),
            record(userIdentity=ANONYMOUS),
            record(),
        )
    ]
    empty = {name for name in rows[0] if all(row[name] is None for row in rows)}
    assert {*cloudtrail.PARSER.never, *FOLDED} == empty
