"""docs/collecting-aws.md: its tables come from the sources; `BUTFOR_REGEN=1` writes them."""

import os
import re
from collections.abc import Iterator

import pytest

from collector.aws.outcomes import ABSENT
from collector.source import Condition
from collector.sources import of_provider
from tests.collector.aws.test_collect import ROOT

DOCUMENT = ROOT / "docs" / "collecting-aws.md"
BLOCK = r"(<!-- generated: {} -->\n).*?(<!-- end -->)"


def sources() -> Iterator[str]:
    yield "| source | read once per | operations | kept by the provider |"
    yield "|---|---|---|---|"
    for spec in of_provider("aws"):
        names = [
            operation.name + ("" if operation.condition is Condition.ALWAYS else "*")
            for operation in spec.operations
        ]
        yield (
            f"| [{spec.title}]({spec.docs}) `{spec.id}` | {spec.level} | {', '.join(names)} | "
            f"{spec.retention} |"
        )
    yield ""
    yield "\\* under a condition: `butfor collect aws --plan` prints it, with the permission."


def absent() -> Iterator[str]:
    yield "| service | codes |"
    yield "|---|---|"
    for service, codes in sorted(ABSENT.items()):
        if codes:
            yield f"| {service} | {', '.join(sorted(codes))} |"
    yield "| s3 | HTTP 404 of HeadBucket and HeadObject, which have no code |"
    yield "| securityhub | InvalidAccessException, if it says *not subscribed* |"


@pytest.mark.parametrize(("name", "lines"), [("sources", sources), ("absent", absent)])
def test_tables_are_the_generated_ones(name: str, lines: object) -> None:
    assert callable(lines)
    text = DOCUMENT.read_text(encoding="utf-8")
    block = "\n".join(lines()) + "\n"
    wanted, number = re.subn(
        BLOCK.format(name), lambda found: found[1] + block + found[2], text, flags=re.DOTALL
    )
    assert number == 1
    if os.environ.get("BUTFOR_REGEN"):
        DOCUMENT.write_text(wanted, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == wanted, "run: BUTFOR_REGEN=1 pytest"
