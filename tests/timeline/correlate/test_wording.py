"""No legal word and no claim of certainty in what butfor writes; verbs by result class."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from timeline.correlate import alternatives, causes, wording
from timeline.correlate.wording import BLOCKED

PATTERN = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in BLOCKED), re.IGNORECASE)


def texts(module: object) -> Iterator[str]:
    """Every string of a module's code, docstrings left out."""
    path = Path(str(getattr(module, "__file__", "")))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and isinstance(node.body[0], ast.Expr)
    }
    blocked = {
        id(each)
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == "BLOCKED"
        for each in ast.walk(node)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in docs | blocked:
            continue
        if isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("module", [wording, alternatives, causes], ids=lambda m: m.__name__)
def test_templates_hold_no_blocked_word(module: object) -> None:
    found = [t for t in texts(module) if PATTERN.search(t)]
    assert found == []


@pytest.mark.parametrize("word", ["negligent", "failed to", "should have", "certainly", "proves"])
def test_the_linter_finds_what_it_is_for(word: str) -> None:
    assert PATTERN.search(f"The operator {word} check.")


def test_counterfactual_sentence_has_the_prescribed_form_first() -> None:
    said = wording.necessary("PutBucketPolicy at T by A", 3, 4, "undo")
    assert said.startswith(
        "Under counterfactual “undo of PutBucketPolicy at T by A”, the evaluator returns deny "
        "for 3 of 4 requests, by delta-undo and by replay-undo alike."
    )
    assert "had that change not been in effect" in said


def test_absence_names_source_period_and_coverage() -> None:
    said = wording.accesses_none("source", "T1", "T2", "coverage C")
    assert said == "No entry of this kind in source over T1 to T2 (coverage C)."


@pytest.mark.parametrize(
    ("names", "expected"),
    [((), "none"), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")],
)
def test_listed(names: tuple[str, ...], expected: str) -> None:
    assert expected == wording.listed(names)
