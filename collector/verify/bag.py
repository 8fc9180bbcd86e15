"""A BagIt bag (RFC 8493, version 1.0): declaration, manifests complete and right, Payload-Oxum."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from collector.verify import files
from collector.verify.report import Discrepancy, wrong

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
ALGORITHMS = ("sha256", "sha512")
_OXUM = re.compile(r"^Payload-Oxum: (\S+)$", re.MULTILINE)


def check(root: Path) -> Iterator[Discrepancy]:
    """The bag itself; the case inside is checked apart."""
    if (root / "bagit.txt").read_bytes() != DECLARATION:
        yield wrong("bag-declaration", "bagit.txt", "BagIt 1.0, UTF-8", "something else")
    found = files.tree(root)
    payload = {path for path in found if path.startswith("data/")}
    tags = {path for path in found if not path.startswith(("data/", "tagmanifest-"))}
    for prefix, expected in (("manifest", payload), ("tagmanifest", tags)):
        for algorithm in ALGORITHMS:
            yield from _check_manifest(root, f"{prefix}-{algorithm}.txt", found, expected)
    info = root / "bag-info.txt"
    stated = _OXUM.search(info.read_text("utf-8") if info.is_file() else "")
    actual = f"{sum(files.place_of(root, path).stat().st_size for path in payload)}.{len(payload)}"
    if stated is None or stated.group(1) != actual:
        yield wrong("bag-oxum", "bag-info.txt", stated and stated.group(1), actual)


def _check_manifest(
    root: Path, name: str, found: Mapping[str, str], expected: set[str]
) -> Iterator[Discrepancy]:
    if not (root / name).is_file():
        yield wrong("bag-missing", name, "a manifest", "no such file")
        return
    listed: set[str] = set()
    for row in (root / name).read_bytes().decode("latin-1").split("\n")[:-1]:
        digest, _, encoded = row.partition("  ")
        path = decode_path(encoded)
        listed.add(path)
        if path not in found:
            yield wrong("bag-missing", path, digest, "no such file")
            continue
        short, long = files.digests(files.place_of(root, path), both=True)
        actual = long if "512" in name else short
        if actual != digest:
            yield wrong("bag-digest", path, digest, actual)
    for path in sorted(expected - listed):
        yield wrong("bag-extra", path, f"a line in {name}", "none")


def encode_path(path: str) -> str:
    """RFC 8493, 2.1.3: LF, CR and % are percent-encoded, nothing else."""
    return path.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


def decode_path(path: str) -> str:
    """The reverse of `encode_path`."""
    return path.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
