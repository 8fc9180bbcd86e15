"""DER elements and the times in them: enough to find a field by its place."""

from __future__ import annotations

import calendar
import time

Element = tuple[int, bytes, bytes]


def elements(data: bytes) -> list[Element]:
    """DER elements that follow each other: tag, content, whole element."""
    found, at = [], 0
    while at < len(data):
        length, start = data[at + 1], at + 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[at + 2 : start], "big")
        if start + length > len(data):
            raise ValueError("DER is cut off")
        found.append((data[at], data[start : start + length], data[at : start + length]))
        at = start + length
    return found


def moment(element: Element) -> int:
    """Seconds since 1970 of a UTCTime or GeneralizedTime."""
    text = element[1].decode("ascii")
    if element[0] == 0x17:
        text = ("19" if text[0] >= "5" else "20") + text
    return calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ"))
