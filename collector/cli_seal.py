"""Commands about integrity: key, seal, produce, verify. They parse and print, no more."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.errors import IncompleteError, UsageError, worst

if TYPE_CHECKING:
    from collector.verify import Report

_CASE = click.option(
    "--case", "case_path", type=click.Path(path_type=Path), help="Case folder (else found upward)."
)
_WITH_KEY = click.option("--with-key", help="Fingerprint (or its beginning) of the key to use.")
_WORDS = {0: "verified", 3: "nothing wrong found; not everything could be checked", 4: "WRONG"}


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@_CASE
@click.option("--all", "sha512", is_flag=True, help="Check SHA-512 as well as SHA-256.")
@click.option("--key", "keys", multiple=True, help="Fingerprint of a tool key that you trust.")
@click.option(
    "--tsa-root",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="PEM file with the root certificate of a time-stamping authority that you trust.",
)
@click.option(
    "--earlier-seal",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A seal.dsse.json received before: this case must continue it.",
)
@click.option("--record", is_flag=True, help="Append the result to custody (else writes nothing).")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def verify(
    ctx: click.Context,
    path: Path | None,
    case_path: Path | None,
    sha512: bool,
    keys: tuple[str, ...],
    tsa_root: Path | None,
    earlier_seal: tuple[Path, ...],
    record: bool,
    as_json: bool,
) -> None:
    """Check a case, a bag, a production or a bundle: every file, the custody chain, seals, tokens.

    Exit code 0 verified, 3 something could not be checked, 4 something is wrong. A key or a root
    that lies inside the folder proves nothing about its holder: give --key and --tsa-root.

    Example: butfor verify CASE --all --key 339e2ff9…ae23 --tsa-root tsa-root.pem
    """
    from collector import case
    from collector import verify as verification

    place = path if path is not None else case.find(case_path)
    trust = verification.Trust(
        keys=frozenset(key.lower().replace(":", "") for key in keys),
        tsa_root=tsa_root,
        earlier=earlier_seal,
        sha512=sha512,
    )
    report = verification.run_safely(place, trust)
    if record:
        _record_run(place, report)
    if as_json:
        click.echo(json.dumps(report.as_data(), indent=1, sort_keys=True))
    else:
        for line in lines_of(report):
            click.echo(line)
    ctx.exit(report.exit_code)


@contextmanager
def _medium() -> Iterator[None]:
    """A medium that refuses (disk full, read-only) stops a command part-way: exit code 3."""
    try:
        yield
    except OSError as error:
        raise IncompleteError(
            f"expected to write, found: {error}. What was reported as done is on the medium; make "
            "room or give write permission, and run the same command again."
        ) from error


def _record_run(place: Path, report: "Report") -> None:
    from collector import session

    with _medium(), session.writing(place, "verify --record") as writing:
        writing.record(
            "verify.run",
            why="verification, recorded on request",
            data={
                "exit": report.exit_code,
                "unchecked": len(report.unchecked),
                "wrong": len(report.wrong),
            },
        )


def lines_of(report: "Report") -> Iterator[str]:
    """The report for a person: the verdict, then what is wrong, unchecked and not anchored."""
    from collector import identity

    tool = identity.tool()
    yield (
        f"{_WORDS[report.exit_code]}: {len(report.wrong)} wrong, "
        f"{len(report.unchecked)} could not be checked"
    )
    for title, rows in (("wrong", report.wrong), ("could not check", report.unchecked)):
        for one in rows:
            yield (
                f"  {title}: {one.path} [{one.check}]: expected {one.expected}, found {one.found}"
            )
    custody = report.parts.get("custody")
    if custody and custody["not_anchored"]:
        yield "  entries {}–{}: not anchored".format(*custody["not_anchored"])
    for row in report.parts.get("acquisitions", ()):
        yield f"  {row['dir']}: existed no later than {row['existed_no_later_than'] or 'not shown'}"
    for token in report.parts.get("tokens", ()):
        yield (
            "  token {path}: {time}, accuracy {accuracy}, digest {digest}, policy {policy}, serial "
            "{serial}, authority {0}, qualified {qualified}, certificates {1}".format(
                token["tsa"] or "not named", " < ".join(token["chain"]) or "not stored", **token
            )
        )
    for provider, part in report.parts.get("provider", {}).items():
        for name in ("digests", "logs"):
            tally = ", ".join(f"{count} {word}" for word, count in part[name].items())
            yield f"  {provider} {name}: {tally}"
        for row in part["chains"]:
            period = f"{row['from']} to {row['to']}"
            yield f"  {provider} chain {row['chain']}: {period}, end {row['end']}"
    for note in report.notes:
        yield f"  note: {note}"
    yield f"  checked with {tool.name} {tool.version} ({tool.record})"


@click.group()
def key() -> None:
    """The tool key: it seals cases, and signs nothing else.

    Example: butfor key new
    """


@key.command("new")
def key_new() -> None:
    """Make an Ed25519 key in the user's configuration folder, under a passphrase.

    The passphrase is asked for, or taken from BUTFOR_PASSPHRASE.

    Example: butfor key new
    """
    from collector import keys

    with _medium():
        made = keys.new(_passphrase(confirm=True))
    click.echo(f"key {made.keyid}")
    click.echo(f"  in {made.folder}; print the fingerprint on exhibit A, keep the passphrase")


@key.command("list")
def key_list() -> None:
    """Fingerprints of the user's keys.

    Example: butfor key list
    """
    from collector import keys

    for one in keys.every():
        click.echo(one.keyid)


@key.command("add")
@_CASE
@_WITH_KEY
@click.option("--previous", help="Fingerprint of the key it replaces, which signs it.")
@click.option("--previous-lost", is_flag=True, help="The old key cannot sign any more.")
@click.option("--reason", required=True, help="Why the key changes; goes into custody.")
def key_add(
    case_path: Path | None,
    with_key: str | None,
    previous: str | None,
    previous_lost: bool,
    reason: str,
) -> None:
    """Bring a new key into a case, signed by the one before it.

    Example: butfor key add --with-key 5f0c --previous 339e --reason "new machine"
    """
    from collector import case, keys, session

    if bool(previous) == previous_lost:
        raise UsageError("expected either --previous or --previous-lost.")
    chosen = keys.choose(with_key)
    signer = keys.unlock(keys.choose(previous), _passphrase()) if previous else None
    with _medium(), session.writing(case.find(case_path), "key add") as writing:
        writing.record("key.add", why=reason, data=keys.key_add(chosen.public_der, signer))
    click.echo(f"key {chosen.keyid} added")


@key.command("revoke")
@_CASE
@click.argument("fingerprint")
@click.option("--reason", required=True, help="Lost, exposed, replaced: goes into custody.")
def key_revoke(case_path: Path | None, fingerprint: str, reason: str) -> None:
    """Record that a key is lost or exposed; seals made with it afterwards do not verify.

    Example: butfor key revoke 339e2ff9…ae23 --reason "laptop stolen"
    """
    from collector import case, session

    with _medium(), session.writing(case.find(case_path), "key revoke") as writing:
        added = {str(one.data.get("keyid")) for one in writing.entries if one.action == "key.add"}
        if fingerprint not in added:
            raise UsageError(f"expected the fingerprint of a key of this case: {sorted(added)}.")
        writing.record("key.revoke", why=reason, data={"keyid": fingerprint, "reason": reason})


@click.command()
@_CASE
@_WITH_KEY
@click.option(
    "--tsa", "urls", multiple=True, help="Time-stamping authority (RFC 3161), repeatable."
)
@click.option("--tsq", is_flag=True, help="Write a request file to carry to an authority.")
@click.option(
    "--tsr",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Attach the answer to a request that was carried.",
)
@click.option(
    "--tsa-chain",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="PEM certificates of the authority, where its answer does not carry them all.",
)
@click.option(
    "--tsa-crls",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="PEM revocation lists of the authority, stored beside the token.",
)
@click.option(
    "--tsa-ocsp",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="OCSP answer (DER) about a certificate of the authority, stored likewise; repeatable.",
)
@click.option(
    "--ask-ocsp",
    is_flag=True,
    help="Ask the OCSP responders that the authority's certificates name; store the answers.",
)
@click.option("--again", is_flag=True, help="Make no new seal: timestamp the newest once more.")
@click.option("--bag", type=click.Path(path_type=Path), help="Write a BagIt 1.0 bag there.")
@click.option("--uco", type=click.Path(path_type=Path), help="Write custody as CASE/UCO JSON-LD.")
@click.option("--prov", type=click.Path(path_type=Path), help="Write custody as W3C PROV-JSON.")
@click.pass_context
def seal(
    ctx: click.Context,
    case_path: Path | None,
    with_key: str | None,
    urls: tuple[str, ...],
    tsq: bool,
    tsr: Path | None,
    tsa_chain: Path | None,
    tsa_crls: Path | None,
    tsa_ocsp: tuple[Path, ...],
    ask_ocsp: bool,
    again: bool,
    bag: Path | None,
    uco: Path | None,
    prov: Path | None,
) -> None:
    """Sign the head of the custody tree, and have the seal timestamped.

    The passphrase of the tool key is asked for, or taken from BUTFOR_PASSPHRASE. A seal stands
    even where no authority answers (exit 3); --again asks once more. --bag, --uco and --prov
    write exports of the case as it stands, and alone they make no seal.

    Example: butfor seal --tsa http://timestamp.example --tsa http://tsa.example
    """
    from collector import case, sealing
    from collector.seal import Carried

    place = case.find(case_path)
    exports = {"bag": bag, "CASE/UCO": uco, "PROV": prov}
    only_exports = any(exports.values()) and not (urls or tsq)
    if (tsa_ocsp or ask_ocsp) and not (urls or tsr):
        raise UsageError("--tsa-ocsp, --ask-ocsp: expected --tsa or --tsr as well, found none")
    carried = Carried(chain=tsa_chain, crls=tsa_crls, answers=tsa_ocsp, ask=ask_ocsp)
    codes = [0]
    with _medium():
        if tsr is not None:
            said, code = sealing.attach_carried(place, tsr, carried)
            click.echo(said)
            codes.append(code)
        elif not again and not only_exports:
            click.echo(sealing.seal(place, with_key, _passphrase()))
        for url in urls:
            said, code = sealing.timestamp(place, url, carried)
            click.echo(said, err=code != 0)
            codes.append(code)
        if tsq:
            click.echo(sealing.request(place))
        for kind, target in exports.items():
            if target is not None:
                sealing.export(place, kind, target)
                click.echo(f"{kind} {target}")
    ctx.exit(worst(*codes))


@click.command()
@_CASE
@click.option("--items", required=True, help="Item ids, separated by commas: EV-1.f1,EV-1.f3.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New folder.")
@click.option("--why", default="production", help="Purpose; goes into custody.")
def produce(case_path: Path | None, items: str, out: Path, why: str) -> None:
    """Hand over some items with proofs that they are in the sealed case; no other name is shown.

    Example: butfor produce --items EV-1.f1,EV-1.f3 --out production-1
    """
    from collector import case
    from collector import produce as production

    uids = tuple(uid.strip() for uid in items.split(",") if uid.strip())
    with _medium():
        done = production.write(case.find(case_path), uids, out, why=why)
    click.echo(f"{done.items} items in {out}, under seal {done.seal}")


def _passphrase(*, confirm: bool = False) -> str:
    given = os.environ.get("BUTFOR_PASSPHRASE")
    if given is not None:
        return given
    return str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm))
