"""The built-in incident, imported, built and sealed by the commands, with a key of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import butfor
from collector import case as case_file
from collector import identity
from reports import human_parts
from reports.demo import evidence_dir
from reports.documents import forms


def run(*arguments: str, code: int | None = 0) -> Result:
    """One command; `code` None = any."""
    done = CliRunner().invoke(butfor.main, list(arguments))
    assert code in (None, done.exit_code), done.output
    return done


@contextmanager
def own_key(folder: Path) -> Iterator[str]:
    """A tool key, and a writer id, of these tests alone; gives the key's fingerprint."""
    patch = pytest.MonkeyPatch()
    patch.setenv("BUTFOR_CONFIG", os.fspath(folder))
    patch.setenv("BUTFOR_PASSPHRASE", "correct horse")
    identity.writer.cache_clear()
    made = run("key", "new").output
    try:
        yield made.split()[1]
    finally:
        patch.undo()
        identity.writer.cache_clear()


def built(folder: Path, toml: str | None = None) -> Path:
    """Imported and built, without the listings, all parts of a person written.

    Args:
        folder: of the case.
        toml: in place of the incident's own.
    """
    source = evidence_dir()
    run("init", str(folder))
    text = toml or (source / "case.toml").read_text(encoding="utf-8")
    (folder / "case.toml").write_text(text, encoding="utf-8")
    run("import", "--case", str(folder), str(source / "logs"), code=None)
    run("build", "--case", str(folder), code=None)
    write_parts(folder)
    return folder


def write_parts(folder: Path) -> None:
    """Every part that a final edition of this case waits for, in words of nobody."""
    chosen = forms.chosen(case_file.load(folder).jurisdiction)
    (folder / human_parts.FOLDER).mkdir(exist_ok=True)
    for part in (part for form in chosen if form.needed for part in form.parts):
        (folder / part.file).write_text("Synthetic demonstration.\n", encoding="utf-8")


def sealed(folder: Path, toml: str | None = None) -> Path:
    """The same, under a seal."""
    built(folder, toml)
    run("seal", "--case", str(folder), code=None)
    return folder
