"""Commands that make a case and put material into it: init, import. They parse and print."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collector.importer import ImportReport

CASE = click.option(
    "--case", "case_path", type=click.Path(path_type=Path), help="Case folder (else found upward)."
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
#: Gaps printed one by one; the rest is counted.
SHOWN = 20


class Instant(click.ParamType[datetime]):
    """A time with its offset to UTC; without one it could be hours off, so it is refused."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Parse `2026-01-02T03:04:05Z`."""
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError as error:
            self.fail(f"expected a time as in 2026-01-02T03:04:05Z: {error}", param, ctx)
        if at.tzinfo is None:
            self.fail(
                f"expected the offset to UTC as well, as in 2026-01-02T03:04:05Z, found {value}",
                param,
                ctx,
            )
        return at


class Words(click.ParamType[str]):
    """Free text; bytes that are not UTF-8 become `\\xe9`, so that any record can hold it."""

    name = "text"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The same text without surrogates."""
        raw = str(value).encode("utf-8", "surrogateescape")
        return raw.decode("utf-8", "backslashreplace")


INSTANT = Instant()
WORDS = Words()


@click.command()
@click.argument("case_path", metavar="CASE", type=click.Path(path_type=Path))
def init(case_path: Path) -> None:
    """Make a case folder with a commented case.toml.

    Example: butfor init northwind && cd northwind
    """
    from collector import session

    session.create(case_path)
    click.echo(f"{case_path}: case made. Next: fill in {case_path / 'case.toml'}, then")
    click.echo(f"  butfor import PATH… --case {case_path}")


@click.command("import")
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@CASE
@click.option("--provided-by", metavar="WHO", type=WORDS, help="Who handed the material over.")
@click.option("--received-at", metavar="TIME", type=INSTANT, help="When it was received.")
@click.option(
    "--observed-at",
    metavar="TIME",
    type=INSTANT,
    help="When the provider's state in it was observed: for API dumps, which carry no time.",
)
@click.option("--note", metavar="TEXT", type=WORDS, help="Anything else about the hand-over.")
@AS_JSON
@click.pass_context
def import_(
    ctx: click.Context,
    paths: tuple[Path, ...],
    case_path: Path | None,
    provided_by: str | None,
    received_at: datetime | None,
    observed_at: datetime | None,
    note: str | None,
    as_json: bool,
) -> None:
    """Preserve what was handed over, write-once: files and folders, as received, bit for bit.

    Nothing is unpacked or changed. What cannot be read becomes a recorded gap (exit code 3). An
    interrupted import continues when the same command is given again. Another butfor case (or a bag
    of one) is taken with its custody and seals, and verified; its item ids are kept as `origin`.

    Example: butfor import ../logs --provided-by "Contoso IT" --received-at 2026-01-05T10:00:00Z
    """
    from collector import case, importer, session

    place = case.find(case_path)
    with session.writing(place, "import") as writing:
        handover = importer.HandOver(
            provided_by=provided_by,
            received_at=received_at,
            observed_at=observed_at,
            stated_by=writing.stated_by,
            note=note,
        )
        report = importer.run(writing, paths, handover, progress=_progress())
    if as_json:
        click.echo(json.dumps(_as_data(report), indent=1, sort_keys=True))
    else:
        _print(report)
    ctx.exit(3 if report.gaps else 0)


def _as_data(report: "ImportReport") -> dict[str, object]:
    return {
        **asdict(report),
        "cases": [dict(verdict) for verdict in report.cases],
        "folder": str(report.folder),
        "gaps": [
            {"item": gap.item, "kind": gap.kind, "reason": gap.reason, "subject": gap.subject}
            for gap in report.gaps
        ],
        "manifest": report.manifest.as_data(),
    }


def _print(report: "ImportReport") -> None:
    """The sums, the gaps, and what fixes the result."""
    again = " (continued after an interruption)" if report.resumed else ""
    click.echo(f"acquisition {report.acquisition}: {report.folder}{again}")
    gapped = report.seen - report.kept - report.already
    click.echo(
        f"seen {report.seen} = kept {report.kept} + gaps {gapped} + already held {report.already}; "
        f"{report.bytes:,} bytes kept"
    )
    for verdict in report.cases:
        words = {0: "verifies", 3: "not everything could be checked", 4: "DOES NOT VERIFY"}
        click.echo(
            f"case {verdict['case']} ({verdict['relation']}): "
            f"{verdict['entries']} custody entries, {verdict['seals']} seals; "
            f"{words[verdict['exit']]}: {verdict['wrong_total']} wrong"
        )
    for gap in report.gaps[:SHOWN]:
        click.echo(f"gap ({gap.kind}): {_one_line(gap.subject)}: {_one_line(gap.reason)}")
    if len(report.gaps) > SHOWN:
        click.echo(f"… and {len(report.gaps) - SHOWN} more gaps: `butfor gaps` lists them all")
    click.echo(f"manifest: {report.manifest.leaves} files, root {report.manifest.root}")


def _one_line(text: str) -> str:
    """Hostile names can hold line feeds and terminal escapes: shown escaped."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _progress() -> Callable[[int, int], None]:
    """A running count on a terminal, a line every ten seconds elsewhere; both on stderr."""
    from collector import clock

    shown_at = clock.reading().mono_ns
    live = sys.stderr.isatty()
    pause = 200_000_000 if live else 10_000_000_000

    def show(files: int, size: int) -> None:
        nonlocal shown_at
        now = clock.reading().mono_ns
        if now - shown_at >= pause:
            shown_at = now
            click.echo(
                f"{files:,} files, {size / 2**20:,.0f} MiB" + ("\r" if live else "\n"),
                err=True,
                nl=False,
            )

    return show
