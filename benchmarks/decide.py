"""P7: deciding the accesses of a case by request classes, against asking the evaluator each time.

`python -m benchmarks.decide [EVENTS] [CHANGES]` on the case of `benchmarks.causation`: prints CPU
seconds of both and their ratio. Every verdict, unknown and assumption must be the same; where one
is not, the command ends with exit code 1 and names the event.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import causation
from collector import case as case_file
from collector import store
from timeline import normalize
from timeline.correlate import decisions
from timeline.correlate.answers import Answers
from timeline.correlate.aws.provider import AWS
from timeline.correlate.course import attempts
from timeline.correlate.signatures import Attempts, Group
from timeline.correlate.views import Doubted
from timeline.state import replay
from timeline.state.intervals import History


def main() -> None:
    """Both ways over one case."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    changes = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with tempfile.TemporaryDirectory() as folder:
        case = causation._imported(Path(folder), causation._mixed(count, changes))
        items, table = store.items(case), Path(folder) / "events"
        normalize.run(case, items, table)
        shots = list(normalize.snapshots(items, lambda item: store.open_item(case, item)))
        state = replay.run(normalize.read(table), shots, gaps=[], party_of=lambda _: "unattributed")
        held = frozenset(case_file.load(case).assumptions.on())
        rows = list(normalize.rows(table))
    history = History(state.intervals, state.changes)
    setting = decisions.Setting(
        view=Doubted(history, held), attempts=Attempts(attempts(state.changes)), provider=AWS,
        assumptions=held,
    )  # fmt: skip
    began = time.process_time()
    ours = decisions.decide_all(rows, setting)
    by_class = time.process_time() - began
    began = time.process_time()
    each = dict(_each(rows, setting))
    one_by_one = time.process_time() - began
    for row, uid in ours.accesses:
        decided = ours.classes[uid]
        found = each[row["event_uid"]]
        if (decided.decision, decided.bare) != (found.decision, found.bare):
            raise SystemExit(f"{row['event_uid']}: {decided.decision} and {found.decision} differ")
    print(
        f"{len(ours.accesses)} accesses, {len(ours.classes)} classes: {by_class:.2f} s by class, "
        f"{one_by_one:.2f} s each, ratio"
    )
    print(by_class / one_by_one)


def _each(
    rows: Iterable[Mapping[str, Any]], setting: decisions.Setting
) -> Iterator[tuple[str, decisions.RequestClass]]:
    """Every access decided by itself; slices are shared, or the comparison would be unfair."""
    provider, groups = setting.provider, dict[str, Group]()
    for row in rows:
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


if __name__ == "__main__":
    main()
