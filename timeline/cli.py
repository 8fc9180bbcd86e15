"""Commands of the analysis: build, explain, gaps, whatif. They parse and print."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import click

from collector.cli import INSTANT

CASE = click.option(
    "--case", "case_path", type=click.Path(path_type=Path), help="Case folder (else found upward)."
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")

#: Findings printed one by one; the rest is counted.
SHOWN = 20


@click.command()
@CASE
@AS_JSON
@click.pass_context
def build(ctx: click.Context, case_path: Path | None, as_json: bool) -> None:
    """Evidence to events, state, decisions and findings.

    Everything under derived/ can be deleted and comes out again byte for byte. A build with
    nothing new says so. Prints the sums that were asserted. Exit code 3 if there are gaps, or
    accesses that the records do not decide.

    Example: butfor build --case northwind
    """
    from collector import case, lock
    from timeline import build as driver
    from timeline.correlate.wording import counted

    place = case.find(case_path)
    with lock.hold(place, "build"):
        report = driver.run(place)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "again": report.again,
                    "sums": list(report.sums),
                    "findings": [{"number": n, "statement": s} for n, s in report.findings],
                    "gaps": report.gaps,
                    "undecided": report.undecided,
                    "tables": dict(report.tables),
                },
                indent=1,
                ensure_ascii=False,
            )
        )
    else:
        for line in (*([report.again] if report.again else []), *report.sums):
            click.echo(line)
        click.echo("tables: " + ", ".join(f"{t} {n:,}" for t, n in report.tables.items()))
        for number, statement in report.findings[:SHOWN]:
            click.echo(f"\n{number} {statement}")
        if len(report.findings) > SHOWN:
            click.echo(f"\n… {len(report.findings) - SHOWN:,} more findings in findings.json")
        open_ends = (
            counted(report.gaps, "gap"),
            counted(report.undecided, "undecided access", "undecided accesses"),
        )
        click.echo(f"\n{', '.join(open_ends)}: butfor gaps, and --requests for records to ask for")
        click.echo(f"findings in {place / 'derived'}")
    ctx.exit(3 if report.gaps or report.undecided else 0)


@click.command()
@CASE
@click.option("--undo", multiple=True, metavar="CHANGE", help="Undo this change; repeatable.")
@click.option(
    "--set", "held", multiple=True, metavar="RESOURCE.SLOT=VALUE", help="Hold a slot at a value."
)
@click.option("--control", metavar="NAME", help="Turn a named control on, as block-public-access.")
@click.option("--controls", is_flag=True, help="Every control and declared target, one by one.")
@click.option(
    "--with", "given", multiple=True, metavar="NAME=VALUE", help="Parameter of a control."
)
@click.option("--default", "default_", metavar="creation|TIME", help="The provider's default.")
@click.option(
    "--baseline", metavar="TIME", type=INSTANT, help="The configuration at an earlier instant."
)
@click.option(
    "--from",
    "since",
    metavar="TIME",
    type=INSTANT,
    help="From when; needed with --set and --control.",
)
@AS_JSON
def whatif(
    case_path: Path | None,
    undo: tuple[str, ...],
    held: tuple[str, ...],
    control: str | None,
    controls: bool,
    given: tuple[str, ...],
    default_: str | None,
    baseline: datetime | None,
    since: datetime | None,
    as_json: bool,
) -> None:
    """The incident's accesses under a stated counterfactual.

    Example: butfor whatif --control block-public-access --from 2022-05-01T00:00:00Z
    """
    from collector import case
    from collector.errors import UsageError
    from timeline import whatif as asked

    if not (undo or held or controls or default_) and control is None and baseline is None:
        raise UsageError(
            "expected --undo, --set or --control, or one of --controls, --default and --baseline; "
            "found none of them"
        )
    if (held or control is not None) and since is None:
        raise UsageError("expected --from with --set and --control: a control is on from a time")
    built = asked.WhatIf(case.find(case_path))
    parameters = dict(map(asked.parameter_of, given))
    outcomes = built.undo(undo) if undo else []
    if since is not None and held:
        outcomes.append(built.held(dict(map(asked.place_of, held)), since, " and ".join(held)))
    if since is not None and control is not None:
        outcomes.append(built.control(control, since, parameters))
    outcomes += [built.target(one) for one in asked.targets_of(default_, baseline)]
    if controls:
        outcomes += built.controls(since, parameters)
    if as_json:
        data = [asked.as_data(outcome) for outcome in outcomes]
        click.echo(json.dumps(data, indent=1, ensure_ascii=False, default=str))
        return
    for outcome in outcomes:
        for line in asked.lines(outcome):
            click.echo(line)


@click.command()
@click.argument("name", metavar="EVENT|FINDING")
@CASE
def explain(name: str, case_path: Path | None) -> None:
    """Why an access was allowed, or how a finding came about.

    EVENT is an event_uid or the provider's event id; FINDING is a number (F-01) or a finding_uid.

    Example: butfor explain F-01
    """
    from collector import case
    from timeline import explain as words

    derived = case.find(case_path) / "derived"
    lines = list(words.finding(derived, name)) or list(words.event(derived, name))
    for line in lines:
        click.echo(line)


@click.command()
@CASE
@click.option("--requests", is_flag=True, help="The records that would settle what is unknown.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the requests as CSV.")
@AS_JSON
def gaps(case_path: Path | None, requests: bool, as_csv: bool, as_json: bool) -> None:
    """Every gap in the records, with what it leaves uncertain.

    With --requests: which record would settle each unknown, who holds it, until when it exists.

    Example: butfor gaps --requests --csv
    """
    from collector import case
    from collector.errors import UsageError
    from timeline import asked, tables
    from timeline.correlate import effects, wording

    if as_csv and not requests:
        raise UsageError("expected --csv together with --requests, found it alone")
    derived = case.find(case_path) / "derived"
    if requests:
        wanted = asked.requests(derived)
        if as_json:
            _print(wanted)
            return
        for line in asked.as_csv(wanted) if as_csv else asked.as_text(wanted):
            click.echo(line)
        return
    rows = tables.read(derived, "gaps")
    if as_json:
        _print(rows)
        return
    uncertain = effects.by_uid(tables.read(derived, "gap_effects"))
    for row in rows:
        start = wording.instant(row["time_from"], edge="start")
        end = wording.instant(row["time_to"], edge="end")
        click.echo(f"{row['kind']}: {row['subject']} ({start} to {end}): {row['reason']}")
        for text in uncertain.get(row["gap_uid"], ()):
            click.echo(f"    uncertain: {text}")
    click.echo(wording.counted(len(rows), "gap"))


def _print(rows: Sequence[Mapping[str, object]]) -> None:
    click.echo(json.dumps(rows, indent=1, ensure_ascii=False, default=str))
