"""case.toml against the last case.config entry.

The file may be edited at any time, and the next command that writes to the case records its digest;
until then custody does not say which text is in force. That is "could not be checked" and not
"wrong": it is no evidence, but what a conclusion is about (incident, parties) rests on it.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from collector.case import CONFIG
from collector.verify.chain import Chain
from collector.verify.report import Discrepancy, unchecked


def check(root: Path, chain: Chain, at: str) -> Iterator[Discrepancy]:
    """Nothing where custody has no such entry: a case made by hand."""
    recorded = [str(data.get("sha256")) for _, data in chain.of("case.config")]
    if not recorded:
        return
    path = root / CONFIG
    if path.is_file():
        found = f"SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}"
    else:
        found = "no such file"
    expected = f"SHA-256 {recorded[-1]}"
    if found != expected:
        yield unchecked("config-unrecorded", at + CONFIG, expected, found)
