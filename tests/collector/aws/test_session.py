"""Paging, retries, roles: how an operation ends, whatever the provider does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from collector.aws import session as sessions
from collector.aws.guard import Guard, NotAllowedError
from collector.aws.recorder import Recorder
from collector.aws.scope import Found, RunScope
from collector.errors import UsageError
from collector.model import Outcome
from tests.collector.aws.test_guard import NOW, RUN
from tests.collector.aws.test_recorder import Memory, Scripted, serving, sized


def connection(url: str, sink: Memory, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    session = botocore.session.Session()
    session.set_credentials("AKIACANARY", "canary")
    Guard(RUN, Found(RUN)).install(session.get_component("event_emitter"))
    return sessions.AccountConnection(
        session,
        "111111111111",
        Recorder(sink),
        concurrency=2,
    )


def keys(*names: str, marker: str | None = None) -> Scripted:
    listed = ", ".join(f'{{"KeyId": "{name}"}}' for name in names)
    more = f', "Truncated": true, "NextMarker": "{marker}"' if marker else ""
    return sized(f'{{"Keys": [{listed}]{more}}}'.encode())


STALE = Scripted(
    400, (("Content-Length", "39"),), b'{"__type": "InvalidMarkerException"}'.ljust(39)
)


@pytest.mark.parametrize(
    ("answers", "expected", "outcome", "code"),
    [
        ([keys("a", marker="1"), keys("b", marker="2"), keys("c")], "abc", "OBSERVED", None),
        ([keys()], "", "OBSERVED", None),
        ([keys("a", marker="1"), *[keys("a", marker="1")] * 2], "a", "FAILED", "RepeatedPage"),
        # The very same answer twice, then the one that was meant.
        (
            [keys("a", marker="1"), keys("a", marker="1"), keys("b", marker="2"), keys("c")],
            "abc",
            "OBSERVED",
            None,
        ),
        ([keys("a", marker="1"), keys("b", marker="1")], "ab", "FAILED", "RepeatedPageToken"),
        (
            [sized(b'{"Keys": [{"KeyId": "a"}], "Truncated": true}')],
            "a",
            "FAILED",
            "TruncatedWithoutToken",
        ),
        # A page token from before an interruption, refused now: from the start, once.
        ([keys("a", marker="1"), STALE, keys("a", marker="2"), keys("b")], "aab", "OBSERVED", None),
        (
            [keys("a", marker="1"), STALE, keys("a", marker="2"), STALE],
            "aa",
            "FAILED",
            "InvalidMarkerException",
        ),
        ([sized(b"<html>a portal</html>")], "", "FAILED", "ConnectionClosedError"),
        # The same keys under a new token: asked again, and the page that was missing comes.
        (
            [keys("a", marker="1"), keys("a", marker="2"), keys("b", marker="2"), keys("c")],
            "abc",
            "OBSERVED",
            None,
        ),
        (
            [keys("a", marker="1"), keys("a", marker="2"), keys("a", marker="2")],
            "a",
            "FAILED",
            "RepeatedPage",
        ),
        # Not the page before, an older one.
        (
            [keys("a", marker="1"), keys("b", marker="2"), *[keys("a", marker="3")] * 2],
            "ab",
            "FAILED",
            "RepeatedPage",
        ),
        ([keys(marker="1"), keys(marker="2"), keys("a")], "a", "OBSERVED", None),
    ],
    ids=[
        "pages",
        "empty",
        "same answer, three times",
        "same answer, twice",
        "same token",
        "no token",
        "stale once",
        "stale twice",
        "no JSON",
        "same page once",
        "same page twice",
        "an older page",
        "two empty pages",
    ],
)
def test_every_page_to_the_end(
    answers: list[Scripted],
    expected: str,
    outcome: str,
    code: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sink = Memory()
    with serving(*answers) as (url, heads):
        attempt = connection(url, sink, monkeypatch).pages(
            "us-east-1", "kms:ListKeys", {}, first_only=False
        )
        found = "".join(key["KeyId"] for page in attempt for key in page.get("Keys", ()))
    result = attempt.result
    assert (found, result.outcome.value, result.wire.code) == (expected, outcome, code)
    assert len(sink.exchanges) == len(heads) == len(result.wire.records)


def test_a_page_that_came_twice_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = (keys("a", marker="1"), keys("a", marker="2"), keys("b"))
    with serving(*answers) as (url, _):
        attempt = connection(url, Memory(), monkeypatch).pages(
            "us-east-1", "kms:ListKeys", {}, first_only=False
        )
        assert len(list(attempt)) == 2
    assert "came twice" in str(attempt.result.reason)
    assert len(attempt.result.wire.records) == 3


def test_first_page_only_asks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(keys("a", marker="1")) as (url, heads):
        attempt = connection(url, Memory(), monkeypatch).pages(
            "us-east-1", "kms:ListKeys", {}, first_only=True
        )
        assert [page["Keys"] for page in attempt] == [[{"KeyId": "a"}]]
    assert (attempt.result.outcome, len(heads)) == (Outcome.OBSERVED, 1)


def test_a_refusal_of_the_guard_goes_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as (url, heads):
        attempt = connection(url, Memory(), monkeypatch).pages(
            "us-east-1", "s3:DeleteBucket", {"Bucket": "b"}, first_only=True
        )
        with pytest.raises(NotAllowedError):
            list(attempt)
    assert heads == []


@pytest.mark.parametrize(
    ("environment", "profile", "expected"),
    [
        ({}, "", ("adaptive", sessions.ATTEMPTS)),
        ({"AWS_RETRY_MODE": "standard"}, "", ("standard", sessions.ATTEMPTS)),
        ({}, "retry_mode = standard\nmax_attempts = 3", ("standard", 3)),
        ({"AWS_MAX_ATTEMPTS": "2"}, "", ("adaptive", 2)),
    ],
)
def test_retries_are_adaptive_unless_the_user_says_otherwise(
    environment: Mapping[str, str],
    profile: str,
    expected: tuple[str, int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "config").write_text(f"[default]\n{profile}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    session = botocore.session.Session()
    session.set_credentials("AKIACANARY", "canary")
    client = session.create_client(
        "kms", region_name="us-east-1", config=sessions.client_config(session, 8)
    )
    retries = client.meta.config.retries
    assert (retries["mode"], retries["total_max_attempts"]) == expected


def test_no_credentials_and_no_profile_are_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    guard = Guard(RUN, Found(RUN))
    with pytest.raises(UsageError, match="found none"):
        sessions.base_session(None, guard)
    with pytest.raises(UsageError, match="nobody"):
        sessions.base_session("nobody", guard)


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(UsageError, match="--from before --to"):
        RunScope(started=NOW, time_from=NOW, time_to=NOW.replace(year=2025))
