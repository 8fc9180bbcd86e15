"""Run a model card again with changes taken away: `python verify.py rerun CARD --set CHANGE=0`.

The card (model_card.json) holds for each class of requests and each model of undoing its variables
(the recorded changes), and the minimal sufficient sets of them. For a set R of changes taken away:
  1  some certain sufficient set keeps all its members   ALLOWED, by the definition of sufficient
  2  R is a minimal cut: it meets every sufficient set, and no smaller part of it does   DENIED
  3  anything else                                       UNKNOWN, with the reason
Step 2 asks for minimality: R may hold a cut and give back what the cut took (a setting turned on
and off again), and sets alone do not say. A truth table, where the card has one, does:
  "truth_table": {"variables": [change, ...], "outcomes": {"101": "DENIED", ...}}
with one figure per variable, 1 = as recorded, 0 = taken away; it then decides, and what the sets
say must not differ from it: a card whose table and sets differ contradicts itself.

Exit codes: 0 done, 1 the card contradicts itself, 2 usage, 3 some result is UNKNOWN or the card
cannot be read.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

FORMAT = 1
OUTCOMES = ("ALLOWED", "DENIED", "UNKNOWN")


class CardError(ValueError):
    """Not a model card of this format."""


def read(path: Path) -> list[dict[str, Any]]:
    """The classes of a card, each once, in order of their ids.

    Raises:
        CardError: not a card; ValueError: not JSON; OSError.
    """
    card = json.loads(path.read_bytes())
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise CardError(f"{path}: expected a model card of format {FORMAT}")
    found: dict[str, dict[str, Any]] = {}
    try:
        for finding in card["findings"]:
            for one in finding["classes"]:
                _check(one)
                if found.setdefault(one["class_uid"], one) != one:
                    raise CardError(f"{path}: {one['class_uid']} is there twice, and differs")
    except (KeyError, TypeError, AttributeError) as error:
        raise CardError(
            f"{path}: expected classes with variables and formula: {error!r}"
        ) from error
    return [found[uid] for uid in sorted(found)]


def _check(one: dict[str, Any]) -> None:
    """Every member of a formula is a variable, every word is one of ours."""
    names = set(one["variables"])
    if one["decision"] not in OUTCOMES:
        raise CardError(f"{one['class_uid']}: decision {one['decision']!r}")
    for model in one["formula"].values():
        used = [name for part in model["any_of"] for name in part["all_of"]]
        table = model.get("truth_table")
        if table is not None:
            used += table["variables"]
            width = len(table["variables"])
            for bits, outcome in table["outcomes"].items():
                if len(bits) != width or set(bits) - set("01") or outcome not in OUTCOMES:
                    raise CardError(f"{one['class_uid']}: truth table, row {bits!r}")
        if set(used) - names:
            unknown = sorted(set(used) - names)
            raise CardError(f"{one['class_uid']}: not among its variables: {unknown}")


def outcome(one: dict[str, Any], model: str, removed: frozenset[str]) -> tuple[str, str]:
    """What a class's request comes to with some changes taken away, and why."""
    table = one["formula"][model].get("truth_table")
    if table is not None and removed <= set(table["variables"]):
        bits = "".join("0" if name in removed else "1" for name in table["variables"])
        return table["outcomes"].get(bits, "UNKNOWN"), f"truth table, row {bits}"
    return by_sets(one, model, removed)


def by_sets(one: dict[str, Any], model: str, removed: frozenset[str]) -> tuple[str, str]:
    """The same from the sets alone: steps 1 to 3."""
    formula = one["formula"][model]
    if one["decision"] != "ALLOWED":
        if not removed:
            return one["decision"], "as recorded"
        return "UNKNOWN", f"{one['decision']} as recorded: the card holds no formula for it"
    if not formula["complete"]:
        return "UNKNOWN", "the search met its cap: not all sets are in the card"
    sets = [frozenset(part["all_of"]) for part in formula["any_of"]]
    certain = [frozenset(p["all_of"]) for p in formula["any_of"] if p["certainty"] == "certain"]
    whole = [one for one in certain if not one & removed]
    if whole:
        return "ALLOWED", f"kept whole: {_names(min(whole, key=_order))}"
    if any(not one & removed for one in sets):
        return "UNKNOWN", "a set that is sufficient only in some readings of the records is whole"
    if any(all(one & (removed - {name}) for one in sets) for name in removed):
        return "UNKNOWN", (
            "holds a minimal cut and more; whether the rest gives back what the cut takes is not "
            "in the sets of the card. Take away fewer changes"
        )
    return "DENIED", f"minimal cut: {_names(removed)}"


def _order(members: frozenset[str]) -> tuple[int, list[str]]:
    return len(members), sorted(members)


def _names(members: frozenset[str]) -> str:
    return " + ".join(sorted(members)) or "the state before the first recorded change"


def results(classes: Sequence[dict[str, Any]], removed: frozenset[str]) -> Iterator[dict[str, Any]]:
    """One row a class and model of undoing."""
    for one in classes:
        gone = removed & set(one["variables"])
        for model in sorted(one["formula"]):
            before, _ = outcome(one, model, frozenset())
            after, why = outcome(one, model, gone)
            again, _ = by_sets(one, model, gone)
            yield {
                "class_uid": one["class_uid"], "model": model, "removed": sorted(gone),
                "recorded": one["decision"], "as_recorded": before, "outcome": after, "why": why,
                "by_sets": again,
                "consistent": before in (one["decision"], "UNKNOWN")
                and (again in (after, "UNKNOWN") or after == "UNKNOWN"),
            }  # fmt: skip


def _removed(settings: Sequence[str], known: set[str], parser: argparse.ArgumentParser) -> set[str]:
    removed = set()
    for setting in settings:
        name, _, value = setting.rpartition("=")
        if value not in ("0", "1"):
            parser.error(
                f"--set {setting}: expected CHANGE=0 (taken away) or CHANGE=1 (as recorded)"
            )
        if name not in known:
            parser.error(
                f"--set {setting}: expected a variable of the card, one of:\n  "
                + "\n  ".join(sorted(known))
            )
        if value == "0":
            removed.add(name)
    return removed


def main(arguments: Sequence[str]) -> int:
    """Command line of `verify.py rerun`."""
    parser = argparse.ArgumentParser(
        prog="verify.py rerun", description="Run a model card again with changes taken away."
    )
    parser.add_argument("card", type=Path, help="model_card.json")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="CHANGE=0")
    parser.add_argument("--class", action="append", default=[], dest="classes", metavar="CLASS")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        classes = read(given.card)
    except (OSError, ValueError, RecursionError) as error:
        print(f"could not check: {error}")
        return 3
    missing = sorted(set(given.classes) - {one["class_uid"] for one in classes})
    if missing:
        parser.error(f"--class {missing[0]}: expected a class of the card")
    chosen = [one for one in classes if not given.classes or one["class_uid"] in given.classes]
    known = {name for one in chosen for name in one["variables"]}
    rows = list(results(chosen, frozenset(_removed(given.settings, known, parser))))
    code = 1 if not all(row["consistent"] for row in rows) else 0
    if code == 0 and any(row["outcome"] == "UNKNOWN" for row in rows):
        code = 3
    if given.json:
        print(json.dumps({"exit": code, "results": rows, "v": 1}, indent=1, sort_keys=True))
    else:
        _show(rows)
    return code


def _show(rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        gone = " without " + ", ".join(row["removed"]) if row["removed"] else " as recorded"
        print(f"{row['class_uid']} {row['model']}{gone}: {row['outcome']} ({row['why']})")
        if not row["consistent"]:
            print(
                f"  the card contradicts itself: expected {row['recorded']} with nothing taken "
                f"away, found {row['as_recorded']}; by its table {row['outcome']}, by its sets "
                f"{row['by_sets']}"
            )
    tally = {word: sum(row["outcome"] == word for row in rows) for word in OUTCOMES}
    print(f"{len(rows)} results: " + ", ".join(f"{n} {word}" for word, n in tally.items()))
