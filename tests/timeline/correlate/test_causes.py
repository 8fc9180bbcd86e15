"""Roll-ups: counts per change and definition, and the sentences where they agree and differ."""

from typing import Any

from timeline.correlate.causes import Causes, roll, sentences

Row = dict[str, Any]


def change(uid: str, undo: str, but_for: str) -> Row:
    return {"change_uid": uid, "undo": undo, "but_for": but_for}


def sets(undo: str, kind: str, *members: str) -> Row:
    return {"undo": undo, "kind": kind, "level": "change", "members": list(members)}


def causes(changes: list[Row], families: list[Row], **shapes: str) -> Causes:
    return Causes(changes={"k": changes}, sets={"k": families}, shapes={"k": shapes})


def test_counts_are_per_change_and_never_added_up() -> None:
    both = [change(u, undo, "yes") for u in ("c1", "c2") for undo in ("delta", "replay")]
    rolled = roll({"k": 5}, causes(both, [], delta="necessary", replay="necessary"))
    assert rolled.total == 5
    assert set(rolled.necessary.values()) == {5}
    said = sentences(rolled, str, ())
    assert [s.count("deny for 5 of 5 requests") for s in said] == [1, 1]


def test_overdetermined_says_what_each_definition_says() -> None:
    families = [
        row
        for undo in ("delta", "replay")
        for row in (
            sets(undo, "minimal cut", "c1", "c2"),
            sets(undo, "minimal sufficient", "c1"),
            sets(undo, "minimal sufficient", "c2"),
        )
    ]
    rolled = roll({"k": 3}, causes([], families, delta="overdetermined", replay="overdetermined"))
    said = " ".join(sentences(rolled, str, ()))
    assert "undoes c1 and c2 together, the evaluator returns deny for 3 of 3 requests" in said
    assert "by NESS each is" in said
    assert "by HP-modified-2015 each is part of a joint cause" in said
    assert rolled.sufficient == 2


def test_where_the_undos_differ_both_are_said_and_why() -> None:
    found = causes(
        [change("c1", "delta", "yes"), change("c1", "replay", "no")],
        [sets("delta", "minimal cut", "c1"), sets("replay", "minimal cut", "c1", "c2")],
        delta="necessary",
        replay="overdetermined",
    )
    said = " ".join(sentences(roll({"k": 2}, found), str, ()))
    assert "“delta-undo of c1”, the evaluator returns deny for 2 of 2" in said
    assert "“replay-undo of c1”, the evaluator returns deny for 0 of 2" in said
    assert "independently re-applied by c2" in said


def test_no_change_needed_and_undetermined() -> None:
    found = causes([], [], delta="no change needed: baseline allowed", replay="undetermined")
    said = sentences(roll({"k": 1}, found), str, ("identity:1",))
    assert any("already allowed it" in s and s.startswith("(delta-undo)") for s in said)
    assert any("depends on identity:1" in s and s.startswith("(replay-undo)") for s in said)
