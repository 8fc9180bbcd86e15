"""Commands that ask a provider: collect, doctor. They parse and print."""

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.cli import AS_JSON, CASE, INSTANT

if TYPE_CHECKING:
    from collector.acquire import Keeper
    from collector.aws.scope import RunScope
    from collector.session import Session

#: Logs and histories are asked for this long back unless --from says otherwise.
PERIOD = timedelta(days=90)


@click.group()
def collect() -> None:
    """Live acquisition from a cloud, read-only.

    Whole, or with every gap recorded.

    Example: butfor collect aws --role-name Audit --from 2026-01-01T00:00:00Z
    """


@click.group(invoke_without_command=True)
@CASE
@AS_JSON
@click.pass_context
def doctor(ctx: click.Context, case_path: Path | None, as_json: bool) -> None:
    """What can be collected; what expires when.

    With a provider: asked before anything is collected. Alone: certificates behind the case's
    timestamps, with a warning a year before one expires (exit code 3; also where a certificate
    of the chain is not stored).

    Example: butfor doctor --case CASE; butfor doctor aws --profile audit
    """
    if ctx.invoked_subcommand is not None:
        return
    from collector import case, clock, expiry

    report = expiry.of_case(case.find(case_path), clock.now())
    if as_json:
        click.echo(json.dumps(report.as_data(), indent=1, sort_keys=True))
    else:
        for line in report.lines():
            click.echo(line)
    ctx.exit(report.exit_code)


@collect.command("aws")
@CASE
@click.option("--profile", "profiles", multiple=True, help="Profile of the SDK; may be repeated.")
@click.option("--role-name", help="Role to change into, in every account of the organization.")
@click.option("--account", "accounts", multiple=True, help="Only this account; may be repeated.")
@click.option("--region", "regions", multiple=True, help="Only this Region; may be repeated.")
@click.option("--source", "sources", multiple=True, help="Only this source; may be repeated.")
@click.option("--from", "time_from", type=INSTANT, metavar="TIME", help="Logs from [-90 days].")
@click.option("--to", "time_to", type=INSTANT, metavar="TIME", help="Logs until, exclusive [now].")
@click.option(
    "--log-bucket",
    "log_buckets",
    multiple=True,
    metavar="BUCKET[/PREFIX][=ACCOUNT]",
    help="Log destination that no trail names; with its owner, if that is another account.",
)
@click.option(
    "--bucket",
    "buckets",
    multiple=True,
    metavar="BUCKET[=ACCOUNT]",
    help="Ask this bucket by name, also where no account lists it.",
)
@click.option("--objects", multiple=True, metavar="BUCKET[/PREFIX]", help="Objects in scope.")
@click.option("--object-metadata", is_flag=True, help="Their metadata: needs reading.")
@click.option("--lookup-events", is_flag=True, help="The 90-day look-up too (a fallback).")
@click.option("--access-key", "access_keys", multiple=True, help="Ask whose this key id is.")
@click.option("--tier", type=click.IntRange(1, 3), default=2, show_default=True)
@click.option("--concurrency", type=click.IntRange(1, 64), default=8, show_default=True)
@click.option("--plan", "as_plan", is_flag=True, help="Print every call and permission; call none.")
@click.option("--policy", "as_policy", is_flag=True, help="Print the least-privilege policy.")
@AS_JSON
@click.pass_context
def collect_aws(ctx: click.Context, /, **given: Any) -> None:  # noqa: ANN401
    """Collect from AWS: settings, policies, trails and their logs, of one account or many.

    Credentials, endpoints and proxies come by the SDK's own means. The same command continues a
    run that was interrupted. Exit code 3: done, with gaps.

    Example: butfor collect aws --profile audit --role-name Audit --from 2026-01-01T00:00:00Z
    """
    from collector import clock
    from collector.aws import not_asked, policy

    asked = _asked(given)
    run = _run(given, clock.now())
    if given["as_policy"]:
        click.echo(json.dumps(policy.policy(run, given["sources"]), indent=2))
        return
    if given["as_plan"]:
        lines = list(policy.plan(run, given["sources"]))
        _print_plan(lines, not_asked.NOT_ASKED, as_json=given["as_json"])
        return
    from collector import case, session

    place = case.find(given["case_path"])
    with session.writing(place, "collect aws") as writing:
        keeper, folder = _collect_aws(writing, asked, given)
    gaps = keeper.gaps
    if given["as_json"]:
        click.echo(json.dumps(_as_data(keeper, folder), indent=1, sort_keys=True))
    else:
        _print(keeper, folder)
    ctx.exit(3 if gaps else 0)


@doctor.command("aws")
@click.option("--profile", help="Profile of the SDK.")
@AS_JSON
@click.pass_context
def doctor_aws(ctx: click.Context, profile: str | None, as_json: bool) -> None:
    """Ask AWS what this principal may read, and what is logged until when. Keeps nothing.

    Exit code 3: something was refused, or no answer came.

    Example: butfor doctor aws --profile audit
    """
    from collector import clock
    from collector.aws import doctor as examine

    report = examine.run(profile, clock.now())
    if as_json:
        click.echo(json.dumps(report.as_data(), indent=1, sort_keys=True))
    else:
        for line in report.lines():
            click.echo(line)
    ctx.exit(3 if report.denied or report.unanswered else 0)


def _collect_aws(
    writing: "Session", asked: dict[str, Any], given: Mapping[str, Any]
) -> tuple["Keeper", Path]:
    """Open (or continue) the acquisition and read every source into it."""
    from collector import acquisition, clock
    from collector.acquire import started_at
    from collector.acquisition_record import Request
    from collector.aws import collect as aws
    from collector.aws.guard import Guard
    from collector.aws.policy import selected
    from collector.aws.scope import Found
    from collector.progress import Progress

    first = _run(given, clock.now())
    guard = Guard(first, Found(first))
    callers = [aws.identify(profile, guard) for profile in given["profiles"] or (None,)]
    request = Request(
        source="aws",
        scope=callers[0].account,
        asked=asked,
        why="collect from AWS",
        principal=callers[0].arn,
    )
    with acquisition.acquire(writing, request) as writer:
        # A continued run keeps the clock it began with: the same period, the same questions.
        home = aws.HOMES.get(callers[0].arn.split(":")[1], callers[0].region)
        run = replace(_run(given, started_at(writer)), home_region=home)
        found = Found(run)
        guard.enforce(run, found)
        specs = selected(run, given["sources"])
        progress: list[Progress] = []

        def watch(keeper: "Keeper", sent: Any) -> Progress:  # noqa: ANN401
            progress.append(Progress(keeper, sent))
            return progress[0]

        try:
            keeper = aws.collect(writer, run, guard, found, callers, specs, watch)
        finally:
            for one in progress:
                one.stop()
        return keeper, writer.folder


def _run(given: Mapping[str, Any], started: datetime) -> "RunScope":
    from collector.aws.scope import Place, RunScope

    def owned(text: str) -> tuple[Place, str | None]:
        place, _, owner = text.partition("=")
        return Place.parse(place), owner or None

    return RunScope(
        started=started,
        time_from=given["time_from"] or started - PERIOD,
        time_to=given["time_to"] or started,
        accounts=given["accounts"],
        regions=given["regions"],
        role_name=given["role_name"],
        log_buckets=tuple(owned(text) for text in given["log_buckets"]),
        buckets=tuple(owned(text) for text in given["buckets"]),
        objects=tuple(Place.parse(text) for text in given["objects"]),
        object_metadata=given["object_metadata"],
        lookup_events=given["lookup_events"],
        access_keys=given["access_keys"],
        tier=given["tier"],
        concurrency=given["concurrency"],
        pause=_pause,
    )


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def _asked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The scope as asked, in the form that the acquisition keeps: the same again continues it."""
    from collector import clock

    words = (
        "access_keys", "accounts", "buckets", "log_buckets", "lookup_events",
        "object_metadata", "objects", "profiles", "regions", "role_name", "sources", "tier",
        "time_from", "time_to",
    )  # fmt: skip
    asked: dict[str, Any] = {}
    for word in words:
        value = given[word]
        if isinstance(value, datetime):
            value = clock.stamp(value)
        asked[word] = list(value) if isinstance(value, tuple) else value
    return asked


def _print_plan(lines: list[dict[str, Any]], left_out: Mapping[str, str], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(lines, indent=1))
        return
    source = None
    for line in lines:
        if line["source"] != source:
            source = line["source"]
            click.echo(f"{source} (once per {line['per']})")
        needs = ", ".join(line["permissions"]) or "no permission"
        mark = " " if line["requested"] else "-"
        condition = "" if line["condition"] == "always" else f" [{line['condition']}]"
        click.echo(f"  {mark} {line['operation']} on {line['resource']}: {needs}{condition}")
    click.echo("never asked")
    for operation, reason in sorted(left_out.items()):
        click.echo(f"    {operation}: {reason}")
    click.echo(
        f"{len(lines)} operations; '-' is not called with these options. Nothing was called."
    )


def _as_data(keeper: "Keeper", folder: Path) -> dict[str, Any]:
    return {
        "attempted": dict(keeper.attempted),
        "bytes": keeper.bytes,
        "folder": folder.name,
        "gaps": keeper.gaps,
        "outcomes": {
            source: {outcome.value: number for outcome, number in tally.items()}
            for source, tally in keeper.tally.items()
        },
    }


def _print(keeper: "Keeper", folder: Path) -> None:
    from collector.progress import table

    for line in table(keeper):
        click.echo(line)
    click.echo(f"{folder}: {keeper.bytes:,} bytes")
    click.echo(f"{keeper.gaps} gaps; `butfor gaps` lists them" if keeper.gaps else "no gaps")
