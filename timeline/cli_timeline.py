"""`butfor timeline`: print, filter and export events, and show the record behind one."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from collector.cli import CASE, INSTANT

FORMATS = ("table", "csv", "jsonl", "timesketch", "ocsf", "parquet")


@click.group(invoke_without_command=True)
@click.option("--resource", help="ARN, bucket or key; * stands for any characters.")
@click.option("--actor", help="ARN, name, account, unique id, credential, or Anonymous.")
@click.option("--ip", help="Source address or network, 198.51.100.0/24.")
@click.option("--from", "time_from", type=INSTANT, help="Not before this time.")
@click.option("--to", "time_to", type=INSTANT, help="Before this time.")
@click.option("--operation", help="The provider's name of the operation.")
@click.option("--outcome", type=click.Choice(("success", "denied", "error")))
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else printed."
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
    form: str,
    out: Path | None,
    case_path: Path | None,
) -> None:
    """Print, filter and export the events of a built case.

    Events come in order of time; equal times are common, and the order among them says nothing.

    Example: butfor timeline --actor Anonymous --outcome success --format csv --out reads.csv

    Exit codes: 0 printed · 2 wrong use, or the case is not built.
    """
    ctx.obj = case_path
    if ctx.invoked_subcommand is not None:
        return
    from timeline import export, select

    try:
        wanted = select.Filter(
            resource=resource,
            actor=actor,
            ip=ip,
            time_from=time_from,
            time_to=time_to,
            operation=operation,
            outcome=outcome,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if form == "parquet" and out is None:
        raise click.UsageError("--format parquet: expected --out FILE, Parquet is no text.")
    events = _events(case_path)
    if form == "parquet":
        assert out is not None
        _parquet(select.tables(events, wanted), out)
        return
    writers: dict[str, Callable[[Iterable[Mapping[str, Any]]], Iterator[str]]] = {
        "table": export.to_table,
        "csv": export.to_csv,
        "jsonl": export.to_jsonl,
        "timesketch": export.to_timesketch,
        "ocsf": export.to_ocsf,
    }
    _write(writers[form](select.rows(events, wanted)), out)


@timeline.command()
@click.argument("event", metavar="EVENT")
@click.option("--raw", is_flag=True, help="Write the bytes of the record, nothing else.")
@CASE
@click.pass_obj
def show(outer_case: Path | None, event: str, raw: bool, case_path: Path | None) -> None:
    """Show the record behind an event, read again from the evidence, with its hash.

    EVENT is an event_uid (EV-1.f2/17), or the provider's id of the event or request.

    Example: butfor timeline show EV-1.f2/17

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
            sys.stdout.buffer.write(data + b"\n")
        else:
            click.echo("\n".join(_shown(row, data)))


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


def _shown(row: Mapping[str, Any], data: bytes) -> Iterator[str]:
    from timeline import export

    for name in export.NAMES:
        if row[name] is not None and name != "params":
            yield f"{name:22} {export.harmless(str(export.plain(row[name])))}"
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
