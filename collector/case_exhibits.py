"""[exhibits] of case.toml: how exhibits and pages are numbered, in what form they are produced."""

import re
from dataclasses import dataclass

from collector.toml_source import Table, show

PURPOSES = ("counsel-directed", "business", "testifying")
SCHEMES = ("letters", "numbers", "ranges", "initials", "custom")
PAGE_SIZES = ("A4", "Letter")
ENCODINGS = ("utf-8", "cp1252")
#: {n}, or {n:03} for a number of three digits.
PLACEHOLDER = re.compile(r"\{n(?::0(?P<width>[1-9]))?\}")

#: Printed numbers become parts of file names, and are cited in running text.
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]*")
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}")
_INITIALS = re.compile(r"[A-Za-z]{1,8}")
_RANGE = re.compile(r"(?P<first>[1-9]\d{0,6})\s*[-–]\s*(?P<last>[1-9]\d{0,6})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Exhibit numbers of one side; `last` None = open."""

    side: str
    first: int
    last: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExhibitNumbering:
    """How exhibits and pages are numbered.

    Attributes:
        scheme: one of `SCHEMES`.
        first: first exhibit number (`numbers`, `custom`; not below it in the other schemes).
        sub_letters: whether `letters` may print C-1, C-2.
        ranges: of each side; `side`, for whom the exhibits are, is one of them.
        initials: of the witness whose exhibits these are.
        pattern: of a custom number, with `PLACEHOLDER`.
        prefix: of Bates numbers; `digits` their width.
        start: first Bates number.
        page_size: A4 or Letter.
        bates_writer: writer id of the one copy that reserves Bates numbers; None = none may.
        load_file_encoding: of the Concordance file, `utf-8` with a byte order mark or `cp1252`.
        confidentiality: designation that covers, footers and load files print; None = none.
        purpose: for what the documents are said to be made; a claim, printed as one (R-096).
        printed_rows: longest list that is printed whole; of a longer one so many rows are printed.
    """

    scheme: str
    prefix: str
    digits: int
    start: int
    page_size: str
    bates_writer: str | None
    first: int = 1
    sub_letters: bool = True
    ranges: tuple[Range, ...] = ()
    side: str | None = None
    initials: str | None = None
    pattern: str | None = None
    load_file_encoding: str = ENCODINGS[0]
    confidentiality: str | None = None
    printed_rows: int = 1000
    purpose: str | None = None


def exhibits(table: Table) -> ExhibitNumbering:
    """[exhibits].

    Raises:
        ConfigError: a scheme without what it needs, or a value that cannot be a number.
    """
    numbering = ExhibitNumbering(
        scheme=table.choice("scheme", SCHEMES) or SCHEMES[0],
        prefix=table.text("prefix") or "BF",
        digits=table.number("digits", 6, 1),
        start=table.number("start", 1, 1),
        page_size=table.choice("page_size", PAGE_SIZES) or PAGE_SIZES[0],
        bates_writer=table.text("bates_writer"),
        first=table.number("first", 1, 1),
        sub_letters=bool(table.flag("sub_letters", True)),
        ranges=_ranges(table.table("ranges")),
        side=table.text("side"),
        initials=table.text("initials"),
        pattern=table.text("pattern"),
        load_file_encoding=table.choice("load_file_encoding", ENCODINGS) or ENCODINGS[0],
        confidentiality=table.text("confidentiality"),
        printed_rows=table.number("printed_rows", 1000, 1),
        purpose=table.choice("purpose", PURPOSES),
    )
    table.close()
    _check_scheme(table, numbering)
    if not _PREFIX.fullmatch(numbering.prefix):
        raise table.error(
            "prefix",
            "expected letters, digits, dots, - and _ (at most 20), because Bates numbers name "
            f"files, found {show(numbering.prefix)}",
        )
    if numbering.confidentiality and len(numbering.confidentiality) > 60:
        raise table.error("confidentiality", "expected at most 60 characters: each page prints it")
    if numbering.digits > 12:
        raise table.error("digits", f"expected at most 12, found {numbering.digits}")
    return numbering


def _ranges(table: Table) -> tuple[Range, ...]:
    """`plaintiff = "1-499"`, `defendant = "500-"`; no number may be in two of them."""
    found: list[Range] = []
    for side in table.names():
        text = table.text(side) or ""
        match = _RANGE.fullmatch(text)
        if match is None:
            raise table.error(
                side, f'expected a range, as in "1-499" or "500-", found {show(text)}'
            )
        first, last = int(match["first"]), int(match["last"]) if match["last"] else None
        if last is not None and last < first:
            raise table.error(side, f"expected a range that grows, found {show(text)}")
        for other in found:
            apart = (last is not None and last < other.first) or (
                other.last is not None and other.last < first
            )
            if not apart:
                raise table.error(
                    side, f"expected numbers that no other side has, found that {show(text)} and "
                    f"the range of {other.side} overlap",
                )  # fmt: skip
        found.append(Range(side=side, first=first, last=last))
    table.close()
    return tuple(found)


def _check_scheme(table: Table, numbering: ExhibitNumbering) -> None:
    """Each scheme has what it needs; what another scheme needs is harmless."""
    if numbering.scheme == "ranges":
        sides = tuple(one.side for one in numbering.ranges)
        if not sides:
            raise table.error(
                "ranges",
                'expected a range for each side, as in ranges = { plaintiff = "1-499", '
                'defendant = "500-" }, found none',
            )
        if numbering.side not in sides:
            raise table.error(
                "side",
                f"expected the side whose exhibits these are, {' or '.join(sides)}, found "
                f"{show(numbering.side or '')}",
            )
    if numbering.scheme == "initials" and not _INITIALS.fullmatch(numbering.initials or ""):
        raise table.error(
            "initials",
            f"expected the initials of the witness, 1 to 8 letters, found "
            f"{show(numbering.initials or '')}",
        )
    if numbering.scheme == "custom":
        pattern = numbering.pattern or ""
        bare = PLACEHOLDER.sub("1", pattern)
        if len(PLACEHOLDER.findall(pattern)) != 1 or not _SAFE.fullmatch(bare) or len(bare) > 24:
            raise table.error(
                "pattern",
                "expected letters, digits, spaces, dots, - and _ (at most 24) with {n} once, as in "
                f'"DX-{{n:03}}", found {show(pattern)}',
            )
