"""A writing session: the only way to write to a case. It holds the lock, repairs a torn custody
tail, notes a changed case.toml or a moved folder, and appends to custody.

    with session.writing(case, "import") as writing:
        writing.record("handover", why="...", data={...})
"""

import hashlib
import os
import platform
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collector import case_template, custody, durable, identity, lock
from collector.case import CONFIG, CaseConfig, load
from collector.custody import CustodyEntry
from collector.errors import CaseError, IncompleteError, IntegrityError


class Session:
    """An open session: the case, its configuration, and the custody chain so far."""

    def __init__(self, case: Path, config: CaseConfig, entries: tuple[CustodyEntry, ...]) -> None:
        """Made by `writing` only."""
        self.case = case
        self.config = config
        self._entries = list(entries)
        self._actor = identity.actor(config.matter.examiner)

    @property
    def entries(self) -> tuple[CustodyEntry, ...]:
        """The chain, this session's lines included."""
        return tuple(self._entries)

    @property
    def stated_by(self) -> str:
        """Who speaks when something is stated on the command line: the examiner, else the login."""
        return self._actor.examiner or self._actor.login

    def record(self, action: str, *, why: str, data: Mapping[str, Any]) -> CustodyEntry:
        """Append one entry; durable when this returns."""
        last = self._entries[-1] if self._entries else None
        entry = custody.append(
            self.case, last, action=action, why=why, data=data, actor=self._actor
        )
        self._entries.append(entry)
        return entry


def create(case: Path) -> CustodyEntry:
    """Make a case folder: case.toml from the template, and the first entries of custody.

    Raises:
        CaseError: the folder holds something already, or cannot be made.
    """
    try:
        case.mkdir(mode=0o700, parents=True, exist_ok=True)
        taken = sorted(path.name for path in case.iterdir())
        if taken:
            raise CaseError(
                f"{case}: expected a new or empty folder, found {', '.join(taken[:3])} in it. "
                "Choose another name."
            )
        case.chmod(0o700)
        durable.write_once(case / CONFIG, case_template.TEXT.encode())
        first = custody.append(
            case,
            None,
            action="case.init",
            why="case made",
            data={"case": secrets.token_hex(16), **place(case)},
            actor=identity.actor(None),
        )
        durable.flush_folder(case.parent)
    except OSError as error:
        raise CaseError(f"{case}: expected to make a folder, found: {error.strerror}") from error
    with writing(case, "init"):
        return first


@contextmanager
def writing(case: Path, purpose: str) -> Iterator[Session]:
    """Open a case for writing.

    Raises:
        CaseError: held by another process, newer, or not a case.
        ConfigError: case.toml is not what it must be.
        IntegrityError: the custody chain is broken.
        IncompleteError: the medium refused part-way (disk full); what is recorded is whole.
    """
    config = load(case)
    with lock.hold(case, purpose), _stopped(case):
        aside = custody.set_torn_aside(case)
        entries = custody.read(case)
        if not entries or entries[0].action != "case.init":
            raise IntegrityError(
                f"{case / custody.NAME}: expected case.init in the first line, found "
                f"{entries[0].action if entries else 'no line'}. Restore the log from a copy."
            )
        session = Session(case, config, entries)
        if aside is not None:
            session.record("torn", why="unfinished last line after an interruption", data=aside)
        _note_move(session)
        _note_config(session)
        yield session


@contextmanager
def _stopped(case: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise IncompleteError(
            f"{case}: stopped part-way: {error.strerror or error}. What is recorded is whole. Make "
            "room or give permission, and run the same command again."
        ) from error


def config_digest(case: Path) -> str:
    """SHA-256 of case.toml as it stands."""
    return hashlib.sha256((case / CONFIG).read_bytes()).hexdigest()


def place(case: Path) -> dict[str, str]:
    """Where the case is: what case.init and case.moved record."""
    path = os.fsencode(case.resolve()).decode("utf-8", "backslashreplace")
    return {"host": platform.node() or "unknown", "path": path}


def _note_move(session: Session) -> None:
    here = place(session.case)
    moves = [one for one in session.entries if one.action in ("case.init", "case.moved")]
    before = {key: moves[-1].data.get(key) for key in ("host", "path")}
    if before == here or before == {"host": None, "path": None}:
        return
    session.record("case.moved", why="host or path differs from the last entry", data=here)


def _note_config(session: Session) -> None:
    digest = config_digest(session.case)
    known = [one for one in session.entries if one.action == "case.config"]
    if known and known[-1].data.get("sha256") == digest:
        return
    size = (session.case / CONFIG).stat().st_size
    session.record(
        "case.config", why="case.toml as it stands", data={"bytes": size, "sha256": digest}
    )
