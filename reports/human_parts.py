"""What a person states in the case: `human/NAME.md`, one file a part (R-090, R-136).

The tool writes none of it. A part is open while its file is missing, holds nothing, or still holds
a placeholder; drafts print NOT SUPPLIED in its place, and a final edition is refused.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.case import CaseConfig
from collector.errors import ConfigError
from collector.toml_source import near
from reports.documents import forms, knowledge
from reports.documents.forms import Form, Part
from reports.material import Material
from reports.model import Mode

FOLDER = "human"
MOST_BYTES = 1 << 20
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
#: What people leave standing where text is to come. Upper case alone: “was not supplied” is a
#: sentence that an author may write.
_PLACEHOLDER = re.compile(
    r"\b(?:TODO|TBD|TBC|FIXME|XXX|NOT SUPPLIED|TO BE COMPLETED|TO BE SUPPLIED)\b|_{3,}|\.{4,}|…{2,}"
    r"|\[(?:insert|name|date|place|number|title|your)\b[^\]]*\]"
)
_LAID_OUT = """<!--
{title} ({rules})

{asks}

Write below this comment: paragraphs apart by an empty line, "- " for items of a list. A statement
of fact may begin with [own], [instructed], [record], [tool] or
[other-person: NAME; QUALIFICATIONS]: a report prints the mark in the margin. The rest is printed as
it stands, as words of its author. The part is open until there is text, and while a placeholder
such as TODO or [name] stands in it.
-->
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One part as it stands.

    Attributes:
        text: without comments and outer white space.
        sha256: of the file as read.
        open: why it is not filled; None if it is.
    """

    text: str
    sha256: str
    open: str | None


def read(case: Path) -> Mapping[str, Words]:
    """Every part that the case holds, by name.

    Raises:
        ConfigError: a file of another name, not UTF-8, too large, or no regular file.
    """
    folder = case / FOLDER
    if not folder.is_dir():
        return {}
    known = forms.parts()
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix != ".md" or path.stem not in known:
            raise ConfigError(
                f"{path}: expected NAME.md of a part, found another name.{near(path.stem, known)} "
                f"Parts: {', '.join(sorted(known))}."
            )
        found[path.stem] = _words(path)
    return found


def _words(path: Path) -> Words:
    if path.is_symlink() or not path.is_file():
        raise ConfigError(f"{path}: expected a file, found something else.")
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ConfigError(f"{path}: expected at most {MOST_BYTES:,} bytes, found {size:,}.")
    raw = path.read_bytes()
    try:
        whole = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"{path}:{line}: expected UTF-8, found byte 0x{raw[error.start]:02x}."
        ) from error
    text = _COMMENT.sub("", whole).strip()
    why = _why_open(text) or knowledge.unidentified(path.stem, text)
    return Words(text=text, sha256=hashlib.sha256(raw).hexdigest(), open=why)


def _why_open(text: str) -> str | None:
    if not re.search(r"\w", text):
        return "empty"
    left = _PLACEHOLDER.search(text)
    return f"placeholder “{left[0]}”" if left else None


def held(material: Material) -> Mapping[str, Words]:
    """Every part that the case of this material holds."""
    return read(material.case) if material.case is not None else {}


def open_parts(material: Material) -> tuple[str, ...]:
    """What a final edition waits for, each with its file; none = all filled."""
    written = held(material)
    return tuple(dict.fromkeys(_open(written, material.config, material.mode)))


def open_in(case: Path, config: CaseConfig) -> tuple[str, ...]:
    """The same of a case that need not be built."""
    return tuple(dict.fromkeys(_open(read(case), config, Mode.FOR_EXPERT)))


def _open(written: Mapping[str, Words], config: CaseConfig, mode: Mode) -> Iterator[str]:
    chosen = forms.chosen(config.jurisdiction, mode)
    for form in chosen:
        for part in form.parts if form.needed else ():
            one = written.get(part.name)
            why = "no such file" if one is None else one.open
            if why is not None:
                yield f"{part.file}: {part.title} ({form.rule}): {why}"
    if forms.C13 in chosen:
        for name, value in (
            ("[matter] title", config.matter.title),
            ("[matter] examiner", config.matter.examiner),
            ("[matter] authority", config.matter.authority),
            ("[jurisdiction] executed_in_us", config.jurisdiction.executed_in_us),
        ):
            if value is None:
                yield f"case.toml: {name} ({forms.C13.rule}): not supplied"


def lay_out(case: Path, chosen: tuple[Form, ...]) -> tuple[Path, ...]:
    """Writes a file for each part that has none, with what it asks for as a comment.

    Returns:
        The files written.
    """
    made = []
    rules: dict[Part, list[str]] = {}
    for form in chosen:
        for part in form.parts:
            rules.setdefault(part, []).append(form.rule)
    for part, of in rules.items():
        path = case / part.file
        if path.exists() or path.is_symlink():
            continue
        path.parent.mkdir(exist_ok=True)
        text = _LAID_OUT.format(title=part.title, rules=", ".join(of), asks=part.asks)
        path.write_text(text, encoding="utf-8", newline="\n")
        made.append(path)
    return tuple(made)
