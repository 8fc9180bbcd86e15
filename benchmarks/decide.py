"""P7: deciding the accesses of a case by request classes, against asking the evaluator each time.

`python -m benchmarks.decide [EVENTS] [CHANGES]` on the case of `benchmarks.causation`: prints CPU
seconds of both and their ratio. Of a large case some accesses are asked each by itself, evenly
spread. Every verdict, unknown and assumption of theirs must be the same; where one is not, the
command ends with exit code 1 and names the event.
"""

import json
import sys
import tempfile
import time
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

from benchmarks import causation
from collector import case as case_file
from collector import store
from timeline import events, normalize
from timeline.correlate import decisions
from timeline.correlate.answers import Answers
from timeline.correlate.aws.provider import AWS
from timeline.correlate.course import attempts
from timeline.correlate.signatures import Attempts, Group
from timeline.correlate.views import Doubted
from timeline.state import replay
from timeline.state.intervals import History

#: Accesses that are decided by themselves, evenly spread, where a case has more.
ALONE = 5_000


def main() -> None:
    """Both ways over one case."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    changes = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with tempfile.TemporaryDirectory() as folder:
        case = causation._imported(Path(folder), causation._mixed(count, changes))
        items, table = store.items(case), Path(folder) / "events"
        normalize.run(case, items, table)
        shots = list(normalize.snapshots(items, lambda item: store.open_item(case, item)))
        stored = normalize.Stored(table)
        state = replay.run(stored, shots, gaps=[], party_of=lambda _: "unattributed")
        held = frozenset(case_file.load(case).assumptions.on())
        setting = decisions.Setting(
            view=Doubted(History(state.intervals, state.changes), held),
            attempts=Attempts(attempts(state.changes)), provider=AWS, assumptions=held,
        )  # fmt: skip
        _compare(stored, setting)


def _compare(stored: normalize.Stored, setting: decisions.Setting) -> None:
    began, before = time.process_time(), getrusage(RUSAGE_SELF).ru_maxrss
    ours = decisions.decide_all(stored, setting)
    by_class = time.process_time() - began
    peak = getrusage(RUSAGE_SELF).ru_maxrss
    uids = {row["event_uid"]: uid for row, uid in ours.accesses[:: -(-len(ours.accesses) // ALONE)]}
    began = time.process_time()
    alone = 0
    for event, found in _each(events.batches(stored, stored.column_names), uids, setting):
        alone += 1
        decided = ours.classes[uids[event]]
        if (decided.decision, decided.bare) != (found.decision, found.bare):
            raise SystemExit(f"{event}: {decided.decision} and {found.decision} differ")
    one_by_one = (time.process_time() - began) * len(ours.accesses) / alone
    print(
        f"{len(ours.accesses)} accesses, {len(ours.classes)} classes: {by_class:.2f} s by class, "
        f"{one_by_one:.2f} s each, by {alone} of them; peak {before // 1024} MB before deciding, "
        f"{peak // 1024} MB after; ratio"
    )
    print(by_class / one_by_one)


def _each(
    tables: Iterable[Any], chosen: Container[str], setting: decisions.Setting
) -> Iterator[tuple[str, decisions.RequestClass]]:
    """Accesses decided by themselves; slices are shared, or the comparison would be unfair."""
    provider, groups = setting.provider, dict[str, Group]()
    for row in (row for table in tables for row in _rows(table, chosen)):
        if not provider.is_access(row) or row["duplicate_of"] or row["same_request_as"]:
            continue
        request = provider.request_of(row)
        if request is None:
            continue
        t = row["time"]
        own = [u for u in provider.own_places(request) if u in setting.attempts.resources]
        key = json.dumps([provider.group(request), own], sort_keys=True)
        if key not in groups:
            groups[key] = decisions._group(request, t, setting)
        signature = decisions._signature(groups[key], request, t, setting)
        alone = replace(setting, answers=Answers())
        asked = groups[key], request, t, alone, signature
        yield row["event_uid"], decisions._decided("", *asked)


def _rows(table: Any, chosen: Container[str]) -> Iterator[dict[str, Any]]:  # noqa: ANN401 Arrow
    """Only the accesses chosen are made into Python values."""
    for place, uid in enumerate(table["event_uid"].to_pylist()):
        if uid in chosen:
            yield from table.slice(place, 1).to_pylist()


if __name__ == "__main__":
    main()
