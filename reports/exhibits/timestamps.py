"""Exhibit A, timestamp tokens: what each authority states, as far as custody records them (R-110).

Read out of the stored answers by openssl. Whether a token holds, and under whose root, is the
business of `butfor verify` and of verify.py; here stands what it says of itself.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from collector import stamp, tsa_chain
from reports.exhibits import parts
from reports.material import Material, Row
from reports.model import Column, Section, Table, Text, cite, quote, say
from reports.text import Say

ANSWER = ".tsr"
COLUMNS = (
    Column(title="Seal; answer", width=1.4),
    Column(title="Authority; policy; serial number", width=3.2),
    Column(title="Time; accuracy; algorithm", width=2.2),
    Column(title="Chain of certificates; qualified", width=2.8),
    Column(title="SHA-256 of the answer", width=2.6, exact=True),
)


def section(material: Material, tell: Say) -> Section:
    """The panel, empty where no token is recorded."""
    rows = tuple(_row(material, entry, name, tell) for entry, name in _answers(material))
    table = Table(
        caption=tell("tokens_caption", n=len(rows)), columns=COLUMNS, rows=rows,
        empty=tell("tokens_empty"),
    )  # fmt: skip
    return Section(title=tell("tokens_title"), blocks=(table,))


def _answers(material: Material) -> Iterator[tuple[Row, str]]:
    """(entry, file of the answer) of every token that custody records, in its order."""
    for entry in material.custody:
        if entry["action"] == "token.add":
            for name in sorted(entry["data"]["files"]):
                if name.endswith(ANSWER):
                    yield entry, name


def _row(material: Material, entry: Row, name: str, tell: Say) -> tuple[Text, ...]:
    number, digest = entry["data"]["seal"], str(entry["data"]["files"][name])
    first = parts.lines(say(f"seal {number}"), quote(name))
    held = material.case / "seals" / f"{number:04d}" / name if material.case else None
    if held is None or not held.is_file() or _sha256(held) != digest:
        return first, tell("token_gone"), say("not read"), say("not read"), cite(digest)
    token = stamp.read(held)
    if token is None:
        return first, tell("token_unreadable"), say("not read"), say("not read"), cite(digest)
    return (
        first,
        parts.lines(
            say(stamp.TEST_LABEL) if token.test else None,
            quote(token.tsa or "no name in the token"), say(f"policy {token.policy}"),
            say(f"serial number {token.serial}"),
        ),
        parts.lines(
            say(token.time), say(f"accuracy {token.accuracy}"), say(token.digest),
        ),
        parts.lines(*(quote(one) for one in _chain(held)), tell("token_qualified")),
        cite(digest),
    )  # fmt: skip


def _chain(answer: Path) -> list[str]:
    """Names of the certificates stored beside an answer, the signer's first."""
    stored = tsa_chain.certificates(answer.with_suffix(".certs.pem"))
    chain = tsa_chain.of(answer.read_bytes(), stored)
    return [tsa_chain.name(one) for one in chain.certificates]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
