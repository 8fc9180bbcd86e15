"""What an allowed class's answer follows from, one formula for each undo, for the model card.

A formula holds: for every change its own answer when it alone is undone; the truth table over the
changes undone (`truth.py`), where one can be given; the minimal sufficient sets. Equal formulas
are stored once. Tables are bounded, in what they hold and in what is worked out for them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from timeline.correlate import runs, truth
from timeline.correlate.runs import Question

#: Classes that are asked in every world.
CLASSES = 2_000
#: Rows of all tables of one card; each is a letter.
ROWS = 400_000
#: Rows worked out for them, those of equal tables included.
WORKED = 4_000_000

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An allowed class as explained.

    Attributes:
        question: it.
        changes, sets: its rows at change level, of both undos and of declared targets.
        exact: whether the answers rest on one course of events alone: no hidden change lies at
            several places in the order, and no missing record left any of them undetermined.
    """

    question: Question
    changes: Sequence[Row]
    sets: Sequence[Row]
    exact: bool


@dataclass(slots=True, kw_only=True)
class Room:
    """Formulas of one card.

    Attributes:
        store: id -> formula, in order of their making.
    """

    store: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _ids: dict[str, str] = field(default_factory=dict)
    _rows: int = ROWS
    _work: int = WORKED

    def formulas(self, asked: Asked) -> dict[str, str]:
        """Undo -> id of its formula."""
        return {
            model.undo: self._id(self._of(model, asked)) for model in runs.models(asked.question)
        }

    def _id(self, formula: Mapping[str, Any]) -> str:
        text = json.dumps(formula, sort_keys=True)
        if text not in self._ids:
            self._ids[text] = f"f{len(self.store) + 1}"
            self.store[self._ids[text]] = formula
            self._rows -= len(formula.get("outcomes", ""))
        return self._ids[text]

    def _of(self, model: runs.Model, asked: Asked) -> dict[str, Any]:
        rows = [r for r in asked.changes if _is(r, model.undo)]
        sets = [r for r in asked.sets if _is(r, model.undo)]
        found: dict[str, Any] = {
            "alone": {row["change_uid"]: row["decision_without"] for row in rows},
            "any_of": [
                {"all_of": row["members"], "certainty": row["certainty"]}
                for row in sets
                if row["kind"] == "minimal sufficient"
            ],
            "complete": bool(sets) and all(row["complete"] for row in sets),
        }
        table: dict[str, Any] | None = None
        said: str | None = "the answers rest on the order of hidden changes or on missing records"
        if asked.exact:
            table, said = truth.table(model, rows, sets, min(self._rows, self._work))
        if table is not None:
            found |= table
            self._work -= len(table["outcomes"])
        return found | ({"note": said} if said is not None else {})


def _is(row: Row, undo: str) -> bool:
    return (row["undo"], row["counterfactual"]) == (undo, runs.UNDO)
