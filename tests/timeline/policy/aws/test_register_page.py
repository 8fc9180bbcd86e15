"""The register in words against the ids that the code asks for and the page that lists them."""

import re

from tests.architecture.tree import ROOT
from timeline.policy.aws.answer import WITHOUT_DEFAULT
from timeline.policy.aws.register import READINGS

_ASKED = re.compile(r'readings\.default\("(A\d+)"\)')


def test_the_register_is_what_the_code_asks_for_and_the_page_lists() -> None:
    code = (p.read_text(encoding="utf-8") for p in (ROOT / "timeline/policy/aws").rglob("*.py"))
    page = (ROOT / "docs/methods/decision.md").read_text(encoding="utf-8")
    assert {each for text in code for each in _ASKED.findall(text)} == READINGS.keys()
    assert set(re.findall(r"^\| (A\d+) \|", page, re.MULTILINE)) == READINGS.keys()
    assert set(READINGS) >= WITHOUT_DEFAULT
