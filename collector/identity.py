"""Who and what writes: the person's login, the machine, the writer id, the tool's own digest.

The writer id is random, one per machine and user, and lives outside every case, so that two copies
of a case that were both written to can be told apart.
"""

import hashlib
import os
import platform
import secrets
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

TOOL = "butfor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts. `examiner` is what case.toml says, None if it was not supplied."""

    examiner: str | None
    login: str
    host: str
    writer: str

    def as_data(self) -> dict[str, str | None]:
        """The object under `actor` in a custody line."""
        return {
            "examiner": self.examiner,
            "host": self.host,
            "login": self.login,
            "writer": self.writer,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Which program acts.

    Attributes:
        version: of the distribution.
        record: SHA-256 of the installed distribution's RECORD file, which lists the digest of
            every file; for a development build `development:<commit>`, with `+dirty` if files
            differ from the commit, or `development:unknown`.
    """

    name: str
    version: str
    record: str

    def as_data(self) -> dict[str, str]:
        """The object under `tool` in a custody line."""
        return {"name": self.name, "record": self.record, "version": self.version}


def config_folder() -> Path:
    """Folder for what belongs to the user and not to a case: writer id, tool keys.

    `BUTFOR_CONFIG` names another one; else the platform's usual place.
    """
    given = os.environ.get("BUTFOR_CONFIG")
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", str(Path.home()))) / TOOL
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / TOOL
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / TOOL


def actor(examiner: str | None) -> Actor:
    """The person at this machine, as the operating system names them."""
    return Actor(
        examiner=examiner, login=_login(), host=platform.node() or "unknown", writer=writer()
    )


@cache
def writer() -> str:
    """16 hex digits, made on first use. A home that cannot be written to gives a fresh id each run.

    A fresh id is safe: it can only make one writer look like two, never two like one.
    """
    place = config_folder() / "writer"
    try:
        return _stored_writer(place)
    except OSError:
        return secrets.token_hex(8)


def _stored_writer(place: Path) -> str:
    if place.is_file():
        text = place.read_text(encoding="ascii", errors="replace").strip()
        if len(text) == 16 and set(text) <= set("0123456789abcdef"):
            return text
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = secrets.token_hex(8)
    partial = place.with_name(f"writer.{made}")
    partial.write_text(made + "\n", encoding="ascii")
    partial.replace(place)
    return made


@cache
def tool() -> Tool:
    """Version and digest of the program that runs."""
    import butfor

    return Tool(name=TOOL, version=butfor.__version__, record=_record())


def _record() -> str:
    """SHA-256 of RECORD, unless the code that runs is not the installed copy."""
    here = Path(__file__).resolve().parent.parent
    try:
        distribution = metadata.distribution(TOOL)
    except metadata.PackageNotFoundError:
        return _development(here)
    text = distribution.read_text("RECORD")
    installed = Path(str(distribution.locate_file("collector/identity.py"))).resolve()
    if text is None or installed != Path(__file__).resolve():
        return _development(here)
    return hashlib.sha256(text.encode()).hexdigest()


def _development(root: Path) -> str:
    """Commit and dirty flag of a checkout."""
    if not (root / ".git").exists():
        return "development:unknown"
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return "development:unknown"
    dirty = _git(root, "status", "--porcelain", "--untracked-files=no")
    return f"development:{commit}" + ("+dirty" if dirty != "" else "")


def _git(root: Path, *words: str) -> str | None:
    # Without optional locks: a `status` that is killed would leave the checkout's index locked.
    try:
        done = subprocess.run(  # noqa: S603 # fixed words, no shell
            ["git", "--no-optional-locks", "-C", str(root), *words],  # noqa: S607 # the user's git, whichever it is
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _login() -> str:
    """Login by user id; the environment could claim anything."""
    if sys.platform == "win32":
        return os.environ.get("USERNAME", "unknown")
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
