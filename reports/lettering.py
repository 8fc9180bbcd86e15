"""Words in pictures: never cut, set smaller where there is no room, every character visible."""

from html import escape

from reports.pinpoint import visible

INK = "#1a1a1a"
#: A name longer than this is named by its length in a picture; tables print it in full.
LONGEST = 160


def words_at(
    x: float, y: float, words: str, *, size: float = 9.5, fill: str = INK, anchor: str = "start",
    room: float | None = None,
) -> str:  # fmt: skip
    """One line of text; too long for its room, it is set smaller, never cut."""
    shown = drawn_words(words)
    need = width_of(shown, size)
    if room is not None and need > room:
        size = max(size * room / need, 3.2)
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-size="{size:.2f}" text-anchor="{anchor}" '
        f'fill="{fill}">{escape(shown)}</text>'
    )


def drawn_words(words: str) -> str:
    """Visible characters; a text too long for any picture is replaced by what it is."""
    if len(words) > LONGEST:
        return f"(a text of {len(words):,} characters, see the table)"
    return visible(words)


def width_of(words: str, size: float) -> float:
    """Approximate width: 0.47 of the size a character, wide ones twice."""
    return size * sum(0.95 if ord(c) > 0x2E7F else 0.47 for c in words)
