"""Mutation testing of the policy evaluator: draw mutants, run them, print the kill rate.

Run by `make mutants`, in a copy of the tree; docs/methods/decision.md tells what it measures. The
copy has no `lru_cache` decorators: mutmut leaves decorated functions alone, and what is kept
from before the fork would hide a mutant.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from math import comb
from pathlib import Path

COPIED = ("butfor.py", "collector", "timeline", "fixtures/policy", "tests/__init__.py")
SUITE = "tests/timeline/policy"
KILLED, SURVIVED, NO_TEST = 1, 0, 33
#: The last section keeps pytest from the settings above, which would import the unchanged tree.
SETTINGS = f"""[mutmut]
source_paths =
    timeline/policy
only_mutate =
    timeline/policy/aws/*
also_copy =
    timeline
    collector
    fixtures
    butfor.py
timeout_multiplier = 15
timeout_constant = 2
pytest_add_cli_args =
    -p
    no:cacheprovider
    --import-mode=importlib
pytest_add_cli_args_test_selection =
    {SUITE}/aws/mutants.py
[tool:pytest]
addopts =
"""


def lay(source: Path, tree: Path) -> None:
    """A copy of what the evaluator and its quick suite need."""
    shutil.rmtree(tree, ignore_errors=True)
    for name in (*COPIED, SUITE):
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source / name, target)
    for path in sorted((tree / "timeline" / "policy").rglob("*.py")):
        path.write_text(re.sub(r"^@lru_cache.*\n", "", path.read_text(), flags=re.MULTILINE))
    (tree / "setup.cfg").write_text(SETTINGS)


def mutmut(tree: Path, names: list[str]) -> None:
    """Run these mutants; a name that fits none makes the mutants and runs none."""
    # The script, not `-m`: that would put the unchanged tree before the mutants on the path.
    script = str(Path(sys.executable).with_name("mutmut"))
    command = [script, "run", "--max-children", "2", *names]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    with (tree / "mutmut.log").open("w") as log:
        subprocess.run(command, cwd=tree, env=environment, stdout=log, stderr=log, check=False)


def results(tree: Path) -> dict[str, dict[str, int | None]]:
    """File -> mutant -> exit code of the suite, None where it was not run."""
    return {
        str(path.relative_to(tree / "mutants")): json.loads(path.read_text())["exit_code_by_key"]
        for path in sorted((tree / "mutants" / "timeline").rglob("*.meta"))
    }


def drawn(tree: Path, share: float, seed: int) -> list[str]:
    """The same share of the mutants of every file."""
    r = random.Random(seed)
    return sorted(
        name
        for found in results(tree).values()
        for name in r.sample(sorted(found), round(len(found) * share))
    )


def bounds(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a share after Clopper and Pearson."""

    def at_most(k: int, p: float) -> float:
        return sum(comb(of, i) * p**i * (1 - p) ** (of - i) for i in range(k + 1))

    def root(k: int, level: float) -> float:
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if at_most(k, middle) > level else (low, middle)
        return low

    lower = 0.0 if hits == 0 else root(hits - 1, 0.975)
    return lower, 1.0 if hits == of else root(hits, 0.025)


def main() -> None:
    """`mutate.py SOURCE TREE SHARE SEED`."""
    source, tree = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    lay(source, tree)
    mutmut(tree, ["none"])
    names = drawn(tree, float(sys.argv[3]), int(sys.argv[4]))
    made = sum(len(found) for found in results(tree).values())
    mutmut(tree, names)
    codes = {n: code for found in results(tree).values() for n, code in found.items()}
    counted = Counter(codes[name] for name in names)
    if counted[None]:
        sys.exit(f"{counted[None]} of {len(names)} mutants were not run: see {tree}/mutmut.log")
    lower, upper = bounds(counted[KILLED], len(names))
    survivors = [name for name in names if codes[name] in (SURVIVED, NO_TEST)]
    print("\n".join(survivors))
    print(
        f"made {made}, run {len(names)}, killed {counted[KILLED]}, survived {len(survivors)}, "
        f"neither (time) {len(names) - counted[KILLED] - len(survivors)}; "
        f"kill rate {counted[KILLED] / len(names):.3f} [{lower:.3f}, {upper:.3f}]"
    )


if __name__ == "__main__":
    main()
