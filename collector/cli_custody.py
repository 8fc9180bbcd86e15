"""Commands about handling: custody, exclude. They parse and print."""

import json
from datetime import datetime
from pathlib import Path

import click

from collector.cli import AS_JSON, CASE, INSTANT, WORDS
from collector.errors import UsageError


@click.group()
def custody() -> None:
    """The chain of custody: add a hand-over or an access, or read the chain.

    Example: butfor custody list
    """


@custody.command()
@click.argument("action", type=click.Choice(["handover", "access"]))
@CASE
@click.option("--releaser", metavar="WHO", type=WORDS, help="Who gave it (hand-over).")
@click.option("--receiver", metavar="WHO", type=WORDS, help="Who received it, or who had access.")
@click.option("--purpose", metavar="TEXT", type=WORDS, required=True, help="What for.")
@click.option("--at", metavar="TIME", type=INSTANT, help="When it happened, if not now.")
@click.option("--place", metavar="TEXT", type=WORDS)
@click.option("--medium", metavar="TEXT", type=WORDS, help="Disk, link, paper …")
@click.option("--serial", metavar="TEXT", type=WORDS, help="Serial number of the medium.")
@click.option(
    "--item", "items", metavar="ITEM", type=WORDS, multiple=True, help="EV-1.f2; none = whole case."
)
@click.option("--sha256-before", metavar="HEX", type=WORDS, help="Digest as released.")
@click.option("--sha256-after", metavar="HEX", type=WORDS, help="Digest as received.")
@click.option("--note", metavar="TEXT", type=WORDS)
def add(
    action: str,
    case_path: Path | None,
    releaser: str | None,
    receiver: str | None,
    purpose: str,
    at: datetime | None,
    items: tuple[str, ...],
    sha256_before: str | None,
    sha256_after: str | None,
    **described: str | None,
) -> None:
    """Record a hand-over or an access as an entry of the chain.

    Example: butfor custody add handover --releaser "A. Clerk" --receiver "E. Xaminer"
    --purpose analysis --medium "USB disk" --serial 123
    """
    from collector import case, ledger, session

    if action == "handover" and (releaser is None or receiver is None):
        raise UsageError("handover: expected --releaser and --receiver, found one or none")
    if action == "access" and receiver is None:
        raise UsageError("access: expected --receiver, the person who had access, found none")
    place = case.find(case_path)
    _check_items(place, items)
    data = {
        "at": ledger.when(at),
        "items": list(items),
        "purpose": purpose,
        "receiver": receiver,
        "releaser": releaser,
        "sha256_after": _digest("--sha256-after", sha256_after),
        "sha256_before": _digest("--sha256-before", sha256_before),
        **described,
    }
    with session.writing(place, "custody add") as writing:
        entry = writing.record(action, why=purpose, data=data)
    click.echo(f"custody entry {entry.seq}: {action}; SHA-256 {entry.sha256}")


@custody.command("list")
@CASE
@AS_JSON
def list_(case_path: Path | None, as_json: bool) -> None:
    """Every entry of the chain, checked link by link.

    Example: butfor custody list --json
    """
    from collector import case
    from collector import custody as chain

    entries = chain.read(case.find(case_path))
    for entry in entries:
        if as_json:
            click.echo(entry.raw.decode("ascii"))
            continue
        who = entry.actor.get("examiner") or entry.actor.get("login")
        data = json.dumps(dict(entry.data), sort_keys=True)
        shown = data if len(data) <= 100 else data[:99] + "…"
        click.echo(f"{entry.seq:>4}  {entry.at.isoformat()}  {who}  {entry.action}  {shown}")


@click.command()
@click.argument("item")
@click.option(
    "--reason",
    metavar="TEXT",
    type=WORDS,
    required=True,
    help="Why it is withdrawn: privilege, claw-back …",
)
@CASE
def exclude(item: str, reason: str, case_path: Path | None) -> None:
    """Withdraw an item: it is struck from every later result and never deleted.

    Example: butfor exclude EV-1.f17 --reason "privileged, letter of 2026-02-01"
    """
    from collector import case, session, store

    place = case.find(case_path)
    if not reason.strip():
        raise UsageError("--reason: expected the reason, found an empty text")
    _check_items(place, (item,))
    if item in store.exclusions(place):
        raise UsageError(f"{item}: expected an item in use, found one that is withdrawn already")
    with session.writing(place, "exclude") as writing:
        entry = writing.record("exclude", why=reason, data={"item": item, "reason": reason})
    click.echo(f"custody entry {entry.seq}: {item} withdrawn. Run `butfor build` again.")


def _check_items(case: Path, wanted: tuple[str, ...]) -> None:
    from collector import store
    from collector.toml_source import near

    if not wanted:
        return
    known = {item.uid for item in store.items(case, withdrawn=True)}
    for item in wanted:
        if item not in known:
            raise UsageError(
                f"{item}: expected an item of this case, as in EV-1.f17, found none."
                f"{near(item, sorted(known))}"
            )


def _digest(option: str, value: str | None) -> str | None:
    if value is None:
        return None
    if len(value) != 64 or set(value.lower()) - set("0123456789abcdef"):
        raise UsageError(f"{option}: expected 64 hex digits of a SHA-256, found {value!r}")
    return value.lower()
