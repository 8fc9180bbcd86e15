"""The worked traps of the specification (causation, 7.2) over records, with the real evaluator.

One bucket per trap, one case for all of them; the records are those of `fixtures/scenarios/traps`.
`explained` answers with the eventIDs that the records were given, so that a row reads like the
history it is about.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fixtures.scenarios.traps import make
from tests.timeline.correlate.cases import ANONYMOUS, build, read


class Answer(NamedTuple):
    """What the tables say of one access under one undo."""

    decision: str
    but_for: set[str]
    cuts: set[frozenset[str]]
    sufficient: set[frozenset[str]]
    roles: dict[str, str]
    opened: set[str]


class Explained:
    """Look-ups over the derived tables of the case."""

    def __init__(self, case: Path) -> None:
        self.classes = {r["class_uid"]: r for r in read(case, "classes")}
        self.accesses = {r["provider_uid"]: r for r in read(case, "access_classes")}
        self.names = {r["change_uid"]: r["provider_uid"] for r in read(case, "changes")}
        self.changes = read(case, "class_changes")
        self.sets = read(case, "class_sets")
        self.facts = {
            "|".join((r["resource_uid"], r["slot"], r["fact"])): r["value"]
            for r in read(case, "intervals")
        }

    def fact(self, member: str) -> str:
        """A member of a set of facts, readable: its slot, with the Sid of a bucket's statement."""
        mark = "¬" if member.startswith("¬") else ""
        slot = member.split("|")[1]
        value = json.loads(self.facts[member.removeprefix("¬")])
        return f"{mark}{slot}" + (f": {value['Statement']['Sid']}" if slot == "policy" else "")

    def of(self, access: str, undo: str) -> Answer:
        uid = self.accesses[access]["class_uid"]
        rows = [r for r in self.changes if r["class_uid"] == uid and r["undo"] == undo]
        sets = [
            r
            for r in self.sets
            if r["class_uid"] == uid and r["undo"] == undo and r["level"] == "change"
        ]
        return Answer(
            decision=self.classes[uid]["decision"],
            but_for={self.names[r["change_uid"]] for r in rows if r["but_for"] == "yes"},
            cuts=self._members(sets, "minimal cut"),
            sufficient=self._members(sets, "minimal sufficient"),
            roles={self.names[r["change_uid"]]: r["role"] for r in rows},
            opened={self.names[r["change_uid"]] for r in rows if r["opened_window"]},
        )

    def _members(self, sets: list[dict[str, Any]], kind: str) -> set[frozenset[str]]:
        return {frozenset(self.names[m] for m in r["members"]) for r in sets if r["kind"] == kind}


MAKERS = (
    make.two_grants, make.deny_removed, make.gate_long_before, make.dormant_policy,
    make.refused_policy, make.already_permitted, make.presigned_after_remediation,
    make.ignored_acl, make.undoing_helps, make.opener_is_no_cause, make.cosmetic, make.put_again,
    make.non_monotone,
)  # fmt: skip

#: (trap, undo, decision, but-for, minimal cuts, minimal sufficient sets, roles)
EXPECTED: tuple[tuple[str, str, str, str, str, str, dict[str, str]], ...] = (
    ("two_grants", "delta", "ALLOWED", "", "c1+c2", "c1 c2",
     {"c1": "completing", "c2": "redundant-later"}),
    ("two_grants", "replay", "ALLOWED", "", "c1+c2", "c1 c2",
     {"c1": "completing", "c2": "redundant-later"}),
    ("deny_removed", "delta", "ALLOWED", "c0 c1", "c0 c1", "c0+c1",
     {"c0": "precondition", "c1": "completing"}),
    ("deny_removed", "replay", "ALLOWED", "c1", "c1", "c1",
     {"c0": "irrelevant", "c1": "completing"}),
    ("gate_long_before", "delta", "ALLOWED", "c1 c2", "c1 c2", "c1+c2",
     {"c0": "superseded", "c1": "precondition", "c2": "completing"}),
    ("gate_long_before", "replay", "ALLOWED", "c1 c2", "c1 c2", "c1+c2",
     {"c0": "irrelevant", "c1": "precondition", "c2": "completing"}),
    ("dormant_policy", "delta", "ALLOWED", "c1 c2", "c1 c2", "c1+c2",
     {"c0": "superseded", "c1": "precondition", "c2": "completing"}),
    ("dormant_policy", "replay", "ALLOWED", "c1 c2", "c1 c2", "c1+c2",
     {"c0": "irrelevant", "c1": "precondition", "c2": "completing"}),
    ("put_again", "delta", "ALLOWED", "c1", "c1", "c1",
     {"c1": "completing", "c2": "re-asserting", "c3": "re-asserting"}),
    ("put_again", "replay", "ALLOWED", "", "c1+c2+c3", "c1 c2 c3",
     {"c1": "completing", "c2": "redundant-later", "c3": "redundant-later"}),
    ("refused_policy", "delta", "ALLOWED", "c2", "c2", "c2",
     {"c0": "superseded", "c1": "irrelevant", "c2": "completing"}),
    ("refused_policy", "replay", "ALLOWED", "c1 c2", "c1 c2", "c1+c2",
     {"c0": "irrelevant", "c1": "precondition", "c2": "completing"}),
    ("already_permitted", "delta", "ALLOWED", "", "", "()", {"c1": "irrelevant"}),
    ("already_permitted", "replay", "ALLOWED", "", "", "()", {"c1": "irrelevant"}),
    ("presigned_after_remediation", "replay", "ALLOWED", "", "", "()",
     {"c1": "irrelevant", "c2": "irrelevant", "c3": "irrelevant"}),
    ("undoing_helps", "delta", "ALLOWED", "c3", "c3", "c3",
     {"c1": "superseded", "c2": "superseded", "c3": "completing"}),
    ("opener_is_no_cause", "delta", "ALLOWED", "c2", "c2", "c2",
     {"c1": "superseded", "c2": "completing", "c3": "irrelevant"}),
    ("cosmetic", "delta", "ALLOWED", "c1", "c1", "c1",
     {"c1": "completing", "c2": "re-asserting"}),
    ("cosmetic", "replay", "ALLOWED", "", "c1+c2", "c1 c2",
     {"c1": "completing", "c2": "redundant-later"}),
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Explained, dict[str, dict[str, str]]]:
    trails, names = [], {}
    for maker in MAKERS:
        trail, named = maker()
        trails.append(trail)
        names[maker.__name__] = named
    case = build(tmp_path_factory.mktemp("traps"), trails)
    return Explained(case), names


Made = tuple[Explained, dict[str, dict[str, str]]]


@pytest.mark.parametrize("row", EXPECTED, ids=lambda r: f"{r[0]}-{r[1]}")
def test_trap(made: Made, row: tuple[str, str, str, str, str, str, dict[str, str]]) -> None:
    explained, names = made
    trap, undo, decision, but_for, cuts, sufficient, roles = row
    uid = names[trap]
    found = explained.of(uid["x"], undo)
    assert found.decision == decision
    assert found.but_for == {uid[name] for name in but_for.split()}
    assert found.cuts == _sets(cuts, uid)
    assert found.sufficient == _sets(sufficient, uid)
    assert found.roles == {uid[name]: role for name, role in roles.items()}


def test_trap_f_void_grant_denies_and_a_logged_success_contradicts(made: Made) -> None:
    explained, names = made
    uid = names["ignored_acl"]
    assert explained.of(uid["x"], "delta").decision == "DENIED"
    assert explained.accesses[uid["x"]]["agreement"] == "agrees"
    assert explained.accesses[uid["contradiction"]]["agreement"] == "contradicts"
    one = explained.classes[explained.accesses[uid["x"]]["class_uid"]]
    assert "IgnorePublicAcls" in one["reasons"]


def test_trap_j_the_opener_is_stored_apart(made: Made) -> None:
    explained, names = made
    uid = names["opener_is_no_cause"]
    assert explained.of(uid["x"], "delta").opened == {uid["c1"]}


def test_non_monotone_removing_the_public_statement_let_the_partner_in_again(made: Made) -> None:
    explained, names = made
    uid = names["non_monotone"]
    assert explained.of(uid["before"], "delta").decision == "ALLOWED"
    assert explained.of(uid["refused"], "delta").decision == "DENIED"
    found = explained.of(uid["x"], "delta")
    assert uid["c2"] in found.but_for
    assert found.roles[uid["c2"]] == "completing"
    assert found.opened == {uid["c2"]}


def test_only_the_planted_contradiction_is_there(made: Made) -> None:
    explained, names = made
    contradicting = {
        name for name, row in explained.accesses.items() if row["agreement"] == "contradicts"
    }
    assert contradicting == {names["ignored_acl"]["contradiction"]}


def test_every_but_for_is_a_singleton_cut_and_in_every_sufficient_set(made: Made) -> None:
    explained, _ = made
    for access, row in explained.accesses.items():
        if explained.classes[row["class_uid"]]["decision"] != "ALLOWED":
            continue
        for undo in ("delta", "replay"):
            found = explained.of(access, undo)
            assert {frozenset({c}) for c in found.but_for} == {k for k in found.cuts if len(k) == 1}
            assert all(c in s for c in found.but_for for s in found.sufficient)


def test_anonymous_is_a_caller_of_its_own(made: Made) -> None:
    explained, names = made
    one = explained.classes[explained.accesses[names["two_grants"]["x"]]["class_uid"]]
    assert one["principal"] == "anonymous"
    assert ANONYMOUS["accountId"] == "anonymous"


def _facts(made: Made, trap: str) -> set[frozenset[str]]:
    """Minimal sufficient sets of facts of a trap's access, each fact as `slot: what it says`."""
    explained, names = made
    uid = explained.accesses[names[trap]["x"]]["class_uid"]
    return {
        frozenset(map(explained.fact, r["members"]))
        for r in explained.sets
        if (r["class_uid"], r["level"], r["kind"]) == (uid, "fact", "minimal sufficient")
    }


def test_trap_b_facts(made: Made) -> None:
    """The grant, the absence of the deny, and the gate that stood open when the bucket began."""
    restrict = "public_access_block.RestrictPublicBuckets"
    assert _facts(made, "deny_removed") == {
        frozenset({"policy: Public", "¬policy: Office", restrict})
    }


def test_trap_d_facts(made: Made) -> None:
    assert _facts(made, "already_permitted") == {
        frozenset({"inline_policy/own"}),
        frozenset({"policy: Public"}),
    }


def test_every_member_at_fact_level_is_a_fact_of_the_tables(made: Made) -> None:
    explained, _ = made
    rows = [r for r in explained.sets if r["level"] == "fact"]
    assert rows
    assert all(r["undo"] == "prior" and r["complete"] for r in rows)
    assert {m.removeprefix("¬") for r in rows for m in r["members"]} <= set(explained.facts)


def _sets(text: str, uid: dict[str, str]) -> set[frozenset[str]]:
    """`c1+c2 c3` = {{c1, c2}, {c3}}; `()` = the empty set alone; nothing = no set."""
    if text == "()":
        return {frozenset()}
    return {frozenset(uid[name] for name in part.split("+")) for part in text.split()}
