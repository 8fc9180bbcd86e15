"""Marks of a picture that lead somewhere: their facts as a title, a link to their row.

The link is plain SVG and works without script; in print both have no effect on what is drawn.
"""

from html import escape

from reports.pinpoint import visible


def marked(drawn: str, words: str, row: int | None = None) -> str:
    """A mark with its facts, and a link to its row of the exhibit's numbered table, if any."""
    group = f'<g class="mark"><title>{escape(visible(words))}</title>{drawn}</g>'
    return group if row is None else f'<a href="#row-{row}">{group}</a>'


def laned(drawn: str, name: str) -> str:
    """What belongs to one lane, under the lane's name."""
    return f'<g data-lane="{escape(visible(name))}">{drawn}</g>' if drawn else ""
