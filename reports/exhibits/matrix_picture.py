"""The picture of exhibit F: changes against classes of requests, one sign a cell.

The same cells as the table, whose rows its marks lead to; a cell in which the two undos differ is
cut in two, delta above replay. Undetermined is hatched, and nothing else is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.grammar import ACCENT, FACE, HATCH, QUIET_INK, RULE, WIDTH
from reports.lettering import INK, words_at
from reports.marks import marked

#: Most rows and columns that are drawn.
ROWS, COLUMNS = 40, 16
#: Characters of the numbers of classes that stand over a column.
FITS = 10
LEFT, CELL, HEAD = 236.0, 18.0, 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One change: number of its row, time, words, and the words of its cells, as in the table.

    `linked` = the page has a row of that number.
    """

    number: int
    when: str
    change: str
    cells: tuple[str, ...]
    linked: bool = True


def draw(names: Sequence[str], lines: Sequence[Line]) -> str:
    """The grid as SVG; `names` are those of the columns."""
    wide = min((WIDTH - LEFT) / max(len(names), 1), 90.0)
    right = LEFT + wide * len(names)
    parts = [
        words_at(
            LEFT + wide * (n + 0.5), HEAD - 5 - 9 * above, line, size=8.0, anchor="middle",
            room=wide - 2,
        )
        for n, name in enumerate(names)
        for above, line in enumerate(reversed(short(name)))
    ]  # fmt: skip
    for n, line in enumerate(lines):
        top = HEAD + CELL * n
        parts.append(
            f'<line x1="0" x2="{right:.2f}" y1="{top:.2f}" y2="{top:.2f}" '
            f'stroke="{RULE}" stroke-width="0.5"/>'
        )
        parts.append(words_at(16, top + 12, str(line.number), size=8.4, anchor="end"))
        parts.append(words_at(22, top + 12, line.change, size=8.4, room=122))
        parts.append(words_at(LEFT - 6, top + 12, line.when, size=7.4, anchor="end", room=82,
                              fill=QUIET_INK))  # fmt: skip
        for at, words in enumerate(line.cells):
            told = f"{line.change}, {names[at]}: {words.replace(chr(10), '; ')}"
            sign = _cell(words, LEFT + wide * at, top, wide)
            parts.append(marked(sign, told, line.number if line.linked else None))
    height = HEAD + CELL * len(lines) + 4
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}" '
        f'font-family="{FACE}" font-size="9.5">{HATCH}{"".join(parts)}</svg>'
    )


def short(name: str) -> list[str]:
    """Head of a column on two lines; many classes by their first, the mark's words name them all.

    `Classes 1–4, 7` is `classes` over `1–4, 7`.
    """
    what, _, numbers = name.lower().partition(" ")
    if len(numbers) <= FITS:
        return [what, numbers]
    return [what, f"{numbers.split('–')[0].split(',')[0]} etc."]


def described(names: Sequence[str], lines: Sequence[Line]) -> str:
    """The same facts as sentences."""
    return " ".join(
        f"Row {line.number}, {line.change}, {line.when}: " + ", ".join(
            f"{name} {words.replace(chr(10), '; ')}"
            for name, words in zip(names, line.cells, strict=True)
        ) + "."
        for line in lines
    )  # fmt: skip


def _cell(words: str, x: float, top: float, wide: float) -> str:
    """One sign, or two of half the height where delta and replay differ."""
    lines = words.split("\n")
    high = CELL / len(lines)
    signs = [line.removeprefix("delta ").removeprefix("replay ")[:1] for line in lines]
    return "".join(_sign(sign, x, top + high * n, wide, high) for n, sign in enumerate(signs))


def _sign(sign: str, x: float, top: float, wide: float, high: float) -> str:
    middle, across = top + high / 2, x + wide / 2
    size = min(high * 0.34, 5.6)
    if sign == "●":
        return f'<circle cx="{across:.2f}" cy="{middle:.2f}" r="{size:.2f}" fill="{ACCENT}"/>'
    if sign == "◐":
        return (
            f'<circle cx="{across:.2f}" cy="{middle:.2f}" r="{size:.2f}" fill="#ffffff" '
            f'stroke="{ACCENT}" stroke-width="0.9"/>'
            f'<path d="M{across:.2f} {middle - size:.2f}A{size:.2f} {size:.2f} 0 0 0 {across:.2f} '
            f'{middle + size:.2f}Z" fill="{ACCENT}"/>'
        )
    if sign == "↻":
        return (
            f'<path d="M{across - size:.2f} {middle - size:.2f}L{across + size:.2f} {middle:.2f}'
            f'L{across - size:.2f} {middle + size:.2f}Z" fill="#ffffff" stroke="{INK}" '
            f'stroke-width="0.9"/>'
        )
    if sign == "○":
        return (
            f'<circle cx="{across:.2f}" cy="{middle:.2f}" r="{size:.2f}" fill="#ffffff" '
            f'stroke="{QUIET_INK}" stroke-width="0.9"/>'
        )
    if sign == "?":
        return (
            f'<rect x="{x + 2:.2f}" y="{top + 1.5:.2f}" width="{wide - 4:.2f}" '
            f'height="{high - 3:.2f}" fill="url(#unknown)" stroke="{QUIET_INK}" '
            f'stroke-width="0.5"/>'
        )
    return words_at(across, middle + 3, "–", size=8.4, anchor="middle", fill=QUIET_INK)
