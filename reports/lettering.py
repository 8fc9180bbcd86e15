"""Words in pictures: never cut, set smaller where there is no room, every character visible."""

from html import escape

from reports.pinpoint import visible

INK = "#1a1a1a"
#: A name longer than this is named by its length in a picture; tables print it in full.
LONGEST = 160
#: Size of notes, and a width that no line exceeds.
SMALL, FULL = 7.4, 672.0


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


def note_lines(words: str, room: float) -> list[str]:
    """A small note on no, one or two lines: two where one is too short for it."""
    shown = drawn_words(words)
    if not shown:
        return []
    return [shown] if width_of(shown, SMALL) <= room else _halves(shown, room)


def _halves(words: str, room: float) -> list[str]:
    """Two lines, broken between words if both then have room, else after another mark."""
    for marks in (" ", "/", ",:-_."):
        places = [n + 1 for n, c in enumerate(words[:-1]) if c in marks]
        fitting = [n for n in places if width_of(words[:n], SMALL) <= room]
        if fitting and width_of(words[fitting[-1] :], SMALL) <= room * 1.3:
            break
    at = fitting[-1] if fitting else len(words) // 2
    return [words[:at].rstrip(), words[at:].lstrip()]


def grounded(
    x: float, y: float, words: str, *, ink: str, ground: str, anchor: str,
    room: float | None = None,
) -> str:  # fmt: skip
    """A line of text on a ground that hides the lines behind it."""
    width = min(width_of(words, 8.4), room or FULL) + 3
    left = x - {"start": 1.5, "middle": width / 2, "end": width - 1.5}[anchor]
    return (
        f'<rect x="{left:.2f}" y="{y - 7.2:.2f}" width="{width:.2f}" height="9.6" fill="{ground}"/>'
    ) + words_at(x, y, words, size=8.4, fill=ink, anchor=anchor, room=room)
