"""`butfor state`: what was configured at an instant, how that is known, and what changed."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.cli import AS_JSON, CASE, INSTANT

if TYPE_CHECKING:
    from timeline.state.intervals import History


@click.command("state")
@click.argument("resource", metavar="RESOURCE")
@click.option("--at", "at", type=INSTANT, help="Instant; without it the whole history is printed.")
@click.option("--diff", "other", type=INSTANT, help="Second instant: what differs between the two.")
@CASE
@AS_JSON
def state(
    resource: str,
    at: datetime | None,
    other: datetime | None,
    case_path: Path | None,
    as_json: bool,
) -> None:
    """What was configured at an instant, and how it is known.

    RESOURCE is a bucket name, an ARN, or any resource of the table `intervals`. Every value comes
    with its bounds, how it is known, and the bytes that it rests on; what no record holds is
    UNKNOWN, which is neither present nor absent.

    Example: butfor state my-bucket --at 2023-07-10T12:25:00Z --diff 2023-07-10T12:30:00Z

    Exit codes: 0 printed · 2 no such resource, or the case is not built.
    """
    from timeline.state import show

    history = _history(case_path)
    uid = show.resource_uid(history, resource)
    if other is not None and at is None:
        raise click.UsageError("--diff compares two instants: expected --at as well.")
    if at is None:
        answer: Any = show.whole_history(history, uid)
        lines = show.history_lines(uid, answer)
    elif other is None:
        answer = show.at(history, uid, at)
        lines = show.at_lines(uid, at, answer)
    else:
        answer = show.difference(history, uid, at, other)
        lines = show.difference_lines(uid, at, other, answer)
    if as_json:
        click.echo(json.dumps(answer, indent=2, sort_keys=True, ensure_ascii=False))
    else:
        click.echo("\n".join(lines))


def _history(case_path: Path | None) -> "History":
    """History of a built case."""
    from collector import case
    from collector.errors import CaseError
    from timeline import tables
    from timeline.state.intervals import History

    derived = case.find(case_path) / "derived"
    try:
        return History(tables.read(derived, "intervals"), tables.read(derived, "changes"))
    except FileNotFoundError as missing:
        raise CaseError(
            f"expected {derived / 'intervals.parquet'}, found none: run `butfor build` first"
        ) from missing
