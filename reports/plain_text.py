"""An exhibit as plain text, for search: the same words as in print, cells apart by tabs."""

from collections.abc import Iterator

from reports.cover import Cover
from reports.model import (
    Block,
    Exhibit,
    Facts,
    Items,
    Paragraph,
    Picture,
    Redline,
    Section,
    Table,
    plain,
)


def lines(exhibit: Exhibit, cover: Cover) -> Iterator[str]:
    """Cover, body, closing pages."""
    yield f"Exhibit {exhibit.number}"
    yield f"{cover.kind_name}. {cover.kind_meaning}"
    yield plain(exhibit.title)
    yield plain(exhibit.question)
    yield from map(plain, exhibit.answer)
    yield from (f"{name}\t{plain(value)}" for name, value in cover.pairs)
    for section in (*exhibit.sections, *cover.closing):
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    yield ""
    if section.title:
        yield plain(section.title)
    for block in section.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield plain(block.text)
        case Items():
            yield from (f"- {plain(entry)}" for entry in block.entries)
        case Facts():
            yield from (f"{name}\t{plain(value)}" for name, value in block.pairs)
        case Picture():
            yield plain(block.question)
            yield block.alt
        case Redline():
            yield plain(block.title)
            yield plain(block.note)
            yield from (f"{mark.value}\t{words}" for mark, words in block.blocks)
        case Table():
            yield plain(block.caption)
            if not block.rows:
                yield plain(block.empty)
                return
            yield "\t".join(column.title for column in block.columns)
            for row in block.rows:
                yield "\t".join(plain(cell).replace("\n", " ") for cell in row)
