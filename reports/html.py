"""Exhibits as one self-contained page: opens offline, can be read without script, loads nothing.

Autoescape is on for every value; the three functions below that return markup escape what they are
given first. The page's own policy header forbids outside content and every script but the one in
`exhibit.js`, which it names by its hash.
"""

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, StrictUndefined, TemplateError
from markupsafe import Markup

from reports import pinpoint
from reports.cover import Cover
from reports.model import Block, Exhibit, Imprint, Table
from reports.pinpoint import BREAK, breakable, visible
from reports.text import loader, located, template_dir

PAGE, BLOCKS, STYLE, SCRIPT = "exhibit.html.j2", "blocks.html.j2", "exhibit.css", "exhibit.js"
_ROWS = re.compile(r"(rows? )(\d+)")


@lru_cache(maxsize=8)
def environment(case: Path | None) -> Environment:
    """The environment of pages."""
    made = Environment(
        loader=loader(case), undefined=StrictUndefined, autoescape=True, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.globals |= {
        "laid": laid,
        "told": told,
        "ours": ours,
        "cited": cited,
        "shown": visible,
        "svg": drawn,
    }
    return made


def render(exhibit: Exhibit, cover: Cover, imprint: Imprint, case: Path | None) -> bytes:
    """The page of one exhibit, UTF-8."""
    made = environment(case)
    try:
        blocks = made.get_template(BLOCKS).module
    except TemplateError as error:
        raise located(made, BLOCKS, error, ()) from error
    tables = [b for s in exhibit.sections for b in s.blocks if isinstance(b, Table)]
    # Cites point to the rows of the list that says so, else of the first table with numbers.
    cited_rows = [id(one) for one in tables if one.numbered] or [
        id(one) for one in tables if one.columns[0].title == "No."
    ][:1]

    def draw(block: Block) -> Markup:
        drawing: Markup = blocks.draw(block, id(block) in cited_rows)  # type: ignore[attr-defined]
        return drawing

    # Always ours: a case may change words and layout, not what runs.
    script = (template_dir() / SCRIPT).read_text(encoding="utf-8")
    return page(
        PAGE, case, exhibit=exhibit, cover=cover, imprint=imprint, draw=draw,
        script=Markup(script), script_hash=hashed(script),  # noqa: S704 (our own script)
        sections=(*exhibit.sections, *cover.closing),
    )  # fmt: skip


def hashed(script: str) -> str:
    """A script's SHA-256 as a policy header names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def page(name: str, case: Path | None, **values: object) -> bytes:
    """Any page, with the style sheet inlined.

    Raises:
        ConfigError: a template of the case has an error: file, line, and what is available to it.
    """
    made = environment(case)
    assert made.loader is not None
    style = Markup(made.loader.get_source(made, STYLE)[0])  # noqa: S704 (our own style sheet)
    try:
        run = made.get_template(BLOCKS).module.run  # type: ignore[attr-defined]
        text = made.get_template(name).render(style=style, run=run, **values)
    except (TemplateError, TypeError, AttributeError) as error:
        raise located(made, name, error, tuple(sorted([*values, *made.globals]))) from error
    return text.encode("utf-8", "surrogatepass")


def laid(words: str) -> Markup:
    """Words of ours, or a document laid out by us: a line feed is a new line."""
    return Markup("<br>").join(told(line) for line in words.split("\n"))


def told(value: str) -> Markup:
    """A value: escaped, every control spelled out, with places to break."""
    return Markup("<wbr>").join(breakable(visible(value)).split(BREAK))


def ours(words: str) -> Markup:
    """Words of ours: a line feed is a new line, and short words are unbroken inside."""
    lines = (pinpoint.words(visible(line)).split(BREAK) for line in words.split("\n"))
    return Markup("<br>").join(Markup("<wbr>").join(pieces) for pieces in lines)


def cited(words: str) -> Markup:
    """A cite of rows in this exhibit is a link to the first of them."""
    match = _ROWS.search(words)
    if not match:
        return told(words)
    return Markup('<a href="#row-{}">{}</a>').format(match[2], told(words))


def drawn(svg: str) -> Markup:
    """A picture of ours: `charts.draw` has escaped every value in it."""
    return Markup(svg)  # noqa: S704
