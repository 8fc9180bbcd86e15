"""Exposure windows with shared answers are those of asking at every instant, whatever was written.

Random documents: statements of equal effect under several names, patterns that meet a probe or do
not, refusals, a statement that ends with a date, gates switched on and off, lists of objects.
"""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector import case as case_file
from collector import store
from tests.timeline.correlate.cases import OWNER, Record, Trail, build
from timeline import normalize
from timeline.correlate import decisions, exposure, sharing
from timeline.correlate.aws.bearing import of_time
from timeline.correlate.aws.provider import AWS
from timeline.correlate.course import attempts
from timeline.correlate.signatures import Attempts
from timeline.state import replay
from timeline.state.intervals import History

WRITES, BUCKETS = 14, 4
FLAGS = ("IgnorePublicAcls", "RestrictPublicBuckets", "BlockPublicAcls")


def statement(draw: random.Random, bucket: str) -> Record:
    """One of some hundred statements; many of them are alike for any one probe."""
    made: Record = {
        "Sid": f"S{draw.randint(0, 9)}",
        "Effect": draw.choice(["Allow", "Allow", "Allow", "Deny"]),
        "Principal": draw.choice(["*", {"AWS": "444455556666"}]),
        "Action": draw.choice(["s3:GetObject", "s3:ListBucket", "s3:*"]),
        "Resource": draw.choice(
            [f"arn:aws:s3:::{bucket}/{prefix}*" for prefix in ("", "a/", "b/", "b/c/")]
            + [f"arn:aws:s3:::{bucket}"]
        ),
    }
    condition = draw.choice([None, None, None, "date", "address"])
    if condition == "date":
        made["Condition"] = {"DateLessThan": {"aws:CurrentTime": "2022-06-01T00:08:30Z"}}
    if condition == "address":
        made["Condition"] = {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}
    return made


def trail(seed: int) -> Trail:
    draw = random.Random(seed)
    made = Trail(f"shared-{seed}")
    made.create()
    held: list[Record] = []
    for _ in range(WRITES):
        kind = draw.choice(["policy"] * 6 + ["block", "acl", "read"])
        if kind == "policy":
            if held and draw.random() < 0.4:
                held.pop(draw.randrange(len(held)))
            held.append(statement(draw, made.bucket))
            made.policy(*held)
        elif kind == "block":
            made.block(*draw.sample(FLAGS, draw.randint(0, 2)))
        elif kind == "acl":
            made.object_acl(draw.choice(["public-read", "private"]))
        else:
            made.read()
    return made


def dated() -> Trail:
    """A permission that ends by its date between two instants of equal contents."""
    made = Trail("shared-dated")
    made.create()
    until = {"DateLessThan": {"aws:CurrentTime": "2022-06-01T00:08:30Z"}}
    made.policy({**made.public(), "Condition": until})
    for _ in range(5):
        made.block("BlockPublicAcls")
        made.block()
    return made


@pytest.mark.parametrize("seeds", [range(BUCKETS), range(BUCKETS, 2 * BUCKETS)], ids=str)
def test_sharing_alters_no_window(tmp_path: Path, seeds: range) -> None:
    case = build(tmp_path, [dated(), *map(trail, seeds)])
    table = normalize.read(case / "derived" / "events")
    items = store.items(case)
    shots = list(normalize.snapshots(items, lambda item: store.open_item(case, item)))
    state = replay.run(table, shots, gaps=[], party_of=lambda _: "unattributed")
    made = Attempts(attempts(state.changes))
    held = frozenset(case_file.load(case).assumptions.on())
    view = History(state.intervals, state.changes)
    setting = decisions.Setting(view=view, attempts=made, provider=AWS, assumptions=held)
    decided = decisions.decide_all(normalize.rows(case / "derived" / "events"), setting)
    asked, _ = exposure.seen(decided, view, AWS, held)
    edges = exposure.edges_of(state.intervals, made)
    inside = min(times[0] for times in edges.values() if times)
    probed = exposure.probed(AWS.probes(view, edges), view, made, AWS, held, inside)
    counted: dict[str, int] = {"asked": 0}

    def windows(one: exposure.Asked, contents: sharing.Contents | None) -> list[exposure.Window]:
        def ask(at: Any) -> Any:
            counted["asked"] += 1
            return one.ask(at)

        return exposure.windows(replace(one, ask=ask), edges, made, contents)

    every = [*asked.values(), *probed]
    alone = [windows(one, None) for one in every]
    without, counted["asked"] = counted["asked"], 0
    contents = sharing.Contents(view, AWS)
    assert alone == [windows(one, contents) for one in every]
    assert any(alone)
    assert counted["asked"] < without


def test_a_fact_that_time_alters_is_known_by_its_text() -> None:
    dated = '{"Condition": {"DateLessThan": {"AWS:currentTime": "2022-06-01T00:00:00Z"}}}'
    assert of_time(dated)
    assert not of_time(f'{{"Principal": {{"AWS": "arn:aws:iam::{OWNER}:root"}}}}')
