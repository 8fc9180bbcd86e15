"""Commands of the analysis: build, explain, gaps. They parse and print; the work is elsewhere."""

import json
from pathlib import Path

import click

CASE = click.option(
    "--case", "case_path", type=click.Path(path_type=Path), help="Case folder (else found upward)."
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.command()
@CASE
@AS_JSON
@click.pass_context
def build(ctx: click.Context, case_path: Path | None, as_json: bool) -> None:
    """Evidence to events, state, decisions, causation and findings, into derived/.

    Everything under derived/ can be deleted and comes out again byte for byte. Prints the sums
    that were asserted. Exit code 3 if there are gaps, or accesses that the records do not decide.

    Example: butfor build --case northwind
    """
    from collector import case, lock
    from timeline import build as driver

    place = case.find(case_path)
    with lock.hold(place, "build"):
        report = driver.run(place)
    if as_json:
        click.echo(
            json.dumps(
                {
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
        for line in report.sums:
            click.echo(line)
        click.echo("tables: " + ", ".join(f"{t} {n:,}" for t, n in report.tables.items()))
        for number, statement in report.findings:
            click.echo(f"\n{number} {statement}")
        click.echo(f"\n{report.gaps:,} gaps: butfor gaps; findings in {place / 'derived'}")
    ctx.exit(3 if report.gaps or report.undecided else 0)


@click.command()
@click.argument("name", metavar="EVENT|FINDING")
@CASE
def explain(name: str, case_path: Path | None) -> None:
    """Why an access was allowed or refused, or how a finding was computed, in plain words.

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
@AS_JSON
def gaps(case_path: Path | None, requests: bool, as_json: bool) -> None:
    """Every gap in the records, with its period and reason.

    Example: butfor gaps --requests
    """
    from collector import case
    from timeline import tables
    from timeline.correlate import wording
    from timeline.correlate.aws import records

    derived = case.find(case_path) / "derived"
    if requests:
        wanted = records.requests(
            tables.read(derived, "classes"),
            tables.read(derived, "access_classes"),
            tables.read(derived, "gaps"),
        )
        _print([dict(one) for one in wanted], as_json)
        return
    rows = tables.read(derived, "gaps")
    if as_json:
        _print(rows, as_json)
        return
    for row in rows:
        start = wording.instant(row["time_from"], edge="start")
        end = wording.instant(row["time_to"], edge="end")
        click.echo(f"{row['kind']}: {row['subject']} ({start} to {end}): {row['reason']}")
    click.echo(f"{len(rows):,} gaps")


def _print(rows: list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False, default=str))
        return
    for row in rows:
        click.echo("; ".join(f"{name}: {value}" for name, value in row.items()))
    click.echo(f"{len(rows):,} requests")
