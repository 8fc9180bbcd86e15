"""The custody graph in the forms of others; `case_validate` and `prov` judge where they are.

Set BUTFOR_CASE_VALIDATE to a `case_validate`, BUTFOR_PROV_PYTHON to a Python that has `prov`: both
live in environments of their own, because they bring many packages along.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.collector.seal import build
from tests.collector.seal.test_sealing import butfor

ROUND_TRIP = """
import sys
from prov.model import ProvDocument
one = ProvDocument.deserialize(sys.argv[1])
assert one == ProvDocument.deserialize(content=one.serialize())
print(len(one.get_records()))
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    case = build.sealed_case(tmp_path / "case")
    done = butfor(
        "seal", "--case", case, "--uco", tmp_path / "graph.jsonld", "--prov", tmp_path / "prov.json"
    )
    assert done.exit_code == 0, done.output
    assert not (case / "seals/0003").exists()
    return tmp_path


def nodes(path: Path, kind: str) -> list[dict[str, Any]]:
    return [
        node
        for node in json.loads(path.read_bytes())["@graph"]
        if node["@type"].rpartition(":")[2] == kind
    ]


def test_every_entry_is_an_action(written: Path) -> None:
    graph = written / "graph.jsonld"
    entries = (written / "case" / "custody.jsonl").read_bytes().splitlines()
    assert len(nodes(graph, "InvestigativeAction")) == len(entries) == 9
    assert [node["case-investigation:exhibitNumber"] for node in nodes(graph, "ProvenanceRecord")] \
        == ["EV-1", "EV-2"]  # fmt: skip
    for action in nodes(graph, "InvestigativeAction"):
        assert {"uco-action:startTime", "uco-action:endTime"} <= set(action)
        assert {"uco-action:performer", "uco-action:instrument"} <= set(action)


def test_hashes_are_as_the_ontology_asks(written: Path) -> None:
    _, facet = nodes(written / "graph.jsonld", "File")[0]["uco-core:hasFacet"]
    (digest,) = facet["uco-observable:hash"]
    assert digest["uco-types:hashMethod"] == "SHA256"
    assert digest["uco-types:hashValue"]["@type"] == "xsd:hexBinary"


def test_same_custody_same_bytes(written: Path) -> None:
    done = butfor("seal", "--case", written / "case", "--uco", written / "again.jsonld")
    assert done.exit_code == 0, done.output
    assert (written / "again.jsonld").read_bytes() == (written / "graph.jsonld").read_bytes()


def test_nothing_is_overwritten(written: Path) -> None:
    done = butfor("seal", "--case", written / "case", "--uco", written / "graph.jsonld")
    assert done.exit_code == 2


def test_case_validate(written: Path) -> None:
    """R-145: exit 0; warnings alone give exit 1."""
    program = os.environ.get("BUTFOR_CASE_VALIDATE")
    if program is None:
        pytest.skip("BUTFOR_CASE_VALIDATE does not name a case_validate")
    done = subprocess.run(
        [program, str(written / "graph.jsonld")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_prov_round_trip(written: Path) -> None:
    """R-146: PROV-JSON read and written by the reference implementation is the same document."""
    program = os.environ.get("BUTFOR_PROV_PYTHON")
    if program is None:
        pytest.skip("BUTFOR_PROV_PYTHON does not name a Python with prov")
    done = subprocess.run(
        [program, "-c", ROUND_TRIP, str(written / "prov.json")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
