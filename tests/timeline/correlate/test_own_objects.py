"""Objects that no change is recorded on are decided by what each holds, in whatever order.

Two objects of one bucket, the one uploaded by its owner, the other by the partner: a policy that
lets everybody read does not count for the partner's object (R-S3-9).
"""

from pathlib import Path

import pytest

from tests.timeline.correlate.cases import ADMIN, ANONYMOUS, PARTNER_USER, Trail, build, read


@pytest.mark.parametrize("order", [("mine", "theirs"), ("theirs", "mine")], ids=str)
def test_the_answer_for_one_is_not_that_for_another(tmp_path: Path, order: tuple[str, str]) -> None:
    trail = Trail("own-objects")
    trail.add("CreateBucket", ADMIN)
    trail.add("PutObject", ADMIN, key="mine", data=True)
    trail.add("PutObject", PARTNER_USER, key="theirs", data=True)
    trail.policy(trail.public())
    asked = {trail.add("GetObject", ANONYMOUS, key=key, data=True): key for key in order}
    case = build(tmp_path, [trail])
    decided = {row["class_uid"]: row["decision"] for row in read(case, "classes")}
    found = {
        asked[row["provider_uid"]]: decided[row["class_uid"]]
        for row in read(case, "access_classes")
        if row["provider_uid"] in asked
    }
    assert found == {"mine": "ALLOWED", "theirs": "DENIED"}
