"""`butfor decide`: the evaluator as a filter, JSON lines in and out, in order."""

import sys
from codecs import BOM_UTF8
from typing import IO, Any

import click


@click.command("decide")
@click.option(
    "--in",
    "source",
    type=click.File("rb"),
    default="-",
    help="File of JSON lines; standard input by default.",
)
@click.option(
    "--out",
    "sink",
    type=click.File("wb"),
    default="-",
    help="File to write to; standard output by default.",
)
def decide(source: IO[bytes], sink: IO[bytes]) -> None:
    """Requests in, decisions out: the bare evaluator.

    Each line holds a request, the state it met, and the names of what is not known; each line
    of the answer holds ALLOWED, DENIED or UNKNOWN with its reasons. A line that cannot be read
    becomes `{"id", "error"}` and never stops the rest. No case folder is needed.

    Example: butfor decide < requests.jsonl > decisions.jsonl

    Exit codes: 0 every line decided · 1 at least one line could not be read.
    """
    from collector.sweeping import seldom_swept

    with seldom_swept():
        bad = run(source, sink)
    sys.exit(1 if bad else 0)


def run(source: IO[bytes], sink: IO[bytes]) -> int:
    """Decide line by line; blank lines are skipped.

    Returns:
        Number of lines that could not be read.
    """
    import msgspec

    from timeline.policy import decide as decisions

    encoder = msgspec.json.Encoder()
    unreadable = (msgspec.DecodeError, UnicodeDecodeError)
    bad = 0
    for number, content in enumerate(source, start=1):
        if content.isspace():
            continue
        if number == 1:
            content = content.removeprefix(BOM_UTF8)
        line: Any = None
        try:
            line = decisions.read(content)
            answer = decisions.decide_read(line)
        except unreadable as error:
            answer = _failure(line, f"line {number}: not JSON: {error}")
        except Exception as error:  # one bad line never stops the rest, whatever is bad about it
            answer = _failure(line, f"line {number}: {error or type(error).__name__}")
        bad += "error" in answer
        sink.write(encoder.encode(answer) + b"\n")
        if number % 64 == 0:
            sink.flush()
    sink.flush()
    return bad


def _failure(line: object, reason: str) -> dict[str, Any]:
    return {"id": getattr(line, "id", None), "error": reason}
