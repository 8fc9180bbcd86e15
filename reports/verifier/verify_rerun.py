"""Run a model card again with other premises: `python verify.py rerun CARD [...]`.

  --set CHANGE=0                 a recorded change undone; repeat for several together
  --assume gaps-minimal=0        a named assumption off (=1: on); one, or two together
  --reading A4=other             an entry of the register of ambiguities read so (first or other)
  --each                         every world that the card holds, one by one: what each turns

Changes and premises combine: the changes are undone in the world that the premises make. How an
answer is worked out, and what a card holds, says `verify_card.py`. Printed are each class under
each model of undoing, then each finding: which of its accesses the evaluator then allows, denies,
or leaves unknown, and whether the finding *flips*, which is to say that under these premises, with
nothing undone, its decision or the necessity of any change is another than the case's own.

A world that the card does not hold is UNKNOWN, never guessed: build the case with that premise.
Exit codes: 0 done, 1 the card contradicts itself, 2 usage, 3 some result is UNKNOWN or the card
cannot be read.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from verify_card import OUTCOMES, READING, contradictions, flips, outcome, read, world_of

DOCUMENTED = "documented-readings"


def held_by(card: dict[str, Any]) -> frozenset[str]:
    """The case's own assumptions."""
    return frozenset(name for name, is_on in card["assumptions"].items() if is_on)


def premises(
    card: dict[str, Any], assumed: Sequence[str], readings: Sequence[str],
    parser: argparse.ArgumentParser,
) -> tuple[frozenset[str], list[str]]:  # fmt: skip
    """(names toggled against the case's own, notes) that options come to."""
    own = held_by(card)
    held, notes = set(own), []
    for text in assumed:
        name, _, value = text.rpartition("=")
        if value not in ("0", "1") or name not in card["assumptions"]:
            known = ", ".join(sorted(card["assumptions"]))
            parser.error(f"--assume {text}: expected NAME=0 or NAME=1, of {known}")
        held = held | {name} if value == "1" else held - {name}
    for text in readings:
        entry, _, way = text.partition("=")
        if entry in card["readings_met_by_none"] and way in ("first", "other"):
            notes.append(f"{entry} turned no answer of this card, in any world: nothing changes")
            continue
        if entry not in card["readings"] or way not in ("first", "other"):
            known = ", ".join(sorted({*card["readings"], *card["readings_met_by_none"]}))
            parser.error(f"--reading {text}: expected ENTRY=first or ENTRY=other, of {known}")
        held = {name for name in held if not name.startswith(f"{READING}{entry}=")}
        default = card["readings"][entry]["default"] if DOCUMENTED in held else None
        if way != default:
            held.add(f"{READING}{text}")
    return own ^ frozenset(held), notes


def results(
    classes: Iterable[dict[str, Any]], models: Sequence[str], toggled: frozenset[str],
    removed: frozenset[str],
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """One row a class and model of undoing."""
    for one in classes:
        gone = removed & set(one["variables"])
        own, world = world_of(one, frozenset()), world_of(one, toggled)
        assert own is not None  # read() saw to it
        for model in models:
            found = ("UNKNOWN", "the card does not hold this world: build the case with it")
            if world is not None:
                found = outcome(world, model, gone)
            yield {
                "class_uid": one["class_uid"], "model": model, "removed": sorted(gone),
                "toggled": sorted(toggled), "recorded": own["decision"],
                "as_recorded": world["decision"] if world else "UNKNOWN",
                "outcome": found[0], "why": found[1],
                "flips": flips(one, world) if world else None,
            }  # fmt: skip


def findings(card: dict[str, Any], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each finding with its accesses by outcome, under each model, and whether it flips."""
    by_class: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_class.setdefault(row["class_uid"], []).append(row)
    found = []
    for one in card["findings"]:
        held = [row for uid in one["classes"] for row in by_class.get(uid, ())]
        counts = one["accesses_of_class"]
        tally = {
            model: {
                word: sum((counts or {}).get(r["class_uid"], 0) for r in held
                          if r["model"] == model and r["outcome"] == word)
                for word in OUTCOMES
            }
            for model in card["models"]
        } if counts is not None else None  # fmt: skip
        turned = {row["class_uid"] for row in held if row["flips"]}
        open_ = {row["class_uid"] for row in held if row["flips"] is None}
        found.append(
            {
                "number": one["number"],
                "finding_uid": one["finding_uid"],
                "accesses": one["accesses"],
                "classes": len({r["class_uid"] for r in held}),
                "flipped_classes": len(turned),
                "flips": True if turned else None if open_ else False,
                "by_outcome": tally,
            }
        )
    return found


def _removed(settings: Sequence[str], known: set[str], parser: argparse.ArgumentParser) -> set[str]:
    removed = set()
    for setting in settings:
        name, _, value = setting.rpartition("=")
        if value not in ("0", "1"):
            parser.error(f"--set {setting}: expected CHANGE=0 (undone) or CHANGE=1 (as recorded)")
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
        prog="verify.py rerun", description="Run a model card again with other premises."
    )
    parser.add_argument("card", type=Path, help="model_card.json")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="CHANGE=0")
    parser.add_argument("--assume", action="append", default=[], metavar="NAME=0")
    parser.add_argument("--reading", action="append", default=[], metavar="ENTRY=other")
    parser.add_argument("--each", action="store_true", help="every world of the card, one by one")
    parser.add_argument("--class", action="append", default=[], dest="classes", metavar="CLASS")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        card = read(given.card)
    except (OSError, ValueError, RecursionError) as error:
        print(f"could not check: {error}")
        return 3
    missing = sorted(set(given.classes) - {one["class_uid"] for one in card["classes"]})
    if missing:
        parser.error(f"--class {missing[0]}: expected a class of the card")
    if given.each and (given.assume or given.reading):
        parser.error("--each: expected without --assume and --reading, which name one world")
    chosen = [c for c in card["classes"] if not given.classes or c["class_uid"] in given.classes]
    known = {name for one in chosen for name in one["variables"]}
    removed = frozenset(_removed(given.settings, known, parser))
    wrong = [f"{c['class_uid']}: {said}" for c in chosen for said in contradictions(c)]
    if given.each:
        return _each(card, chosen, removed, wrong, as_json=given.json)
    toggled, notes = premises(card, given.assume, given.reading, parser)
    rows = list(results(chosen, card["models"], toggled, removed))
    code = 1 if wrong else 3 if any(row["outcome"] == "UNKNOWN" for row in rows) else 0
    report = {
        "contradictions": wrong, "exit": code, "findings": findings(card, rows), "notes": notes,
        "results": rows, "toggled": sorted(toggled), "v": 2,
    }  # fmt: skip
    if given.json:
        print(json.dumps(report, indent=1, sort_keys=True))
    else:
        _show(card, report)
    return code


def _each(
    card: dict[str, Any], chosen: Sequence[dict[str, Any]], removed: frozenset[str],
    wrong: Sequence[str], *, as_json: bool,
) -> int:  # fmt: skip
    """Every world that some class of the card is held in."""
    worlds = sorted({tuple(world["toggled"]) for one in chosen for world in one["worlds"]})
    worlds.sort(key=lambda names: (len(names), names))
    told = [
        {
            "toggled": list(names),
            "findings": findings(
                card, list(results(chosen, card["models"], frozenset(names), removed))
            ),
        }
        for names in worlds
    ]
    code = 1 if wrong else 0
    if as_json:
        print(json.dumps({"contradictions": wrong, "exit": code, "v": 2, "worlds": told}, indent=1))
        return code
    for each in told:
        print(f"{_premises(card, each['toggled'])}:")
        for line in _findings(each["findings"]):
            print(f"  {line}")
    for said in wrong:
        print(f"the card contradicts itself: {said}")
    return code


def _premises(card: dict[str, Any], toggled: Iterable[str]) -> str:
    own = held_by(card)
    said = []
    for name in sorted(toggled):
        if name.startswith(READING):
            entry, _, way = name.removeprefix(READING).partition("=")
            words = f"{entry} read {way}: {card['readings'][entry][way]}"
            said.append(words if name not in own else f"{entry} no longer read {way}")
        else:
            said.append(f"{name} {'off' if name in own else 'on'}")
    return "; ".join(said) or "the case's own assumptions"


def _findings(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    for one in found:
        turned = {
            True: "the premises flip it", False: "the premises do not flip it",
            None: "not held in the card",
        }  # fmt: skip
        line = f"{one['number']}: {turned[one['flips']]}"
        if one["flips"]:
            line += f" ({one['flipped_classes']} of {one['classes']} classes)"
        for model, tally in sorted((one["by_outcome"] or {}).items()):
            counts = ", ".join(f"{n:,} {word}" for word, n in tally.items() if n)
            line += f"; {model}: {counts or 'no access'}"
        yield line + f"; of {one['accesses']:,} accesses"


def _show(card: dict[str, Any], report: dict[str, Any]) -> None:
    print(f"premises: {_premises(card, report['toggled'])}")
    for note in report["notes"]:
        print(f"note: {note}")
    rows = report["results"]
    for row in rows:
        gone = " without " + ", ".join(row["removed"]) if row["removed"] else ""
        print(f"{row['class_uid']} {row['model']}{gone}: {row['outcome']} ({row['why']})")
    for line in _findings(report["findings"]):
        print(line)
    for said in report["contradictions"]:
        print(f"the card contradicts itself: {said}")
    tally = {word: sum(row["outcome"] == word for row in rows) for word in OUTCOMES}
    print(f"{len(rows)} results: " + ", ".join(f"{n} {word}" for word, n in tally.items()))
