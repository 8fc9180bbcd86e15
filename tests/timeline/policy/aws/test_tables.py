"""Case tables written from the provider's documentation: one file per rule, one page per case.

A case changes the table's base at dotted paths. `ORIGIN.md` beside the tables describes them.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from timeline.policy.aws import policy_is_public, write_gate
from timeline.policy.decide import decide
from timeline.policy.kleene import Unknown

TABLES = sorted((Path(__file__).parents[4] / "fixtures" / "policy").glob("*.json"))


def cases() -> list[Any]:
    found = []
    for path in TABLES:
        table = json.loads(path.read_text())
        for case in table["cases"]:
            found.append(pytest.param(table, case, id=f"{path.stem}: {case['name']}"))
    return found


def changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The base with values set at dotted paths; numbers are list positions."""
    line = copy.deepcopy(base)
    for path, value in changes.items():
        holder: Any = line
        *above, last = path.split(".")
        for name in above:
            holder = holder[int(name)] if isinstance(holder, list) else holder[name]
        holder[int(last) if isinstance(holder, list) else last] = copy.deepcopy(value)
    return line


def asked(table: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    """What the evaluator says to one case, in the form of `butfor decide`."""
    line = changed(table["base"], case["set"])
    entry = case.get("ask", table.get("ask", "decide"))
    if entry == "public":
        answer = policy_is_public(line["policy"], access_point=line["access_point"])
        unknowns = sorted(answer.reasons) if isinstance(answer, Unknown) else []
        decision = {True: "PUBLIC", False: "NOT PUBLIC"}.get(answer is True, "NOT PUBLIC")
        return {"decision": "UNKNOWN" if unknowns else decision, "unknowns": unknowns}
    if entry == "gate":
        found = write_gate(line["request"], line["state"], line["unknown"])
        return {
            "decision": found.verdict.value,
            "denies": list(found.denies),
            "unknowns": list(found.unknowns),
            "ambiguities": list(found.ambiguities),
        }
    found_line = decide({"id": case["name"], "provider": "aws", **line})
    return json.loads(json.dumps(found_line))  # type: ignore[no-any-return]


@pytest.mark.parametrize(("table", "case"), cases())
def test_case(table: dict[str, Any], case: dict[str, Any]) -> None:
    found = asked(table, case)
    expected = {k: v for k, v in case.items() if k not in ("name", "set", "source", "ask")}
    assert expected == {name: found[name] for name in expected}
    assert case["source"]


def test_the_tables_are_there() -> None:
    assert len(cases()) >= 400
