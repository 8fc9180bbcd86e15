"""DER elements: enough to find a field by its place; what signatures say is openssl's to judge."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """Tag, content and the whole of one element, its head included."""

    tag: int
    content: bytes
    whole: bytes

    @property
    def parts(self) -> "list[Element]":
        """Elements inside it.

        Raises:
            ValueError, IndexError: its content is no row of whole elements.
        """
        return elements(self.content)


def elements(data: bytes) -> list[Element]:
    """Elements that follow each other.

    Raises:
        ValueError, IndexError: one is cut off.
    """
    found, at = [], 0
    while at < len(data):
        length, start = data[at + 1], at + 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[at + 2 : start], "big")
        if start + length > len(data):
            raise ValueError("expected a whole DER element, found one that is cut off")
        found.append(
            Element(
                tag=data[at], content=data[start : start + length], whole=data[at : start + length]
            )
        )
        at = start + length
    return found
