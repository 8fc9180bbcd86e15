"""`butfor demo`: the whole of the work on a built-in incident, each step as the command it is.

1. init      a case folder with the incident's case.toml and registers
2. import    the owner's logs; the IAM listings, with the time at which they were observed
3. verify    every byte against its manifest and the custody chain
4. build     events, state, decisions, findings
5. exhibits  the bundle

Nothing is opened to the network. The incident is synthetic (see ORIGIN.md beside its evidence).
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from collector.errors import UsageError

#: The days on which the IAM listings were observed: the folder's name is the day.
MIDNIGHT = "T00:00:00Z"


def evidence_dir() -> Path:
    """The incident's files: packaged beside this module, else in the source tree."""
    packaged = Path(__file__).parent / "demo_evidence"
    return (
        packaged
        if packaged.is_dir()
        else Path(__file__).parents[1] / "fixtures" / "scenarios" / "northwind"
    )


def run(target: Path, call: Callable[[list[str]], int], say: Callable[[str], None]) -> int:
    """Carry out the steps in `target`.

    Args:
        target: folder to make; must not exist or be empty.
        call: runs one butfor command and gives its exit code.
        say: prints one line.

    Returns:
        The worst exit code other than 3: this incident has a log gap, so gaps are expected.
    """
    if target.exists() and any(target.iterdir()):
        raise UsageError(
            f"expected a folder that is new or empty, found files in {target}; "
            "name another folder or remove that one"
        )
    source = evidence_dir()
    codes = []
    for arguments in _steps(target, source):
        say(f"\n$ butfor {' '.join(arguments)}")
        codes.append(call(arguments))
        if arguments[0] == "init":
            shutil.copyfile(source / "case.toml", target / "case.toml")
            shutil.copytree(source / "registers", target / "registers", dirs_exist_ok=True)
            say(f"  (case.toml and registers of the built-in incident copied to {target})")
        if codes[-1] not in (0, 3):
            return codes[-1]
    return 0


def where_to_look(target: Path) -> str:
    """The index of the bundle and its first PDF."""
    (edition,) = sorted((target / "exhibits").iterdir())[-1:]
    first = sorted(edition.glob("exhibit-*.pdf"))[0]
    return f"{edition / 'index.html'}, or start with {first}"


def _steps(target: Path, source: Path) -> list[list[str]]:
    """The commands, in the order of the work."""
    case = ["--case", str(target)]
    listings = [
        ["import", *case, "--observed-at", day.name + MIDNIGHT, "--provided-by",
         "account administrators", str(day)]
        for day in sorted((source / "iam").iterdir())
    ]  # fmt: skip
    return [
        ["init", str(target)],
        ["import", *case, "--provided-by", "account owner", str(source / "logs")],
        *listings,
        ["verify", *case],
        ["build", *case],
        ["exhibits", *case],
    ]
