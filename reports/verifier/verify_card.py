"""A model card (model_card.json) read, and one of its answers worked out again.

The card holds request classes. Each class has *worlds*: the case's own assumptions (`toggled` is
empty), and the same with some of them toggled. A world states the decision and names a formula for
each model of undoing. For a set R of changes undone, a formula answers by the first that applies:
  1  R is empty                               the decision of the world
  2  all of R are variables of its table      the letter at k: A allowed, D denied, U unknown; the
     binary figures of k, first variable first, are 1 where the change is undone
  3  R is one change                          its entry in `alone`
  4  some certain sufficient set is whole     ALLOWED, by the definition of sufficient
  5  R is a minimal cut: it meets every sufficient set, and no smaller part of it does   DENIED
  6  anything else                            UNKNOWN, with the reason
Step 5 asks for minimality: R may hold a cut and give back what the cut took (a setting turned on
and off again), and sets alone do not say; a table does. What two of these say must not differ: a
card in which it does contradicts itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FORMAT = 2
LETTERS = {"A": "ALLOWED", "D": "DENIED", "U": "UNKNOWN"}
OUTCOMES = tuple(LETTERS.values())
READING = "reading "
MOST = 20  # variables of a table that is read


class CardError(ValueError):
    """Not a model card of this format."""


def read(path: Path) -> dict[str, Any]:
    """A card whose parts fit together; formulas stand in the worlds in place of their names.

    Raises:
        CardError: not a card; ValueError: not JSON; OSError.
    """
    card = json.loads(path.read_bytes())
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise CardError(f"{path}: expected a model card of format {FORMAT}")
    try:
        for one in card["classes"]:
            _class(one, card)
        known = [one["class_uid"] for one in card["classes"]]
        if len(set(known)) < len(known):
            raise CardError(f"{path}: a class is there twice")
        for finding in card["findings"]:
            counts = finding["accesses_of_class"]
            if set(finding["classes"]) - set(known):
                raise CardError(f"{finding['number']}: a class that the card does not hold")
            if counts is not None and sum(counts.values()) != finding["accesses"]:
                raise CardError(f"{finding['number']}: its accesses are not those of its classes")
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise CardError(f"{path}: not the parts of a model card: {error!r}") from error
    return card


def _class(one: dict[str, Any], card: dict[str, Any]) -> None:
    names = set(one["variables"])
    if names - set(card["sources"]):
        raise CardError(f"{one['class_uid']}: a variable without a source")
    for world in one["worlds"]:
        if world["decision"] not in OUTCOMES:
            raise CardError(f"{one['class_uid']}: decision {world['decision']!r}")
        world["formula"] = {
            model: card["formulas"][name] for model, name in world["formula"].items()
        }
        for formula in world["formula"].values():
            _formula(formula, one["class_uid"], names)
    if [world for world in one["worlds"] if not world["toggled"]] == []:
        raise CardError(f"{one['class_uid']}: not there under the case's own assumptions")


def _formula(formula: dict[str, Any], uid: str, names: set[str]) -> None:
    """Every member of a formula is a variable, every word is one of ours."""
    used = [name for part in formula["any_of"] for name in part["all_of"]] + list(formula["alone"])
    if set(formula["alone"].values()) - set(OUTCOMES):
        raise CardError(f"{uid}: an answer that is no outcome")
    variables = formula.get("variables")
    if variables is not None:
        used += variables
        outcomes = formula["outcomes"]
        if len(variables) > MOST or len(outcomes) != 1 << len(variables):
            raise CardError(f"{uid}: a table of {len(variables)} variables, {len(outcomes)} rows")
        if set(outcomes) - set(LETTERS):
            raise CardError(f"{uid}: a table with other letters than A, D and U")
    if set(used) - names:
        raise CardError(f"{uid}: not among its variables: {sorted(set(used) - names)}")


def outcome(world: dict[str, Any], model: str, removed: frozenset[str]) -> tuple[str, str]:
    """What a class's request comes to in a world with some changes undone, and why."""
    formula = world["formula"].get(model)
    if not removed:
        return world["decision"], "decision of this world"
    if formula is None:
        return "UNKNOWN", f"{world['decision']} in this world: the card holds no formula for it"
    variables = formula.get("variables")
    if variables is not None and removed <= set(variables):
        bits = "".join("1" if name in removed else "0" for name in variables)
        return LETTERS[formula["outcomes"][int(bits, 2)]], f"truth table, undone {bits}"
    if len(removed) == 1 and next(iter(removed)) in formula["alone"]:
        return formula["alone"][next(iter(removed))], "this change alone, asked directly"
    return by_sets(formula, removed)


def by_sets(formula: dict[str, Any], removed: frozenset[str]) -> tuple[str, str]:
    """The same from the sets alone: steps 4 to 6."""
    if not formula["complete"]:
        return "UNKNOWN", f"not all sets are in the card ({formula.get('note', 'a cap was met')})"
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


def world_of(one: dict[str, Any], toggled: frozenset[str]) -> dict[str, Any] | None:
    """A class in one world; None where the card does not hold it."""
    return next((w for w in one["worlds"] if set(w["toggled"]) == toggled), None)


def flips(one: dict[str, Any], world: dict[str, Any]) -> bool:
    """Whether the decision, or of an allowed class what was necessary, is another than the own."""
    own = world_of(one, frozenset())
    if own is None or world["decision"] != own["decision"]:
        return True
    return necessity(world) != necessity(own)


def necessity(world: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Model -> change -> what undoing it alone comes to: DENIED is but-for."""
    return {model: formula["alone"] for model, formula in sorted(world["formula"].items())}


def contradictions(one: dict[str, Any]) -> Iterator[str]:
    """Where two parts of a class say different things."""
    own = world_of(one, frozenset())
    if own is None or own["decision"] != one["decision"]:
        yield f"the class says {one['decision']}, its own world another decision"
    for world in one["worlds"]:
        where = ", ".join(world["toggled"]) or "the case's own assumptions"
        if flips(one, world) is not world["flips"]:
            yield f"{where}: stated that it flips: {world['flips']}; by its parts the opposite"
        for model, formula in sorted(world["formula"].items()):
            for removed in _told(formula):
                said, _ = outcome(world, model, removed)
                sets, _ = by_sets(formula, removed)
                alone = formula["alone"].get(next(iter(removed), ""), said)
                if sets not in (said, "UNKNOWN") and said != "UNKNOWN":
                    yield f"{where}, {model}, {_names(removed)}: {said}, by its sets {sets}"
                if len(removed) == 1 and alone != said:
                    yield f"{where}, {model}, {_names(removed)}: {said}, alone {alone}"
            first = formula.get("outcomes", "A")[0]
            if world["decision"] != LETTERS[first]:
                yield f"{where}, {model}: {world['decision']}, in its table {LETTERS[first]}"


def _told(formula: dict[str, Any]) -> Iterator[frozenset[str]]:
    """Nothing undone, each change alone, and each pair of those in its table."""
    names = sorted(formula["alone"])
    yield frozenset()
    yield from (frozenset((name,)) for name in names)
    held = sorted(formula.get("variables", ()))
    yield from (frozenset((a, b)) for a in held for b in held if a < b)
