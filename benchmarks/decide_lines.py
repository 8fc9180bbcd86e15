"""Lines a CPU second of `butfor decide`, JSON included, on drawn lines that use every feature.

`python -m benchmarks.decide_lines [LINES]`: documents are drawn from 199 distinct policies. Once
every state is another one, once there are 200 of them. The best of fifteen rounds over each piece
of 150 lines counts, since a shared machine only ever adds. Where every state is another one, each
round has other bytes too: a state that is known again by its bytes would be no other one.
"""

import io
import json
import random
import sys
import time
from typing import Any

from collector.sweeping import seldom_swept
from tests.timeline.policy.aws import lines
from timeline.cli_decide import run

_ROUNDS = 15
_PIECE = 150


def main() -> None:
    """Both kinds of lines."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000
    for what, states in (("every state another one", count), ("200 states", 200)):
        drawn = _drawn(count, states)
        size = sum(map(len, drawn)) // len(drawn)
        with seldom_swept():  # as the command does
            rate = _rate(drawn, anew=states == count)
            print(f"{what}, {size} bytes a line: {rate:,.0f} lines a CPU second")


def _drawn(count: int, states: int) -> list[bytes]:
    r = random.Random(9)
    policies = {
        True: [lines.document(r, principal=True) for _ in range(100)],
        False: [lines.document(r, principal=False) for _ in range(99)],
    }
    pool = [_from(policies, r) for _ in range(states)]
    found = []
    for number in range(count):
        line = {
            "id": str(number),
            "provider": "aws",
            "request": lines.request(r),
            "state": pool[number % states],
            "unknown": lines.some(r, lines.SLOTS, 1) if r.random() < 0.2 else [],
        }
        found.append(json.dumps(line).encode() + b"\n")
    return found


def _from(policies: dict[bool, list[dict[str, Any]]], r: random.Random) -> dict[str, Any]:
    """A drawn state, its documents out of the pool."""

    def pooled(value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, list):
            return [pooled(each) for each in value]
        if not isinstance(value, dict):
            return value
        listed = value.get("Statement")
        if isinstance(listed, list):
            named = any("Principal" in s or "NotPrincipal" in s for s in listed)
            return r.choice(policies[named])
        return {name: pooled(each) for name, each in value.items()}

    found: dict[str, Any] = pooled(lines.state(r))
    return found


def _rate(drawn: list[bytes], *, anew: bool) -> float:
    run(io.BytesIO(b"".join(drawn)), io.BytesIO())
    spent = 0.0
    for start in range(0, len(drawn), _PIECE):
        plain, best = b"".join(drawn[start : start + _PIECE]), float("inf")
        for number in range(_ROUNDS):
            mark = b'"state": {"round": %d, ' % number
            piece = plain.replace(b'"state": {', mark) if anew else plain
            began = time.process_time()
            run(io.BytesIO(piece), io.BytesIO())
            best = min(best, time.process_time() - began)
        spent += best
    return len(drawn) / spent


if __name__ == "__main__":
    main()
