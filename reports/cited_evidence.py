"""The evidence that an edition cites, inside it: every row can then be derived again from it alone.

    items/EV-3.f17/00000017-…      the whole file, bit for bit, where a seal covers its acquisition
    items/EV-3.warc/api.warc.gz    the calls of an acquisition, where a row cites one of them
    proofs/EV-3.f17.json           its two inclusion proofs, as in a production
    seals/, keys/                  the seal with its tokens; keys are a convenience, not trust
    unsealed/EV-3.f17/00000017-…   the same where no seal covers it: nothing ties it to the case yet
    evidence.jsonl                 one line for each item of exhibit B: its line of the manifest,
                                   where it lies here, or why it does not

What custody says up to the head of inputs.json decides; a seal made later changes nothing.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from collector import canonical, custody, manifest, merkle, produce, store
from collector import seal as seals
from collector.custody import CustodyEntry
from collector.errors import IntegrityError
from collector.model import EvidenceItem
from collector.statement import Seal
from reports.material import Material
from reports.model import Exhibit

LIST = "evidence.jsonl"
WARC = "api.warc.gz"
SEALED, NOT_SEALED = "sealed", "not sealed"
NOT_CITED, WITHDRAWN, LEFT_OUT = "not cited", "withdrawn", "left out on request"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One item of the case in the bundle.

    Attributes:
        item: its id.
        state: one of the five words above.
        path: where the whole file lies in the bundle; None if it does not.
        line: of the manifest of its acquisition.
    """

    item: EvidenceItem
    state: str
    path: str | None
    line: manifest.ManifestLine

    def encode(self) -> bytes:
        """Canonical bytes of its line in `evidence.jsonl`."""
        return canonical.encode(
            {
                "item": self.item.uid,
                "manifest_line": self.line.encode().decode("ascii"),
                "path": self.path,
                "state": self.state,
            }
        )


@dataclass(slots=True, kw_only=True)
class _Acquisition:
    """Manifest of an acquisition as custody stated it when it was closed."""

    folder: Path
    close: CustodyEntry
    lines: tuple[bytes, ...]
    index: Mapping[str, int]
    tree: list[list[bytes]] = field(default_factory=list)


def cited(exhibits: Iterable[Exhibit]) -> frozenset[str]:
    """Ids of the items that rows or lists of sources name; the index of evidence cites none."""
    found: set[str] = set()
    for exhibit in exhibits:
        found |= {line.item for line in exhibit.sources}
        names = [name for name, _ in exhibit.native.columns]
        if "locator" in names and "evidence_item" in names:
            at = names.index("evidence_item")
            found |= {str(row[at]) for row in exhibit.native.rows if row[at]}
    return frozenset(found)


def write(
    material: Material, exhibits: Iterable[Exhibit], folder: Path, *, entries: int, carry: bool
) -> tuple[Kept, ...]:
    """Carry what is cited; nothing for a case without custody.

    Args:
        material: of the case.
        exhibits: what cites.
        folder: of the edition.
        entries: number of custody lines up to the head of inputs.json.
        carry: whether files are carried at all.

    Raises:
        IntegrityError: a file is not what its manifest says.
    """
    if material.case is None or not (material.case / custody.NAME).is_file():
        return ()
    known = custody.read(material.case)[:entries]
    seal = _last_seal(material.case, known)
    tree = merkle.levels(merkle.leaf_hashes(one.raw for one in known[: seal.size])) if seal else []
    wanted, have = cited(exhibits), _acquisitions(material.case, known)
    kept, proven = [], False
    for item in material.items:
        source = have[item.acquisition]
        name = item.path.relative_to(item.path.parents[-3]).as_posix()
        state = _state(item, material.withdrawn, wanted, carry=carry)
        at = source.index[name]
        (line,) = manifest.parse(source.lines[at] + canonical.LF)
        covered = seal is not None and source.close.seq < seal.size
        path = None
        if state == SEALED:
            state = SEALED if covered else NOT_SEALED
            uid = item.uid if name != WARC else f"EV-{item.acquisition}.warc"
            path = f"{'items' if covered else 'unsealed'}/{uid}/{name.rpartition('/')[2]}"
            _carry(source.folder / name, folder / path, line)
            if covered and seal is not None:
                proven = True
                source.tree = source.tree or merkle.levels(merkle.leaf_hashes(source.lines))
                _prove(folder, uid, source, tree, at, seal)
        kept.append(Kept(item=item, state=state, path=path, line=line))
    if proven and seal is not None:
        produce.carry_seal(material.case, seal, folder, only=_recorded(known, seal))
        produce.carry_keys(known, folder)
    (folder / LIST).write_bytes(b"".join(one.encode() + canonical.LF for one in kept))
    return tuple(kept)


def covered_by(case: Path, known: tuple[CustodyEntry, ...]) -> frozenset[int]:
    """Numbers of the acquisitions that the last seal recorded in these entries covers."""
    seal = _last_seal(case, known)
    size = seal.size if seal else 0
    return frozenset(
        int(one.data["acq"]) for one in known[:size] if one.action == "acquisition.close"
    )


def _last_seal(case: Path, known: tuple[CustodyEntry, ...]) -> Seal | None:
    """The last seal that custody itself records up to here."""
    numbers = {one.data.get("seal") for one in known if one.action == "seal.create"}
    recorded = [seal for seal in seals.existing(case) if seal.number in numbers]
    return recorded[-1] if recorded else None


def _recorded(known: tuple[CustodyEntry, ...], seal: Seal) -> frozenset[str]:
    """Names of the token files of a seal that custody records up to here."""
    return frozenset(
        str(name)
        for one in known
        if one.action == "token.add" and one.data.get("seal") == seal.number
        for name in one.data.get("files", {})
    )


def _acquisitions(case: Path, known: tuple[CustodyEntry, ...]) -> dict[int, _Acquisition]:
    closed = {one.data["acq"]: one for one in known if one.action == "acquisition.close"}
    found = {}
    for one in store.acquisitions(case):
        if one.number not in closed:
            continue
        raw = (case / one.folder / manifest.NAME).read_bytes()
        if manifest.summarize(raw).as_data() != closed[one.number].data.get("manifest"):
            raise IntegrityError(
                f"{case / one.folder / manifest.NAME}: expected the manifest that custody states, "
                "found another. Run `butfor verify`."
            )
        lines = tuple(canonical.split_lines(raw))
        index = {line.path: at for at, line in enumerate(manifest.parse(raw))}
        found[one.number] = _Acquisition(
            folder=case / one.folder, close=closed[one.number], lines=lines, index=index
        )
    return found


def _state(
    item: EvidenceItem, withdrawn: Mapping[str, str], wanted: frozenset[str], *, carry: bool
) -> str:
    if item.uid in withdrawn:
        return WITHDRAWN
    if item.uid not in wanted:
        return NOT_CITED
    return SEALED if carry else LEFT_OUT


def _carry(source: Path, target: Path, line: manifest.ManifestLine) -> None:
    """Copy and hash in one pass. A copy, not a link: who edits a bundle must not edit evidence."""
    if target.exists():
        return  # calls of one acquisition lie in one file
    target.parent.mkdir(parents=True, exist_ok=True)
    found = hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(_BLOCK):
            found.update(block)
            writer.write(block)
    if found.hexdigest() != line.sha256:
        raise IntegrityError(
            f"{source}: expected SHA-256 {line.sha256}, found {found.hexdigest()}. No edition was "
            "made; `butfor verify` lists what differs."
        )


def _prove(
    folder: Path, uid: str, source: _Acquisition, tree: list[list[bytes]], at: int, seal: Seal
) -> None:
    target = folder / "proofs" / f"{uid}.json"
    target.parent.mkdir(exist_ok=True)
    proof = produce.proof_of(
        source.close, tree, source.lines[at], at, source.tree, seal=seal.number
    )
    target.write_bytes(canonical.line(proof))
