"""The command that renders. It parses and prints; the work is in `bundle`, `final` and others."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from reports.bundle import Edition

#: Values of `reports.model.Mode`, the usual one first; a test compares them.
MODES = ("for-expert", "machine-only")


@click.command()
@click.option(
    "--case", "case_path", type=click.Path(path_type=Path), help="Case folder (else found upward)."
)
@click.option("--label", help="Name of the edition; else draft-001, draft-002 …")
@click.option("--out", type=click.Path(path_type=Path), help="Folder instead of exhibits/<label>.")
@click.option(
    "--resource", "resources", multiple=True, help="Resource that gets a history; repeatable."
)
@click.option("--no-evidence", is_flag=True, help="Leave out the evidence that exhibits cite.")
@click.option(
    "--inputs", "inputs_path", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="inputs.json of an edition: make the same bytes again, or compare.",
)  # fmt: skip
@click.option(
    "--final", is_flag=True,
    help="A final edition: sealed, without DRAFT, with Bates numbers that are never used again.",
)  # fmt: skip
@click.option(
    "--diff", nargs=2, metavar="V1 V2", help="Compare two editions, by label or path; renders none."
)
@click.option("--json", "as_json", is_flag=True, help="With --diff: print the result as JSON.")
@click.option("--no-load-files", is_flag=True, help="With --final: no DAT, OPT, images, text.")
@click.option(
    "--redact", metavar="PROFILE",
    help="A redacted rendition of --of, or again with --inputs: us-5.2, gdpr-min, all, or a file.",
)  # fmt: skip
@click.option("--of", metavar="LABEL", help="With --redact: the edition that is redacted.")
@click.option("--key", metavar="FINGERPRINT", help="With --redact: tool key that signs it.")
@click.option("--reason", help="With --final: why it supplements the final edition before it.")
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default=MODES[0],
    show_default=True,
    help="Whether an expert answers for the results; machine-only says on page one that none does.",
)
@click.option(
    "--parts", is_flag=True,
    help="Lay out human/, a file for each part that a person writes, and list the open ones.",
)  # fmt: skip
def exhibits(
    case_path: Path | None, label: str | None, out: Path | None, resources: tuple[str, ...],
    no_evidence: bool, inputs_path: Path | None, final: bool, no_load_files: bool,
    reason: str | None, diff: tuple[str, str] | None, as_json: bool, redact: str | None,
    of: str | None, key: str | None, mode: str, parts: bool,
) -> None:  # fmt: skip
    """Render the exhibit bundle.

    Example: butfor exhibits && open exhibits/draft-001/index.html
    """
    from collector import case
    from collector.errors import UsageError

    folder = case.find(case_path)
    alone = mode != MODES[0]
    renders = bool(label or resources or inputs_path or final or reason or no_evidence or alone)
    if diff is not None:
        if renders or out:
            raise UsageError("--diff V1 V2: expected with --case and --json only.")
        _diff(folder, diff, as_json=as_json)
        return
    if as_json:
        raise UsageError("--json: expected with --diff, found without.")
    if parts:
        if renders or out or redact or of:
            raise UsageError("--parts: expected with --case only.")
        _parts(folder)
        return
    if key is not None and redact is None:
        raise UsageError("--key: expected with --redact, found without.")
    if of is not None:
        other = label or resources or inputs_path or reason or no_evidence or alone
        if redact is None or other or (final and out) or (no_load_files and not final):
            raise UsageError("--of LABEL: expected with --redact, --key, --final or --out only.")
        _print(_redacted(folder, of, redact, out, key, final=final, load_files=not no_load_files))
        return
    if redact is not None and inputs_path is None:
        raise UsageError("--redact: expected --of LABEL, the edition that is redacted.")
    if inputs_path is not None:
        if label or resources or final or reason or no_evidence or no_load_files or alone:
            raise UsageError("--inputs fixes everything else: leave all but --case, --out out.")
        _print(_again(folder, inputs_path, out, redact, key))
        return
    if final:
        if out is not None:
            raise UsageError("--final: a final edition lies in the case: leave --out out.")
        edition = _final(
            folder, label, resources, reason, evidence=not no_evidence,
            load_files=not no_load_files, mode=mode,
        )  # fmt: skip
    elif reason is not None or no_load_files:
        raise UsageError("--reason, --no-load-files: expected with --final, found without.")
    else:
        edition = _draft(folder, label, resources, out, evidence=not no_evidence, mode=mode)
    _print(edition)


def _diff(folder: Path, editions: tuple[str, str], *, as_json: bool) -> None:
    import json

    from reports import edition_diff

    before, after = (edition_diff.folder_of(folder, name) for name in editions)
    found = edition_diff.compare(before, after)
    if as_json:
        click.echo(json.dumps(found.as_data(), indent=1, sort_keys=True, ensure_ascii=False))
        return
    for line in edition_diff.lines(found):
        click.echo(line)


def _parts(folder: Path) -> None:
    """Empty files for whoever writes; nothing is rendered."""
    from collector import case
    from reports import human_parts
    from reports.documents import forms

    config = case.load(folder)
    for path in human_parts.lay_out(folder, forms.chosen(config.jurisdiction)):
        click.echo(f"laid out: {path}")
    listed = human_parts.open_in(folder, config)
    for line in listed:
        click.echo(f"open: {line}")
    click.echo(f"a final edition waits for {len(listed)} of these")


def _draft(
    folder: Path, label: str | None, resources: tuple[str, ...], out: Path | None, *,
    evidence: bool, mode: str,
) -> "Edition":  # fmt: skip
    from collector import case, custody, store
    from collector.errors import UsageError
    from reports import bundle, catalogue, inputs, material
    from reports.model import Mode

    name = bundle.checked_label(label or bundle.free_label(folder / "exhibits"))
    if out is None and (folder / "exhibits" / name).exists():
        raise UsageError(
            f"--label {name}: that edition exists and is never overwritten. Choose another "
            f"label, or compare with --inputs exhibits/{name}/inputs.json."
        )
    loaded = material.load(folder, case.load(folder), store.items(folder))
    loaded = material.recorded(loaded, len(custody.read(folder)))
    given = inputs.describe(
        folder, name, catalogue.chosen(loaded, resources), mode=Mode(mode), evidence=evidence
    )
    return bundle.make(loaded, given, out or folder / "exhibits" / name, click.echo)


def _final(
    folder: Path, label: str | None, resources: tuple[str, ...], reason: str | None, *,
    evidence: bool, load_files: bool, mode: str,
) -> "Edition":  # fmt: skip
    from reports import final
    from reports.model import Mode

    return final.make(
        folder, label=label, resources=resources, evidence=evidence, with_load_files=load_files,
        reason=reason, tell=click.echo, mode=Mode(mode),
    )  # fmt: skip


def _redacted(
    folder: Path, of: str, profile: str, out: Path | None, key: str | None, *, final: bool,
    load_files: bool,
) -> "Edition":  # fmt: skip
    from reports.redaction import profile as profiles
    from reports.redaction import rendition

    chosen = profiles.load(profile)
    signer = _unlocked(key)
    if not final:
        return rendition.make(folder, of, chosen, out=out, tell=click.echo, signer=signer)
    return rendition.numbered(
        folder, of, chosen, tell=click.echo, with_load_files=load_files, signer=signer
    )


def _unlocked(fingerprint: str | None) -> "Ed25519PrivateKey | None":
    """The tool key, its passphrase asked for or taken from BUTFOR_PASSPHRASE."""
    import os

    from collector import keys

    if fingerprint is None:
        return None
    chosen = keys.choose(fingerprint)
    given = os.environ.get("BUTFOR_PASSPHRASE")
    return keys.unlock(chosen, given or str(click.prompt("Passphrase", hide_input=True)))


def _again(
    folder: Path, path: Path, out: Path | None, redact: str | None, key: str | None
) -> "Edition":
    from collector import case, store
    from collector.errors import UsageError
    from reports import bundle, final, inputs, material

    given = inputs.read(path, folder)
    if bool(given.get("redaction")) != (redact is not None):
        raise UsageError("--inputs: expected --redact PROFILE for a rendition, and only for one.")
    if redact is not None:
        from reports.redaction import profile as profiles
        from reports.redaction import rendition

        target = out or folder / "exhibits" / given["label"]
        chosen = profiles.load(redact)
        return rendition.again(folder, given, chosen, target, click.echo, signer=_unlocked(key))
    loaded = material.load(folder, case.load(folder), store.items(folder))
    loaded = material.recorded(loaded, given["custody"]["entries"])
    reserve = final.again(folder, given) if given["status"] == "FINAL" else None
    target = out or folder / "exhibits" / given["label"]
    return bundle.make(loaded, given, target, click.echo, reserve)


def _print(edition: "Edition") -> None:
    if edition.repeated:
        click.echo(f"the same bytes: {edition.files} files in {edition.folder}")
        return
    states = [one.state for one in edition.evidence]
    if states:
        tally = ", ".join(f"{states.count(state):,} {state}" for state in sorted(set(states)))
        click.echo(f"evidence: {tally}")
    if edition.numbers is not None:
        first, last = (
            edition.numbers.label(n) for n in (edition.numbers.first, edition.numbers.last)
        )
        click.echo(f"Bates numbers: {first} to {last}")
    click.echo(f"{len(edition.produced)} exhibits, {edition.files} files: {edition.folder}")
    click.echo(f"start with {edition.folder / 'index.html'}")
