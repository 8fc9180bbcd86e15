"""`butfor verify`: the checks of the collector, and exhibit rows again from their bytes."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector import cli_seal
from collector.errors import UsageError, worst

if TYPE_CHECKING:
    from reports.rederive_row import Result

ROW = click.Option(
    ["--row"],
    metavar="ROW",
    help="Derive this row again from its bytes: TABLE:NUMBER of an exhibit, an event_uid, a "
    "change_uid, intervals:NUMBER, every number of a finding (F-01); or `all`, with the table as "
    "PATH.",
)
REBUILD = click.Option(
    ["--rebuild"],
    is_flag=True,
    help="With --row: derive all tables anew from the evidence in a scratch folder, so that "
    "computed columns are compared with the evidence too.",
)
_TABLE = re.compile(r"(?s)(?P<path>.+\.(?:csv|parquet)):(?P<row>\d+|all)")


def _verify(**given: Any) -> None:  # noqa: ANN401 (the options of two commands)
    row, anew = given.pop("row"), given.pop("rebuild")
    if row is not None:
        others = ("keys", "tsa_root", "earlier_seal", "sha512", "record")
        if any(given[name] for name in others):
            raise UsageError("--row: expected with PATH, --case, --rebuild, --json only.")
        _row(row, given["path"], given["case_path"], anew, given["as_json"])
    elif anew:
        raise UsageError("--rebuild: expected with --row, found alone.")
    elif given["path"] is not None and _is_bundle(given["path"]):
        _bundle(**given)
    else:
        assert cli_seal.verify.callback is not None
        cli_seal.verify.callback(**given)


def _is_bundle(path: Path) -> bool:
    from reports import bundle_check

    return bundle_check.is_bundle(path)


def _bundle(
    path: Path, keys: Sequence[str], tsa_root: Path | None, earlier_seal: Sequence[Path],
    sha512: bool, record: bool, as_json: bool, case_path: Path | None,
) -> None:  # fmt: skip
    """An edition: what a production is checked for, and its rows against the evidence in it."""
    from collector import verify as verification
    from reports import bundle_check

    if record or case_path is not None:
        raise UsageError("an edition of exhibits: leave --record and --case out.")
    trust = verification.Trust(
        keys=frozenset(key.lower().replace(":", "") for key in keys), tsa_root=tsa_root,
        earlier=tuple(earlier_seal), sha512=sha512,
    )  # fmt: skip
    report = bundle_check.verify(path, trust)
    if as_json:
        click.echo(json.dumps(report.as_data(), indent=1, sort_keys=True))
    else:
        for line in cli_seal.lines_of(report):
            click.echo(line)
        if rows := report.parts.get("rows"):
            click.echo(
                f"  rows of native tables: {rows['compared']:,} compared with their records, "
                f"{rows['fields']:,} of them field by field; {rows['absent']:,} cite files that "
                "are not here"
            )
    click.get_current_context().exit(report.exit_code)


def _row(row: str, path: Path | None, case_path: Path | None, anew: bool, as_json: bool) -> None:
    from reports import rederive_finding, rederive_row, rederive_table

    table, number = _asked(row, path)
    case = _case(table, None if row == "all" else path, case_path)
    # What is derived anew rests on all evidence: if some of it is altered, that is the result.
    results = rederive_row.whole_case(case) if anew else ()
    if not results:
        with rederive_row.derived_anew(case) if anew else nullcontext() as rebuilt:
            if rederive_finding.NAME.fullmatch(row):
                results = rederive_finding.results(case, row, rebuilt)
            elif table is not None:
                cited = rederive_table.cited(case, table, number, rebuilt)
            else:
                cited = rederive_row.by_uid(case, row, rebuilt)
        results = results or rederive_row.against_bytes(case, cited)
    code = worst(*(one.exit_code for one in results))
    if as_json:
        rows = [one.as_data() for one in results]
        click.echo(
            json.dumps({"exit": code, "rows": rows, "v": 1}, indent=1, sort_keys=True, default=str)
        )
    else:
        for line in _lines(results, every=number is not None or table is None):
            click.echo(line)
    click.get_current_context().exit(code)


def _asked(row: str, path: Path | None) -> tuple[Path | None, int | None]:
    """(table, row number) that the option names; no table for an id, no number for all rows."""
    if row == "all":
        if path is None:
            raise UsageError("--row all: expected a native table as well: --row all TABLE")
        return path, None
    match = _TABLE.fullmatch(row)
    if match is None:
        return None, None
    return Path(match["path"]), None if match["row"] == "all" else int(match["row"])


def _case(table: Path | None, path: Path | None, case_path: Path | None) -> Path:
    """The case that is named, else the one around the table, else the one around here."""
    from collector import case

    named = case_path or path
    if named is None and table is not None:
        around = (one for one in table.resolve().parents if (one / case.CONFIG).is_file())
        named = next(around, None)
    return case.find(named)


def _lines(results: Sequence["Result"], *, every: bool) -> Iterator[str]:
    """Each row with what was found; of many rows only those with something to say."""
    from reports.rederive_row import printed

    words = {0: "derived again, no difference", 1: "DIFFERS", 3: "could not be checked",
             4: "BYTES DIFFER"}  # fmt: skip
    for one in results:
        if not every and one.exit_code == 0:
            continue
        yield f"{one.label}: {words[one.exit_code]}"
        if one.item:
            where = " ".join(part for part in (one.item, one.locator) if part)
            yield f"  record: {where}" + (f" sha256 {one.sha256}" if one.sha256 else "")
        for title, rows in (("bytes", one.altered), ("differs", one.differences)):
            for row in rows:
                yield (
                    f"  {title}: {row.column}: expected {printed(row.expected)}, "
                    f"found {printed(row.found)}"
                )
        yield from (f"  could not check: {why}" for why in one.unchecked)
        if every:
            yield from (f"  computed: {what}" for what in one.computed)
    if not every:
        yield from (f"computed: {w}" for w in dict.fromkeys(w for r in results for w in r.computed))
    tally = {code: sum(one.exit_code == code for one in results) for code in words}
    yield f"{len(results):,} rows: " + ", ".join(f"{n:,} {words[c]}" for c, n in tally.items() if n)


verify = click.Command(
    "verify",
    callback=_verify,
    params=[*cli_seal.verify.params, ROW, REBUILD],
    help=(cli_seal.verify.help or "")
    + """

    With --row: exit code 1 if something derived differs, 4 if bytes differ, 3 if the row could
    not be checked. In a table with a column `row`, NUMBER is the printed one.

    Example: butfor verify --row exhibits/draft-001/exhibit-3-configuration-history.csv:3
    """,
)
