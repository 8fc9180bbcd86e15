"""Files that are no logs: API answers that show a state, findings of scanners, papers.

Recognised by content; papers beside the logs (a README, a licence, a PDF) by their ending, since
prose has no form. A recognised answer is handed to the state stage; everything else that is not
understood is a gap, never a document.
"""

import re
from pathlib import PurePosixPath

import msgspec

from timeline.normalize.aws.answers import ANSWERS, REPORT_HEADER, fits
from timeline.normalize.model import BROKEN, Record

_PAPERS = frozenset(
    [
        ".md",
        ".txt",
        ".rst",
        ".pdf",
        ".docx",
        ".xlsx",
        ".html",
        ".htm",
        ".png",
        ".jpg",
        ".jpeg",
        ".yaml",
        ".yml",
        ".toml",
        ".eml",
        ".msg",
    ]
)
_NAMES = re.compile(r"(?i)(licen[cs]e|readme|source|notice|changelog|origin)")

_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])


def answer_kind(body: bytes) -> str | None:
    """Kind of API answer that a JSON object is, None if it is none that is known."""
    try:
        found = _keys.decode(body)
    except BROKEN:
        return None
    kind = next((kind for kind, names in ANSWERS if names <= found.keys()), None)
    if kind is None or not fits(kind, {name: bytes(value) for name, value in found.items()}):
        return None
    return kind


class Look:
    """A look at the records of a body that no parser recognises: are they all one kind of answer?

    Attributes:
        first: how the first begins, for the reason of a gap.
        kind: kind of answer that every record is; None if one is none, or none was seen.
    """

    def __init__(self) -> None:
        self.first: str | None = None
        self.kind: str | None = None

    def at(self, record: Record) -> None:
        """One more record."""
        if self.first is None:
            self.first = (record.data or b"")[:80].decode("utf-8", "replace")
            self.kind = answer_kind(record.data) if record.data else None
        elif self.kind is not None:
            found = answer_kind(record.data) if record.data else None
            self.kind = self.kind if found == self.kind else None


def paper(name: str) -> bool:
    """Whether a file is a paper beside the logs, by its name."""
    path = PurePosixPath(name.rpartition("/")[2] or name)
    return path.suffix.lower() in _PAPERS or (
        path.suffix == "" and _NAMES.match(path.name) is not None
    )


def is_credential_report(head: bytes) -> bool:
    """Whether a text begins with the header of the report on credentials."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(REPORT_HEADER)


def credential_report(body: bytes) -> list[dict[str, str]]:
    """The rows of the report on credentials."""
    import csv
    import io

    text = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    return list(csv.DictReader(io.StringIO(text)))
