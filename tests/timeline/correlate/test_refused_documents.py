"""A document that was refused can be in force in a replay: what it tells apart is told apart."""

from pathlib import Path

from tests.timeline.correlate.cases import Trail, build, read


def test_requests_that_only_a_refused_policy_distinguishes(tmp_path: Path) -> None:
    """Open to all by its list; the refused policy denies one address, in a replay without c0."""
    t = Trail("refused")
    t.create()
    t.object_acl("public-read")
    c0 = t.block("BlockPublicPolicy")
    here = {"NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}}
    t.policy(t.public(), {**t.public("No"), "Effect": "Deny", "Condition": here},
             error="AccessDenied")  # fmt: skip
    inside = t.read()
    outside = t.read()
    t.records[-1]["sourceIPAddress"] = "203.0.113.5"
    case = build(tmp_path, [t])
    classes = {r["provider_uid"]: r["class_uid"] for r in read(case, "access_classes")}
    assert classes[inside] != classes[outside]
    names = {r["change_uid"]: r["provider_uid"] for r in read(case, "changes")}
    found = {
        (r["class_uid"], r["undo"]): r["but_for"]
        for r in read(case, "class_changes")
        if names[r["change_uid"]] == c0
    }
    assert found[classes[inside], "replay"] == "no"
    assert found[classes[outside], "replay"] == "yes"
    assert found[classes[outside], "delta"] == "no"
