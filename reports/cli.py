"""The command that renders. It parses and prints; the work is in `bundle`."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--case", "case_path", type=click.Path(path_type=Path), help="Case folder (else found upward)."
)
@click.option("--label", help="Name of the edition; else draft-001, draft-002 …")
@click.option("--out", type=click.Path(path_type=Path), help="Folder instead of exhibits/<label>.")
@click.option(
    "--resource", "resources", multiple=True, help="Resource that gets a history; repeatable."
)
@click.option(
    "--inputs", "inputs_path", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="inputs.json of an edition: make the same bytes again, or compare.",
)  # fmt: skip
@click.option("--final", is_flag=True, help="Not available yet; says why.")
def exhibits(
    case_path: Path | None, label: str | None, out: Path | None, resources: tuple[str, ...],
    inputs_path: Path | None, final: bool,
) -> None:  # fmt: skip
    """Render the exhibit bundle.

    Example: butfor exhibits && open exhibits/draft-001/index.html
    """
    from collector import case, store
    from collector.errors import UsageError
    from reports import bundle, catalogue, inputs, material

    if final:
        raise UsageError(
            "--final: a final edition takes Bates numbers, needs a seal that covers the "
            "acquisitions cited, and its certificates are completed by a person. This version "
            "makes drafts only: run without --final."
        )
    folder = case.find(case_path)
    config = case.load(folder)
    loaded = material.load(folder, config, store.items(folder))
    if inputs_path is not None:
        if label or resources:
            raise UsageError("--inputs fixes label and resources: leave --label, --resource out.")
        given = inputs.read(inputs_path, folder)
    else:
        name = bundle.checked_label(label or bundle.free_label(folder / "exhibits"))
        if out is None and (folder / "exhibits" / name).exists():
            raise UsageError(
                f"--label {name}: that edition exists and is never overwritten. Choose another "
                f"label, or compare with --inputs exhibits/{name}/inputs.json."
            )
        given = inputs.describe(folder, name, catalogue.chosen(loaded, resources))
    loaded = material.recorded(loaded, given["custody"]["entries"])
    edition = bundle.make(loaded, given, out or folder / "exhibits" / given["label"], click.echo)
    if edition.repeated:
        click.echo(f"the same bytes: {edition.files} files in {edition.folder}")
        return
    click.echo(f"{len(edition.produced)} exhibits, {edition.files} files: {edition.folder}")
    click.echo(f"start with {edition.folder / 'index.html'}")
