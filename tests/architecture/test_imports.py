"""Imports point one way; the cloud and the clock are each reached from one place only."""

import ast
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.architecture.tree import PACKAGES, ROOT, imported, name, sources, tree

ALLOWED = {
    "collector": {"collector"},
    "timeline": {"collector", "timeline"},
    "reports": {"collector", "timeline", "reports"},
}
SDK = {
    "aws": ("boto3", "botocore", "s3transfer"),
    "azure": ("azure", "msrest"),
    "gcp": ("google", "googleapiclient"),
}
CLOCK_CALLS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "monotonic_ns"}
CLOCK_OWNERS = {"datetime", "date", "time"}


@pytest.mark.parametrize("path", sources(), ids=name)
def test_imports_point_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    allowed = ALLOWED.get(package, {"collector", "timeline", "reports"})
    for module, line in imported(path):
        top = module.split(".")[0]
        if top in PACKAGES:
            assert top in allowed, f"{name(path)}:{line}: {package} must not import {module}"


@pytest.mark.parametrize("path", sources(), ids=name)
def test_only_the_collector_of_a_cloud_imports_its_sdk(path: Path) -> None:
    parts = path.relative_to(ROOT).parts
    for module, line in imported(path):
        for cloud, sdks in SDK.items():
            if module.split(".")[0] in sdks:
                assert parts[:2] == ("collector", cloud), f"{name(path)}:{line}: imports {module}"


def test_only_the_clock_reads_the_time() -> None:
    offenders = [
        f"{name(path)}:{node.lineno}"
        for path in sources()
        if name(path) != "collector/clock.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCK_CALLS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in CLOCK_OWNERS
    ]
    assert offenders == []


def test_help_imports_no_engine_and_no_sdk() -> None:
    code = (
        "import sys; sys.argv = ['butfor', '--help']\n"
        "import butfor\n"
        "try: butfor.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'pyarrow', 'duckdb', 'boto3', 'botocore'}\n"
        "heavy |= {'typst', 'altair', 'jinja2', 'rich'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "HEAVY []" in run.stdout, run.stdout[-200:] + run.stderr


def test_every_command_is_registered_under_the_help_that_it_prints() -> None:
    import butfor

    group = butfor.main
    assert isinstance(group, butfor.LazyGroup)
    for command_name, (_, _, line) in butfor.COMMANDS.items():
        command = group.get_command(None, command_name)  # type: ignore[arg-type]
        assert command is not None
        assert command.help, f"{command_name} has no help"
        assert line.endswith("."), f"{command_name}: {line!r}"
        shows = "xample" in command.help or isinstance(command, click.Group)
        assert shows, f"{command_name}: help shows no example"
