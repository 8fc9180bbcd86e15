"""What a run must look up again, without memory that grows with it.

An acquisition asks millions of questions and must know which it has asked, where each record is
and which files it holds. The ledgers on disk say so, but not quickly. This index does: a private
database in a temporary file that vanishes with the process, of which a few megabytes are cached.
It can always be made again from the ledgers, so nothing here needs to be durable.
"""

import hashlib
import json
import sqlite3
from collections.abc import Sequence

#: Kilobytes of pages in memory; the rest is in the temporary file.
CACHE = 4096


class Index:
    """Text by key. Used by one thread at a time: its owner has the lock."""

    def __init__(self) -> None:
        """Empty."""
        # The empty name is SQLite's private temporary database: unlinked, and gone at the end.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.execute(f"PRAGMA cache_size = -{CACHE}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(
            "CREATE TABLE held (key BLOB PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
        )
        # One transaction to the end, never committed: nothing is flushed for it.
        self._database.execute("BEGIN")
        self._size = 0

    def __del__(self) -> None:
        """The temporary file goes with its owner."""
        self._database.close()

    def __len__(self) -> int:
        """Keys that are held."""
        return self._size

    def __contains__(self, key: bytes) -> bool:
        """Whether the key is held."""
        return self.get(key) is not None

    def get(self, key: bytes) -> str | None:
        """The text that is held under a key.

        Raises:
            OSError: the temporary file refused (disk full).
        """
        found = self._execute("SELECT value FROM held WHERE key = ?", (key,)).fetchone()
        return None if found is None else str(found[0])

    def put(self, key: bytes, value: str) -> None:
        """Hold a text; a key that is held gets the new one.

        Raises:
            OSError: the temporary file refused (disk full).
        """
        done = self._execute("UPDATE held SET value = ? WHERE key = ?", (value, key))
        if done.rowcount == 0:
            self._execute("INSERT INTO held VALUES (?, ?)", (key, value))
            self._size += 1

    def add(self, key: bytes, value: str) -> bool:
        """Hold a text unless the key is held already; whether it was new. One step instead of two.

        Raises:
            OSError: the temporary file refused (disk full).
        """
        new = self._execute("INSERT OR IGNORE INTO held VALUES (?, ?)", (key, value)).rowcount == 1
        self._size += new
        return new

    def _execute(self, statement: str, values: Sequence[object]) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, values)
        except sqlite3.OperationalError as error:
            raise OSError(f"temporary index: {error}") from error


def key(*parts: object) -> bytes:
    """A key of constant size for parts of any length: SHA-256 of their JSON."""
    return hashlib.sha256(json.dumps(parts).encode("ascii")).digest()
