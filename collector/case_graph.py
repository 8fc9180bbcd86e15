"""The custody graph as CASE/UCO JSON-LD (R-145) and as W3C PROV-JSON (R-146).

Custody only: one action an entry, one provenance record an acquisition, its manifest with digests.
Evidence items are not repeated here: the manifest lists them, and the graph gives its digest. Both
files are derived from custody.jsonl and rest on it; the same custody gives the same bytes.

https://caseontology.org/ and https://www.w3.org/submissions/prov-json/
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from collector import custody, durable
from collector.custody import CustodyEntry
from collector.errors import UsageError

_CASE = "https://ontology.caseontology.org/case/"
_UCO = "https://ontology.unifiedcyberontology.org/uco/"
CONTEXT = {
    "case-investigation": f"{_CASE}investigation/",
    "uco-action": f"{_UCO}action/",
    "uco-core": f"{_UCO}core/",
    "uco-identity": f"{_UCO}identity/",
    "uco-observable": f"{_UCO}observable/",
    "uco-tool": f"{_UCO}tool/",
    "uco-types": f"{_UCO}types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

Node = dict[str, Any]


def write_case(case: Path, target: Path) -> None:
    """Write the CASE/UCO graph.

    Raises:
        UsageError: the target exists.
        IntegrityError: custody is broken.
    """
    _write(target, case_graph(custody.read(case)))


def write_prov(case: Path, target: Path) -> None:
    """Write the PROV document; errors as `write_case`."""
    _write(target, prov_document(custody.read(case)))


def _write(target: Path, value: Mapping[str, Any]) -> None:
    if target.exists():
        raise UsageError(f"{target}: expected a new file, found something there.")
    durable.write_once(target, (json.dumps(value, indent=1, sort_keys=True) + "\n").encode())


def case_graph(entries: Iterable[CustodyEntry]) -> dict[str, Any]:
    """JSON-LD of a custody log, in the order of its entries."""
    every = tuple(entries)
    names = _Names(str(every[0].data["case"]))
    folders = _folders(every)
    graph: dict[str, Node] = {}
    for entry in every:
        person, tool = _performer(entry, names), _tool(entry, names)
        graph[person["@id"]], graph[tool["@id"]] = person, tool
        action: Node = {
            "@id": names.id("action", str(entry.seq)),
            "@type": "case-investigation:InvestigativeAction",
            "uco-core:name": entry.action,
            "uco-core:description": entry.why,
            "uco-action:startTime": _time(_start(entry, every)),
            "uco-action:endTime": _time(entry),
            "uco-action:performer": {"@id": person["@id"]},
            "uco-action:instrument": {"@id": tool["@id"]},
        }
        if entry.action == "acquisition.close":
            for node in _acquisition(entry, folders, names):
                graph[node["@id"]] = node
            action["uco-action:result"] = {"@id": names.id("provenance", str(entry.data["acq"]))}
        graph[action["@id"]] = action
    return {"@context": {**CONTEXT, "kb": names.base}, "@graph": list(graph.values())}


class _Names:
    """Identifiers ending in a UUID, as UCO asks, derived from the case id: same case, same ids."""

    def __init__(self, case_id: str) -> None:
        self.base = f"https://butfor.invalid/case/{case_id}/"

    def id(self, kind: str, name: str) -> str:
        return f"kb:{kind}-{uuid.uuid5(uuid.NAMESPACE_URL, f'{self.base}{kind}/{name}')}"


def _performer(entry: CustodyEntry, names: _Names) -> Node:
    name = str(entry.actor.get("examiner") or f"login {entry.actor.get('login')}")
    return {
        "@id": names.id("person", name),
        "@type": "uco-identity:Person",
        "uco-core:name": name,
    }


def _tool(entry: CustodyEntry, names: _Names) -> Node:
    version = f"{entry.tool.get('version')} ({entry.tool.get('record')})"
    return {
        "@id": names.id("tool", version),
        "@type": "uco-tool:Tool",
        "uco-core:name": str(entry.tool.get("name")),
        "uco-tool:version": version,
    }


def _acquisition(
    entry: CustodyEntry, folders: Mapping[int, str], names: _Names
) -> tuple[Node, Node]:
    """Provenance record of an acquisition, and its manifest as an observable object."""
    acq = int(entry.data["acq"])
    stated = entry.data["manifest"]
    manifest: Node = {
        "@id": names.id("manifest", str(acq)),
        "@type": "uco-observable:File",
        "uco-core:hasFacet": [
            {
                "@id": names.id("file-facet", str(acq)),
                "@type": "uco-observable:FileFacet",
                "uco-observable:fileName": "manifest.jsonl",
                "uco-observable:filePath": f"{folders[acq]}/manifest.jsonl",
                "uco-observable:sizeInBytes": _typed("integer", str(stated["bytes"])),
            },
            {
                "@id": names.id("content-facet", str(acq)),
                "@type": "uco-observable:ContentDataFacet",
                "uco-observable:hash": [
                    {
                        "@id": names.id("hash", str(acq)),
                        "@type": "uco-types:Hash",
                        "uco-types:hashMethod": "SHA256",
                        "uco-types:hashValue": _typed("hexBinary", str(stated["sha256"])),
                    }
                ],
            },
        ],
    }
    record: Node = {
        "@id": names.id("provenance", str(acq)),
        "@type": "case-investigation:ProvenanceRecord",
        "uco-core:description": f"{folders[acq]}, {stated['leaves']} files, root {stated['root']}",
        "case-investigation:exhibitNumber": f"EV-{acq}",
        "uco-core:object": [{"@id": manifest["@id"]}],
    }
    return manifest, record


def prov_document(entries: Iterable[CustodyEntry]) -> dict[str, Any]:
    """PROV-JSON of a custody log: manifests and seals, the activities they come from, agents."""
    every = tuple(entries)
    folders = _folders(every)
    base = f"https://butfor.invalid/case/{every[0].data['case']}/"
    document: dict[str, Any] = {
        "prefix": {"bf": base},
        "entity": {},
        "activity": {},
        "agent": {},
        "wasGeneratedBy": {},
        "wasAssociatedWith": {},
    }
    for entry in every:
        activity = f"bf:entry-{entry.seq}"
        document["activity"][activity] = {
            "prov:startTime": _stamp(_start(entry, every)),
            "prov:endTime": _stamp(entry),
            "prov:label": entry.action,
            "bf:why": entry.why,
        }
        agent = f"bf:writer-{entry.actor.get('writer')}"
        document["agent"][agent] = {"prov:type": "prov:Person", "prov:label": _who(entry)}
        document["wasAssociatedWith"][f"_:assoc-{entry.seq}"] = {
            "prov:activity": activity,
            "prov:agent": agent,
        }
        made = _entity(entry, folders)
        if made is not None:
            name, attributes = made
            document["entity"][name] = attributes
            document["wasGeneratedBy"][f"_:gen-{entry.seq}"] = {
                "prov:entity": name,
                "prov:activity": activity,
            }
    return document


def _entity(entry: CustodyEntry, folders: Mapping[int, str]) -> tuple[str, dict[str, Any]] | None:
    if entry.action == "acquisition.close":
        acq = int(entry.data["acq"])
        stated = entry.data["manifest"]
        return f"bf:manifest-{acq}", {
            "prov:label": f"{folders[acq]}/manifest.jsonl",
            "bf:sha256": str(stated["sha256"]),
            "bf:root": str(stated["root"]),
        }
    if entry.action == "seal.create":
        return f"bf:seal-{entry.data['seal']}", {
            "prov:label": f"seal {entry.data['seal']}",
            "bf:sha256": str(entry.data["envelope"]),
            "bf:root": str(entry.data["root"]),
        }
    return None


def _folders(entries: Iterable[CustodyEntry]) -> dict[int, str]:
    return {
        int(one.data["acq"]): str(one.data["dir"])
        for one in entries
        if one.action == "acquisition.open"
    }


def _start(entry: CustodyEntry, entries: Iterable[CustodyEntry]) -> CustodyEntry:
    """Entry that opened what this one closes; the entry itself for a single act."""
    if entry.action != "acquisition.close":
        return entry
    return next(
        one
        for one in entries
        if one.action == "acquisition.open" and one.data["acq"] == entry.data["acq"]
    )


def _who(entry: CustodyEntry) -> str:
    return str(entry.actor.get("examiner") or f"login {entry.actor.get('login')}")


def _stamp(entry: CustodyEntry) -> str:
    return entry.at.isoformat()


def _time(entry: CustodyEntry) -> Node:
    return _typed("dateTime", _stamp(entry))


def _typed(kind: str, value: str) -> Node:
    return {"@type": f"xsd:{kind}", "@value": value}
