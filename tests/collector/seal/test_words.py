"""Every check has its word in the method document, and the document names no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
KINDS = "custody|acquisition|manifest|file|sync|signed|key|seal|token|tsa|bag|proof|provider"


def test_words_of_the_checks() -> None:
    text = (ROOT / "docs/methods/integrity.md").read_text(encoding="utf-8")
    table = text.partition("## Words of the checks")[2].partition("## By hand")[0]
    listed = set(re.findall(rf"`((?:{KINDS})-[a-z0-9-]+)`", table))
    used = {
        word
        for path in sorted((ROOT / "reports/verifier").glob("verify*.py"))
        for word in re.findall(rf'"((?:{KINDS})-[a-z0-9-]+)"', path.read_text(encoding="utf-8"))
    }
    assert used == listed
