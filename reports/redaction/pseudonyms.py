"""The map from values to tokens, `ADDRESS-07`: the same in every rendition of a case (R-098).

`CASE/redaction/pseudonyms.jsonl`, readable by its owner alone. Its first line holds 32 random
bytes, so that its digest, which a rendition prints, lets nobody try out addresses. Lines are only
added.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from collector import canonical, durable
from collector.errors import UsageError

FOLDER = "redaction"
NAME = "pseudonyms.jsonl"


class Pseudonyms:
    """The map, growing while a rendition is made; `save` adds what is new to the file."""

    def __init__(self, path: Path, lines: Sequence[bytes], kept: int) -> None:
        """Of lines, `kept` of which the file holds already; see `read`."""
        self.path = path
        self._lines = list(lines)
        self._kept = kept
        self._secret = bytes.fromhex(str(canonical.decode(lines[0])["random"]))
        self._tokens: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        for number, line in enumerate(lines[1:], 2):
            try:
                entry = canonical.decode(line)
                self._add(str(entry["word"]), str(entry["value"]), str(entry["token"]))
            except (canonical.CanonicalError, KeyError) as error:
                raise _bad(path, number, error) from error

    def token(self, word: str, value: str) -> str:
        """The token of a value; the first rendition that meets the value gives it the next one."""
        known = self._tokens.get(value)
        if known is not None:
            return known
        token = f"{word}-{self._counts.get(word, 0) + 1:02d}"
        self._lines.append(canonical.encode({"token": token, "value": value, "word": word}))
        self._add(word, value, token)
        return token

    def keyed(self, digest: str) -> str:
        """A digest under the map's random bytes, as long as it was.

        For digests of single records, statements and ids made of names: whoever knows the rest of
        what went into one could find the redacted part by trying.
        """
        made = hmac.new(self._secret, digest.encode(), hashlib.sha256).hexdigest()
        return made[: len(digest)]

    def values(self) -> Iterator[tuple[str, str]]:
        """(value, token) in order of first use."""
        yield from self._tokens.items()

    def entries(self) -> int:
        """Lines so far."""
        return len(self._lines)

    def digest(self, entries: int | None = None) -> str:
        """SHA-256 of the first `entries` lines, line feeds included."""
        lines = self._lines if entries is None else self._lines[:entries]
        return hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()

    def save(self) -> None:
        """Adds what is new to the file, durably."""
        new = self._lines[self._kept :]
        if not new:
            return
        data = b"".join(line + b"\n" for line in new)
        if self._kept:
            durable.append(self.path, data)
        else:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            self.path.touch(mode=0o600, exist_ok=False)
            durable.append(self.path, data)
        self._kept = len(self._lines)

    def _add(self, word: str, value: str, token: str) -> None:
        self._tokens[value] = token
        self._counts[word] = self._counts.get(word, 0) + 1


def read(case: Path) -> Pseudonyms:
    """The map of a case; a new one where there is none yet.

    Raises:
        UsageError: the file is not in form, with its line.
    """
    path = case / FOLDER / NAME
    if not path.is_file():
        return Pseudonyms(path, (canonical.encode({"random": secrets.token_hex(32), "v": 1}),), 0)
    raw = path.read_bytes()
    if not raw.endswith(b"\n"):
        raise UsageError(
            f"{path}: expected a line feed at the end, found none: the last line was cut off. "
            "Restore the file from a copy; a rendition made without it would bear other tokens."
        )
    lines = raw.splitlines()
    try:
        return Pseudonyms(path, lines, len(lines))
    except (canonical.CanonicalError, KeyError, ValueError) as error:
        raise _bad(path, 1, error) from error


def _bad(path: Path, line: int, error: Exception) -> UsageError:
    return UsageError(f"{path}, line {line}: expected a line of the map of tokens, found: {error}")
