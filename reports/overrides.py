"""Templates that a case brings: named with their digest in inputs.json, linted here before use.

The words of a template are held to the rule on ours (R-171) by themselves, so that an edition is
refused with file and line whether or not the sentence would have been printed this time.
"""

import re
from pathlib import Path

from collector.errors import ConfigError
from reports import text, wording

#: What is not words: tags of Jinja, markup and its attributes, comments, lengths in per cent.
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|<[^>]*>", re.DOTALL)
_TYPST = re.compile(r"(?m)^\s*//.*$")
_LENGTHS = re.compile(r"\b(?:width|height|length|size|min-width|max-width): ?100%")
_SUFFIXES = {".j2", ".typ", ".css", ".html", ".txt"}


def check(case: Path | None) -> None:
    """Lint every template of the case's own.

    Raises:
        ConfigError: a name that is no template of ours; a word that draws a legal conclusion or
            claims certainty, with file and line; a file that is not UTF-8.
    """
    if case is None:
        return
    ours = text.template_dir()
    known = {
        path.relative_to(ours).as_posix() for path in ours.rglob("*") if path.suffix in _SUFFIXES
    }
    for path in text.overrides(case):
        name = path.relative_to(case / "templates").as_posix()
        if name not in known:
            raise ConfigError(
                f"templates/{name}: expected the name of a template, found none of that name; it "
                f"would be ignored. There are: {', '.join(sorted(known))}."
            )
        try:
            source = path.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise ConfigError(
                f"templates/{name}: expected a text in UTF-8, found: {error}"
            ) from error
        for number, line in enumerate(_words(source, name).split("\n"), 1):
            hits = wording.lint(line)
            if hits:
                raise ConfigError(
                    f"templates/{name}:{number}: expected words that draw no legal conclusion and "
                    f"claim no certainty, found {hits[0].word!r} in “{hits[0].context}”."
                )


def _words(source: str, name: str) -> str:
    """The source with everything that is not words blanked, line by line as it was."""
    tags = _TYPST if name.endswith(".typ") else _JINJA
    blank = tags.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)
    return _LENGTHS.sub("", blank)
