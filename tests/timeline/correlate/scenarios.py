"""The worked traps as folders of evidence, built, and read back in the names of their stories."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.timeline.correlate.cases import read, run

TRAPS = Path(__file__).parents[3] / "fixtures" / "scenarios" / "traps"


def names(trap: str) -> dict[str, str]:
    """Name in the story -> eventID."""
    found: dict[str, str] = json.loads((TRAPS / trap / "names.json").read_text(encoding="utf-8"))
    return found


def built(folder: Path, traps: Iterable[str], toml: str = "") -> Path:
    """One case of these traps, with the listings of both days."""
    case = folder / "case"
    assert run("init", str(case))[0] == 0
    if toml:
        (case / "case.toml").write_text(toml, encoding="utf-8")
    for trap in traps:
        shutil.copytree(TRAPS / trap, folder / "in" / trap)
        (folder / "in" / trap / "names.json").unlink()
        (folder / "in" / trap / "expected.json").unlink(missing_ok=True)
    assert run("import", "--case", str(case), str(folder / "in"))[0] in (0, 3)
    for day in sorted((TRAPS / "iam").iterdir()):
        at = f"{day.name}T00:00:00Z"
        assert run("import", "--case", str(case), "--observed-at", at, str(day))[0] == 0
    code, output = run("build", "--case", str(case))
    assert code in (0, 3), output
    return case


class Story:
    """A built case, read in the names of the stories."""

    def __init__(self, case: Path) -> None:
        self.case = case
        self.tables = {
            name: read(case, name)
            for name in ("access_classes", "changes", "class_changes", "class_sets", "classes",
                         "gap_effects", "gaps", "inferred_order")
        }  # fmt: skip

    def of(self, trap: str) -> dict[str, Any]:
        """Everything about one trap, as its golden file holds it."""
        told = names(trap)
        named = {uid: name for name, uid in told.items()}
        accesses = {
            named[row["provider_uid"]]: row
            for row in self.tables["access_classes"]
            if row["provider_uid"] in named
        }
        classes = {row["class_uid"]: row for row in self.tables["classes"]}
        changes = self._names(named)
        return {
            "accesses": {
                name: {
                    "decision": classes[row["class_uid"]]["decision"],
                    "logged": row["logged"],
                    "agreement": row["agreement"],
                    "causes": self._causes(row["class_uid"], changes),
                }
                for name, row in sorted(accesses.items())
            },
            "changes": self._changes(named, changes),
        }

    def _names(self, named: Mapping[str, str]) -> dict[str, str]:
        """change_uid -> name in the story; a hidden change is of nobody, and named so."""
        found = {}
        for row in self.tables["changes"]:
            if row["kind"] == "hidden":
                found[row["change_uid"]] = (
                    f"unrecorded change of {row['slot']} between {row['time_from']:%H:%M:%S} "
                    f"and {row['time_to']:%H:%M:%S}"
                )
            else:
                name = named.get(row["provider_uid"]) or row["operation"] or row["kind"]
                found[row["change_uid"]] = name
        return found

    def _causes(self, class_uid: str, changes: Mapping[str, str]) -> dict[str, Any]:
        rows = [r for r in self.tables["class_changes"] if r["class_uid"] == class_uid]
        sets = [r for r in self.tables["class_sets"] if r["class_uid"] == class_uid]
        return {
            undo: {
                "changes": {
                    changes[r["change_uid"]]: " · ".join(
                        (
                            f"but-for {r['but_for']} ({r['across_completions']})",
                            f"NESS {r['ness']}",
                            f"HP {r['hp_modified']}",
                            r["role"],
                            *(["opened the window"] if r["opened_window"] else []),
                        )
                    )
                    for r in rows
                    if r["undo"] == undo
                },
                **{
                    kind: sorted(
                        [*sorted(changes[m] for m in r["members"]), r["certainty"]]
                        for r in sets
                        if (r["undo"], r["level"], r["kind"]) == (undo, "change", kind)
                    )
                    for kind in ("minimal cut", "minimal sufficient")
                },
            }
            for undo in ("delta", "replay")
        }

    def _changes(self, named: Mapping[str, str], names: Mapping[str, str]) -> dict[str, Any]:
        """Who made each change of the story, and what the records link it to."""
        mine = {
            row["resource_uid"]
            for row in self.tables["changes"]
            if row["provider_uid"] in named and row["kind"] == "logged"
        }
        found: dict[str, Any] = {}
        for row in self.tables["changes"]:
            name = names[row["change_uid"]]
            hidden = row["kind"] == "hidden" and row["resource_uid"] in mine
            if row["provider_uid"] not in named and not hidden:
                continue
            said = json.loads(row["attribution"]) if row["attribution"] else {}
            links = said.get("links", [])
            found[name] = {
                "kind": row["kind"],
                "technical actor": row["technical_actor"],
                "initiating actor": json.loads(row["initiating_actor"] or "null"),
                "links": [f"{x['link']}: {x['principal']}" for x in links],
                "party": row["party"],
            }
        return dict(sorted(found.items()))
