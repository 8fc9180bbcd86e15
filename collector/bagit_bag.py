"""Write a case as a BagIt bag (RFC 8493, version 1.0; R-144).

Our own writer, because `bagit` writes version 0.97; it only judges, in the tests. `data/` is the
case without what can be rebuilt (derived/), the lock, and drafts (exhibits/ without a final mark).
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from collector import clock, durable, identity
from collector.errors import UsageError
from collector.verify.bag import ALGORITHMS, DECLARATION, encode_path

#: Left out of a bag, by first part of the path below the case.
LEFT_OUT = frozenset({"derived", ".lock", ".lock.holder.json"})
#: Marks an exhibit version as a draft; drafts are stored apart from what is produced (R-093).
DRAFT = "draft"


def write(case: Path, target: Path) -> None:
    """Write the bag, complete or not at all.

    Raises:
        UsageError: the target exists, or lies inside the case.
    """
    if target.exists():
        raise UsageError(f"{target}: expected a new folder, found something there.")
    if target.resolve().is_relative_to(case.resolve()):
        raise UsageError(f"{target}: expected a folder outside the case {case}.")
    partial = target.with_name(target.name + durable.PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _write_bag(case, partial)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_bag(case: Path, bag: Path) -> None:
    (bag / "data").mkdir(parents=True)
    payload: list[tuple[str, int, dict[str, str]]] = []
    for source, path in _chosen(case):
        size, digests = _copy(source, bag / "data" / path)
        payload.append((f"data/{path}", size, digests))
    payload.sort(key=lambda row: os.fsencode(row[0]))
    for algorithm in ALGORITHMS:
        rows = [f"{digests[algorithm]}  {encode_path(path)}\n" for path, _, digests in payload]
        durable.write_once(bag / f"manifest-{algorithm}.txt", os.fsencode("".join(rows)))
    durable.write_once(bag / "bagit.txt", DECLARATION)
    size = sum(size for _, size, _ in payload)
    durable.write_once(bag / "bag-info.txt", _info(size, len(payload)))
    _write_tag_manifests(bag)
    durable.flush_folder(bag)


def _chosen(case: Path) -> Iterator[tuple[Path, str]]:
    """(file, path below the case) of everything that goes into the bag."""
    for base, folders, names in os.walk(case):
        here = Path(base)
        relative = here.relative_to(case)
        if here == case:
            folders[:] = [name for name in folders if name not in LEFT_OUT]
            names = [name for name in names if name not in LEFT_OUT]
        if relative == Path("exhibits"):
            folders[:] = [name for name in folders if DRAFT not in name.lower()]
        folders.sort()
        for name in sorted(names):
            yield here / name, (relative / name).as_posix()


def _copy(source: Path, target: Path) -> tuple[int, dict[str, str]]:
    """Copy and hash in one pass; what is listed is what was written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    hashes = {name: hashlib.new(name) for name in ALGORITHMS}
    size = 0
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(1 << 20):
            writer.write(block)
            size += len(block)
            for one in hashes.values():
                one.update(block)
        writer.flush()
        durable.flush(writer.fileno())
    shutil.copystat(source, target)
    return size, {name: one.hexdigest() for name, one in hashes.items()}


def _info(size: int, count: int) -> bytes:
    tool = identity.tool()
    rows = (
        f"Bag-Software-Agent: {tool.name} {tool.version} {tool.record}",
        f"Bagging-Date: {clock.now().date().isoformat()}",
        f"Payload-Oxum: {size}.{count}",
    )
    return ("\n".join(rows) + "\n").encode()


def _write_tag_manifests(bag: Path) -> None:
    tags = sorted(path.name for path in bag.iterdir() if path.is_file())
    for algorithm in ALGORITHMS:
        rows = [
            f"{hashlib.new(algorithm, (bag / name).read_bytes()).hexdigest()}  {name}\n"
            for name in tags
        ]
        durable.write_once(bag / f"tagmanifest-{algorithm}.txt", "".join(rows).encode())
