"""The sentences of exhibits: Jinja templates of plain words, one file an exhibit.

The finalizer decides whose words a value is. A number prints as a number. Text that code has marked
as `said` (times, counts, our own terms) is ours. Words of case.toml or of an earlier stage pass
through the filter `given`. Every other text is taken for a quotation from the evidence and marked
as such, so that forgetting to mark one errs on the safe side: it is shown as quoted, never obeyed
and never linted as ours.

A case may bring templates of its own in `CASE/templates/`; they win, and the bundle names them.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    UndefinedError,
)
from markupsafe import Markup

from collector.errors import ConfigError
from reports.model import Span, Text, Voice

#: Private marks around quotations and cites inside a rendered sentence; never in a value.
_OPEN = {Voice.QUOTE: "\ue001", Voice.CITE: "\ue002", Voice.GIVEN: "\ue004"}
_CLOSE = "\ue003"
_VOICES = {mark: voice for voice, mark in _OPEN.items()}
_MARKS = re.compile("[\ue000-\ue004]")
_SPANS = re.compile("([\ue001\ue002\ue004])([^\ue003]*)\ue003|([^\ue001-\ue004]+)")

Say = Callable[..., Text]


class Said(Markup):
    """Words of ours in a value: a time, a count, a term of the glossary."""


def template_dir() -> Path:
    """Packaged beside this module (wheel), else in the source tree."""
    packaged = Path(__file__).parent / "templates"
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "templates"


def loader(case: Path | None) -> ChoiceLoader:
    """Templates of the case first, then ours."""
    own = [case / "templates"] if case is not None else []
    return ChoiceLoader([FileSystemLoader(folder) for folder in (*own, template_dir())])


def overrides(case: Path) -> tuple[Path, ...]:
    """Template files that the case brings, sorted."""
    folder = case / "templates"
    return tuple(sorted(path for path in folder.rglob("*") if path.is_file()))


@lru_cache(maxsize=8)
def environment(case: Path | None) -> Environment:
    """The environment of sentences."""
    made = Environment(
        loader=loader(case), undefined=StrictUndefined, autoescape=True, finalize=_finalize,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters["cite"] = _cited
    made.filters["given"] = _given
    made.filters["count"] = _counted
    made.globals["said"] = said
    return made


def sentences(name: str, case: Path | None) -> Say:
    """`say("answer", n=3)` renders the macro `answer` of `name` as text.

    Raises:
        ConfigError: the template has an error: file, line, and what is available to it.
    """
    made = environment(case)
    try:
        module = made.get_template(name).module
    except TemplateError as error:
        raise located(made, name, error, ()) from error

    def render(macro: str, /, **values: Any) -> Text:  # noqa: ANN401 (whatever a sentence needs)
        call = getattr(module, macro, None)
        if call is None:
            raise ConfigError(f"templates/{name}: expected a macro named {macro}, found none.")
        try:
            return parse(str(call(**values)))
        except (TemplateError, TypeError) as error:
            raise located(made, name, error, tuple(sorted(values)), macro) from error

    return render


def parse(marked: str) -> Text:
    """A rendered sentence as spans; runs of white space in our words become one space."""
    spans = []
    for opened, quoted, said in _SPANS.findall(marked.strip()):
        if opened:
            spans.append(Span(voice=_VOICES[opened], text=quoted))
        else:
            spans.append(Span(voice=Voice.SAY, text=re.sub(r"\s+", " ", said)))
    return tuple(spans)


def said(words: str) -> Said:
    """Marks words as ours."""
    return Said(_MARKS.sub("", str(words)))  # a name that is not there says so here


def _finalize(value: object) -> object:
    if isinstance(value, Markup):
        return value
    if isinstance(value, bool):
        return Said("yes" if value else "no")
    if isinstance(value, int):
        return Said(f"{value:,}")
    if isinstance(value, StrictUndefined):
        return value
    if value is None:
        return Said("not supplied")
    return Said(_OPEN[Voice.QUOTE] + _MARKS.sub(_spell, str(value)) + _CLOSE)


def _cited(value: object) -> Said:
    return Said(_OPEN[Voice.CITE] + _MARKS.sub(_spell, str(value)) + _CLOSE)


def _given(value: object) -> Said:
    return Said(_OPEN[Voice.GIVEN] + _MARKS.sub(_spell, str(value)) + _CLOSE)


def _counted(n: int, one: str, many: str | None = None) -> Said:
    return Said(f"{n:,} {one if n == 1 else many or one + 's'}")


def _spell(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match[0]):04X}⟩"


def located(
    made: Environment, name: str, error: Exception, values: tuple[str, ...], macro: str = ""
) -> ConfigError:
    """What is wrong in a template: file, line, and the values that are available to it."""
    line = error.lineno if isinstance(error, TemplateSyntaxError) else _line(made, name, error)
    where = f"templates/{name}" + (f":{line}" if line else "")
    inside = f" in {macro}" if macro else ""
    has = f" Available: {', '.join(values)}." if values else ""
    kind = "expected a value, found" if isinstance(error, UndefinedError) else "found"
    return ConfigError(f"{where}{inside}: {kind}: {error}.{has}")


def _line(made: Environment, name: str, error: Exception) -> int | None:
    """Line of the template: the last frame of compiled template code, mapped to its source.

    The engine rewrites the traceback of a whole page, which then has the template's own lines, and
    leaves that of a macro called from outside as it is.
    """
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(name):
            line = trace.tb_lineno
            if "__jinja_exception__" not in trace.tb_frame.f_globals:
                line = made.get_template(name).get_corresponding_lineno(line)
        trace = trace.tb_next
    return line


def unmarked(rendered: str) -> str:
    """A rendered plain-text file without the private marks of quotations."""
    return _MARKS.sub("", rendered)
