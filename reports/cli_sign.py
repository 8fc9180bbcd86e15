"""`butfor sign`: a person signs the PDFs of an edition with a key of his own."""

import os
from pathlib import Path

import click


@click.command()
@click.argument("edition", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--with", "pkcs12", required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="PKCS#12 file (.p12, .pfx) with your key and certificate.",
)  # fmt: skip
@click.option("--pdf", "names", multiple=True, help="Only this PDF of the edition; repeatable.")
@click.option("--reason", help="Written into the signature in your words.")
@click.option("--tsa", help="URL of a timestamp authority: a timestamp inside the signature.")
def sign(
    edition: Path, pkcs12: Path, names: tuple[str, ...], reason: str | None, tsa: str | None
) -> None:
    """Sign PDFs of an edition with your own key (PAdES).

    A signed copy lies beside its original, as NAME.signed.pdf.

    The passphrase of the file is asked for, or taken from BUTFOR_PKCS12_PASSPHRASE. The edition is
    not changed: its bytes are the beginning of the signed copy, and `butfor verify` checks that.

    Example: butfor sign exhibits/final-001 --with me.p12 --reason "Report of 2026-03-01"
    """
    from reports import signing

    passphrase = os.environ.get("BUTFOR_PKCS12_PASSPHRASE")
    if passphrase is None:
        passphrase = click.prompt(f"Passphrase of {pkcs12.name}", hide_input=True, default="")
    for one in signing.sign(edition, names, pkcs12, passphrase, reason=reason, tsa=tsa):
        click.echo(f"{one.path}  signed by {one.signer}")
