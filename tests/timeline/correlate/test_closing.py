"""How a finding's statement ends: method, premises, what is open (R-175)."""

import json
from pathlib import Path

import pytest

from tests.timeline.correlate.test_northwind import built
from timeline.correlate import wording
from timeline.correlate.closing import closed

ONE = {"name": "insider", "for": "", "against": "", "tested": "not tested: 1 of 1"}
OTHER = {"name": "clock skew", "for": "", "against": "", "tested": "in part: by order"}


@pytest.mark.parametrize(
    ("assumptions", "alternatives", "said"),
    [
        ((), (OTHER,), ("it rests on no named assumption.", "not tested: none.")),
        (("a",), (ONE, OTHER), ("it rests on the assumption a.", "not tested: insider.")),
        (("a", "b"), (ONE, ONE), ("the assumptions a and b.", "not tested: insider; insider.")),
    ],
)
def test_each_part(
    assumptions: tuple[str, ...], alternatives: tuple[dict[str, str], ...], said: tuple[str, ...]
) -> None:
    text = closed("Found.", "m@1", assumptions, alternatives, ("x", "y"))
    assert text.startswith("Found. Method: m@1; ")
    for part in (*said, "Would be falsified by: x; y.", "Not addressed: "):
        assert part in text


def test_every_finding_with_accesses_ends_so(tmp_path: Path) -> None:
    case = built(tmp_path)
    found = json.loads((case / "derived" / "findings.json").read_text(encoding="utf-8"))
    for one in found:
        said = one["statement"]
        assert ("Not addressed: " in said) is (one["numbers"]["accesses"] > 0)
        if one["numbers"]["accesses"]:
            assert said.endswith("; ".join(wording.NOT_OPINED) + ".")
            assert all(name in said for name in one["assumptions"])
            assert all(text in said for text in one["falsifiers"])
