"""The built-in incident is what its generator writes; its answers are asserted end to end."""

import gzip
import importlib.util
from pathlib import Path
from types import ModuleType

from tests.architecture.tree import ROOT

SCENARIO = ROOT / "fixtures" / "scenarios" / "northwind"


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("northwind_make", SCENARIO / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _content(name: str, body: bytes) -> bytes:
    return gzip.decompress(body) if name.endswith(".gz") else body


def test_committed_evidence_is_what_the_generator_writes() -> None:
    written = _generator().evidence()
    folders = (SCENARIO / "logs", SCENARIO / "iam")
    held = sorted(p for f in folders for p in f.rglob("*") if p.is_file())
    assert sorted(written) == [p.relative_to(SCENARIO).as_posix() for p in held]
    for path in held:
        name = path.relative_to(SCENARIO).as_posix()
        assert _content(name, written[name]) == _content(name, Path(path).read_bytes()), name
