"""Every error that butfor raises on purpose, and the exit code that each branch ends in.

    ButforError
    ├── UsageError (2)            the call or case.toml is wrong
    │   ├── CaseError             the case cannot be used: missing, newer, locked
    │   └── ConfigError           case.toml: file, line, what was expected and found
    ├── DerivedError (1)          a check found discrepancies in derived things
    ├── IncompleteError (3)       stopped part-way, or something could not be checked
    └── IntegrityError (4)        evidence, custody or a seal does not verify

A message says what was expected, what was found, and what to do next. Bad evidence is never an
exception that escapes: it becomes a `Gap`, and its neighbours are read.
"""

import click


class ButforError(click.ClickException):
    """Root of the tree; `exit_code` as in the table of exit codes."""

    exit_code = 2


class UsageError(ButforError):
    """The call cannot be carried out as given."""

    exit_code = 2


class CaseError(UsageError):
    """The case folder cannot be used."""


class ConfigError(UsageError):
    """`case.toml` is not what it must be."""


class DerivedError(ButforError):
    """Derived data disagree with the evidence they cite."""

    exit_code = 1


class IncompleteError(ButforError):
    """Stopped part-way, or a check that could not be made."""

    exit_code = 3


class IntegrityError(ButforError):
    """Bytes, custody or a seal differ from what was recorded."""

    exit_code = 4


#: Worst first: 4 > 1 > 3 > 2 > 0 decides when a run ends in several states.
SEVERITY: tuple[int, ...] = (4, 1, 3, 2, 0)


def worst(*codes: int) -> int:
    """The exit code that wins among several."""
    return min(codes, key=SEVERITY.index, default=0)
