"""`butfor timeline`: print, filter and export events, and show the record behind one."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import click

from collector.cli import CASE, INSTANT

#: Rows of `events` to lines.
_Writer: TypeAlias = Callable[[Iterable[Mapping[str, Any]]], Iterator[str]]
FORMATS = ("table", "csv", "jsonl", "timesketch", "ocsf", "parquet")


@click.group(invoke_without_command=True)
@click.option("--resource", help="Full name, container or key, in the same letters.")
@click.option("--actor", help="Full name, name, account, unique id, credential, or Anonymous.")
@click.option("--ip", help="Source address or network, 198.51.100.0/24.")
@click.option("--from", "time_from", type=INSTANT, help="Not before, 2026-01-02T03:04:05Z.")
@click.option("--to", "time_to", type=INSTANT, help="Before this time.")
@click.option("--operation", help="The provider's name of the operation.")
@click.option("--outcome", type=click.Choice(("success", "denied", "error")))
@click.option(
    "--once", is_flag=True, help="Without copies, and without second records of one request."
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write, in place of one that is there; else printed.",
)
@CASE
@click.pass_context
def timeline(
    ctx: click.Context,
    resource: str | None,
    actor: str | None,
    ip: str | None,
    time_from: datetime | None,
    time_to: datetime | None,
    operation: str | None,
    outcome: str | None,
    once: bool,
    form: str,
    out: Path | None,
    case_path: Path | None,
) -> None:
    """Print, filter and export the events of a built case.

    Events come in order of time; equal times are common, and the order among them says nothing.
    All filters given must match. A filter matches the whole value; in --resource, --actor and
    --operation * stands for any characters. The table shortens long cells in their middle; the
    other formats hold every column in full. Copies of an event stay in the list and are marked,
    as are second records of one request in another log: count rows with --once.

    \b
    Example: butfor timeline --actor Anonymous --outcome success --format csv --out reads.csv
    Example: butfor timeline --operation "PutBucket*" --from 2026-01-02T00:00:00Z
    Example: butfor timeline --resource claims-archive --ip 198.51.100.0/24 --once
    Example: butfor timeline show EV-1.f2/17

    Exit codes: 0 printed · 2 wrong use, or the case is not built.
    """
    ctx.obj = case_path
    if ctx.invoked_subcommand is not None:
        return
    from timeline import select

    try:
        wanted = select.Filter(
            resource=resource,
            actor=actor,
            ip=ip,
            time_from=time_from,
            time_to=time_to,
            operation=operation,
            outcome=outcome,
            once=once,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if form == "parquet" and out is None:
        raise click.UsageError("--format parquet: expected --out FILE, Parquet is no text.")
    if out is not None and not out.absolute().parent.is_dir():
        raise click.UsageError(f"--out {out}: expected a folder that is there, found none.")
    events = _events(case_path)
    counts: list[int] = []
    tables = _passing(select.tables(events, wanted), counts)
    if form == "parquet":
        assert out is not None
        _parquet(tables, out)
    else:
        rows = (row for table in tables for row in table.to_pylist())
        _write(_writer(form, out)(rows), out)
    _summary(events, wanted, sum(counts), out)


def _passing(tables: Iterable[Any], counts: list[int]) -> Iterator[Any]:
    """The same tables; their rows are counted as they pass."""
    for table in tables:
        counts.append(table.num_rows)
        yield table


def _writer(form: str, out: Path | None) -> _Writer:
    """How rows become lines; a table fits itself to the terminal that it is printed on."""
    from functools import partial

    from timeline import export

    width = None
    if out is None and sys.stdout.isatty():
        import shutil

        width = shutil.get_terminal_size().columns
    writers: dict[str, _Writer] = {
        "table": partial(export.to_table, width=width),
        "csv": export.to_csv,
        "jsonl": export.to_jsonl,
        "timesketch": export.to_timesketch,
        "ocsf": export.to_ocsf,
    }
    return writers[form]


def _summary(events: Path, wanted: Any, count: int, out: Path | None) -> None:  # noqa: ANN401
    """How many there are, apart from the output; where none is, which filter leaves none."""
    from timeline import select

    held = select.held(events)
    said = f"{count:,} of {held.events:,} events" + (f": {out}" if out is not None else "")
    click.echo(said, err=True)
    if count or not held.events:
        return
    click.echo(f"The case holds events from {held.first} to {held.last} (UTC).", err=True)
    for name, matching in select.alone(events, wanted).items():
        option = f"--{name.removeprefix('time_')}"
        value = getattr(wanted, name)
        shown = value.isoformat() if isinstance(value, datetime) else value
        given = option if value is True else f"{option} {shown}"
        click.echo(f"  {given} alone: {matching:,} events", err=True)
    click.echo("A filter matches the whole value; * stands for any characters.", err=True)


@timeline.command()
@click.argument("event", metavar="EVENT")
@click.option("--raw", is_flag=True, help="Write the bytes of the record, nothing else.")
@CASE
@click.pass_obj
def show(outer_case: Path | None, event: str, raw: bool, case_path: Path | None) -> None:
    """Show the record behind an event, read again from the evidence, with its hash.

    EVENT is an event_uid (EV-1.f2/17, the last column of the table), or the provider's id of the
    event or request. Other records of the event, and of the request in another log, are named.

    \b
    Example: butfor timeline show EV-1.f2/17
    Example: butfor timeline show EV-1.f2/17 --raw | sha256sum

    Exit codes: 0 shown · 2 no such event · 4 the bytes are not those that were read.
    """
    from collector import case, store
    from collector.errors import UsageError
    from timeline import select

    folder = case.find(case_path or outer_case)
    found = select.find(_events(folder), event)
    if not found:
        raise UsageError(
            f"{event}: expected the id of an event, found none of that name. List them with "
            "`butfor timeline`."
        )
    items = {item.uid: item for item in store.items(folder, withdrawn=True)}
    for row in found:
        data = _record(folder, items, row)
        if raw:
            sys.stdout.buffer.write(data if len(found) == 1 else data + b"\n")
            continue
        others = select.again(_events(folder), {row["event_uid"]})
        click.echo("\n".join(_shown(row, data, others)))


def _record(folder: Path, items: Mapping[str, Any], row: Mapping[str, Any]) -> bytes:
    """The bytes that a row cites, checked against its hash."""
    from hashlib import sha256

    from collector import store
    from collector.errors import IntegrityError
    from timeline import normalize

    item = items.get(row["evidence_item"])
    if item is None:
        raise IntegrityError(f"{row['evidence_item']}: expected this evidence item, found none.")
    try:
        data = normalize.reextract(lambda one: store.open_item(folder, one), item, row["locator"])
    except (LookupError, OSError) as error:
        raise IntegrityError(f"{row['evidence_item']} {row['locator']}: {error}") from error
    found = sha256(data).hexdigest()
    if found != row["record_sha256"]:
        raise IntegrityError(
            f"{row['evidence_item']} {row['locator']}: expected SHA-256 {row['record_sha256']}, "
            f"found {found}. Run `butfor verify`."
        )
    return data


def _shown(row: Mapping[str, Any], data: bytes, others: Iterable[tuple[str, str]]) -> Iterator[str]:
    from timeline import export

    for name in export.NAMES:
        if row[name] is not None and name != "params":
            yield f"{name:22} {export.harmless(str(export.plain(row[name])))}"
    for uid, column in others:
        said = "a copy" if column == "duplicate_of" else "another log's record of the request"
        yield f"{'also recorded':22} {export.harmless(uid)} ({said})"
    yield f"record, {len(data)} bytes, SHA-256 as cited:"
    text = data.decode("utf-8", "backslashreplace")
    yield from (export.harmless(line) for line in text.splitlines() or [""])
    yield ""


def _events(case_path: Path | None) -> Path:
    from collector import case
    from collector.errors import CaseError

    folder = case.find(case_path) / "derived" / "events"
    if not folder.is_dir():
        raise CaseError(f"{folder}: expected derived events, found none. Run `butfor build`.")
    return folder


def _write(lines: Iterator[str], out: Path | None) -> None:
    if out is None:
        for line in lines:
            click.echo(line)
        return
    fresh = out.with_name(f"{out.name}.new")
    with fresh.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(f"{line}\n" for line in lines)
    fresh.replace(out)


def _parquet(tables: "Iterator[Any]", out: Path) -> None:
    import pyarrow.parquet as pq

    from timeline.normalize.table import ROW_GROUP
    from timeline.schema import schema

    fresh = out.with_name(f"{out.name}.new")
    with pq.ParquetWriter(
        fresh, schema("events"), compression="zstd", compression_level=1
    ) as writer:
        for table in tables:
            writer.write_table(table, row_group_size=ROW_GROUP)
    fresh.replace(out)
