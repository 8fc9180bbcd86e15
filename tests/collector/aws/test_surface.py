"""Every operation that a collection is measured by is in the plan, or left out with a reason."""

import json
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from click.testing import CliRunner

from collector.aws.guard import NEVER, allow_list
from collector.aws.not_asked import NOT_ASKED
from collector.cli_collect import collect


def table() -> dict[str, set[str]]:
    """Service -> operations."""
    found: dict[str, set[str]] = {}
    for line in Path(__file__).with_name("surface.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            service, *names = line.split()
            before = found.setdefault(service, set())
            assert not before & set(names), f"named twice: {before & set(names)}"
            before.update(names)
    return found


SURFACE = {f"{service}:{name}" for service, names in table().items() for name in names}


@cache
def offered(service: str) -> frozenset[str]:
    model = botocore.session.get_session().get_service_model(service)
    return frozenset(model.operation_names)


@pytest.mark.parametrize("service", sorted(table()))
def test_the_table_names_operations_that_there_are(service: str) -> None:
    assert table()[service] - offered(service) == set()


def test_each_is_asked_or_left_out_with_a_reason() -> None:
    asked, left_out = set(allow_list()), set(NOT_ASKED)
    assert asked & left_out == set()
    assert SURFACE - asked - left_out == set(), "neither asked nor left out with a reason"
    assert (asked | left_out) - SURFACE == set(), "not in the table"
    assert all(NOT_ASKED.values())


def test_what_shows_secrets_or_issues_credentials_is_refused_by_name_too() -> None:
    issuing = {name for name, why in NOT_ASKED.items() if "credentials" in why or "holds a" in why}
    assert issuing - NEVER == set()


def test_the_command_prints_all_of_it() -> None:
    shown = CliRunner().invoke(collect, ["aws", "--plan", "--tier", "3"])
    assert shown.exit_code == 0
    for name in SURFACE:
        assert f" {name} on " in shown.output or f" {name}: " in shown.output, name
    planned = CliRunner().invoke(collect, ["aws", "--plan", "--tier", "3", "--json"])
    asked = {line["operation"] for line in json.loads(planned.output)}
    assert SURFACE - asked == set(NOT_ASKED)
