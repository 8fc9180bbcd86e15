"""A final edition: what is produced to the other side, once, under numbers of its own (R-093).

1. registers as they stand are preserved as an acquisition, where they are not yet
2. this copy of the case may reserve Bates numbers; no part that a person completes is open
3. a seal covers every acquisition that an exhibit cites, registers included
4. the case verifies: evidence, custody, seals
5. inputs.json names the first free Bates number
6. rendered, counted; `bates.reserve` is durable; then stamped
7. the folder has its name; `exhibits.final` records what is in it

A crash between 6 and 7 leaves a reservation without an edition: a recorded hole, never used again.
The next run says so in custody (`bates.unissued`: reserved, not issued).
One writing session holds the lock from 1 to 7, so that nobody else can take the numbers.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from collector import canonical, custody, identity, manifest, registers, store
from collector import case as case_file
from collector import verify as verification
from collector.acquisition import FileFacts, acquire
from collector.acquisition_record import Request
from collector.errors import CaseError, DerivedError, IntegrityError, UsageError
from collector.ledger import text_field
from collector.session import Session, writing
from reports import bates, bundle, catalogue, cited_evidence, human_parts, inputs
from reports import edition_files as files
from reports import material as materials
from reports.material import Material
from reports.model import Mode

SOURCE = "registers"


def make(
    case: Path, *, label: str | None, resources: tuple[str, ...], evidence: bool,
    with_load_files: bool, reason: str | None, tell: Callable[[str], None],
    mode: Mode = Mode.FOR_EXPERT,
) -> bundle.Edition:  # fmt: skip
    """Make a final edition.

    Args:
        case: case folder.
        label: name of the edition; None = `final-001` and so on.
        resources: that get a history; none = those of the incident.
        evidence: whether it holds the evidence that it cites.
        with_load_files: whether it comes with load files, images and text for a review platform.
        reason: why it supplements the final edition before it.
        tell: prints one line of progress.
        mode: who answers for the results.

    Raises:
        UsageError: a condition of steps 2 or 3 is not met; each message says what to do.
        IntegrityError: the case does not verify.
    """
    with writing(case, "exhibits --final") as session:
        number = preserve_registers(session)
        if number is not None:
            tell(f"registers preserved as acquisition {number}")
        bates.may_reserve(session.config.exhibits, identity.writer())
        for lost in bates.close(session):
            tell(f"reserved, not issued: {lost}")
        before = last_final(session.entries)
        name = bundle.checked_label(
            label or bundle.free_label(case / "exhibits", "final"), is_final=True
        )
        if (case / "exhibits" / name).exists():
            raise UsageError(f"--label {name}: that edition exists and is never overwritten.")
        material = replace(_material(session), mode=mode)
        chosen = catalogue.chosen(material, resources)
        _filled(material)
        _covered(session, material, chosen)
        _verified(case)
        given = inputs.describe(
            case, name, chosen, status="FINAL", mode=mode, evidence=evidence,
            load_files=with_load_files,
            bates_start=bates.next_free(session.config.exhibits, session.entries),
            supplements=supplemented(case, before, reason),
        )  # fmt: skip
        edition = bundle.make(
            material, given, case / "exhibits" / name, tell, partial(reserve, session, given)
        )
        session.record("exhibits.final", why=f"final edition {name}", data=facts(edition, given))
    return edition


def again(case: Path, given: Mapping[str, Any]) -> bundle.Reserve:
    """Gives the numbers that custody holds for these inputs, and takes none.

    Raises:
        UsageError: custody has no reservation for them: no final edition was made of them.
        DerivedError: the reservation is of another number of pages.
    """
    taken = bates.of_inputs(custody.read(case), _digest(given))
    if taken is None:
        raise UsageError(
            "--inputs: expected a reservation of Bates numbers for these inputs in custody, found "
            "none. Inputs of a final edition are made by `butfor exhibits --final` alone."
        )

    def give(pages: int, _numbers: tuple[str, ...]) -> bates.Reservation:
        if pages != taken.last - taken.first + 1:
            raise DerivedError(
                f"expected {taken.last - taken.first + 1} pages, as reserved, found {pages}: the "
                "environment differs from the one that made this edition."
            )
        return taken

    return give


def preserve_registers(session: Session) -> int | None:
    """Step 1; the number of the acquisition, None if custody holds all of them as they stand."""
    folder = session.case / registers.FOLDER
    there = sorted(folder.glob("*.csv")) if folder.is_dir() else []
    held = {
        item.digest.sha256 for item in store.items(session.case) if item.source == SOURCE
    }  # fmt: skip
    new = [path for path in there if files.sha256(path) not in held]
    if not new:
        return None
    registers.read(session.case)  # what cannot be read is refused before it is preserved
    asked = {"paths": [text_field("path", path.name.encode()) for path in new]}
    request = Request(
        source=SOURCE, scope="case-team", asked=asked,
        why="registers of the case team, before a final edition",
    )  # fmt: skip
    with acquire(session, request) as writer:
        for path in new:
            writer.saw()
            with path.open("rb") as stream:
                facts = FileFacts(
                    name=f"{registers.FOLDER}/{path.name}", source=path.resolve().as_uri()
                )
                writer.add_file(stream, facts)
    return writer.number


def last_final(entries: tuple[custody.CustodyEntry, ...]) -> custody.CustodyEntry | None:
    """The final edition before, as custody records it; a redacted rendition is none."""
    finals = [
        one for one in entries if one.action == "exhibits.final" and not one.data.get("redacts")
    ]
    return finals[-1] if finals else None


def supplemented(
    case: Path, before: custody.CustodyEntry | None, reason: str | None
) -> dict[str, str] | None:
    """What inputs.json says of the edition that this one supplements (R-092).

    Raises:
        UsageError: there is one and no reason is given, or the other way round.
        CaseError: its folder is not there.
        IntegrityError: it is not the one that was produced.
    """
    if before is None:
        if reason is not None:
            raise UsageError("--reason: expected with a final edition to supplement, found none.")
        return None
    label, stated = str(before.data["label"]), str(before.data["manifest"])
    if reason is None:
        raise UsageError(
            f"--reason: expected why this edition supplements {label}, found nothing. The list of "
            "changes prints it."
        )
    path = case / "exhibits" / label / manifest.NAME
    if not path.is_file():
        raise CaseError(f"{path}: expected the edition that is supplemented, found none.")
    if files.sha256(path) != stated:
        raise IntegrityError(f"{path}: expected SHA-256 {stated}, found {files.sha256(path)}.")
    return {"label": label, "manifest": stated, "reason": reason}


def _material(session: Session) -> Material:
    config = case_file.load(session.case)
    loaded = materials.load(session.case, config, store.items(session.case))
    return materials.recorded(loaded, len(session.entries))


def _filled(material: Material) -> None:
    """Step 2."""
    still = human_parts.open_parts(material)
    if still:
        raise UsageError(
            "--final: expected every part that a person completes to be filled, found open:\n  "
            + "\n  ".join(still)
        )


def _covered(session: Session, material: Material, chosen: tuple[str, ...]) -> None:
    """Step 3."""
    wanted = cited_evidence.cited(catalogue.build(material, chosen))
    needed = {item.acquisition for item in material.items if item.uid in wanted}
    needed |= {item.acquisition for item in material.items if item.source == SOURCE}
    bare = needed - cited_evidence.covered_by(session.case, session.entries)
    if bare:
        names = ", ".join(f"EV-{number}" for number in sorted(bare))
        raise UsageError(
            f"--final: expected a seal that covers every acquisition cited, found none over "
            f"{names}. Run `butfor seal`, then this again."
        )


def _verified(case: Path) -> None:
    """Step 4."""
    wrong = verification.run_safely(case).wrong
    if wrong:
        listed = "\n  ".join(f"{one.path} [{one.check}]" for one in wrong[:10])
        raise IntegrityError(
            f"--final: expected a case that verifies, found {len(wrong)} discrepancies:\n  "
            f"{listed}\nRun `butfor verify`."
        )


def reserve(
    session: Session, given: Mapping[str, Any], pages: int, numbers: tuple[str, ...]
) -> bates.Reservation:
    """Step 6."""
    taken = bates.reserved(session.config.exhibits, int(given["bates_start"]), pages)
    bates.record(
        session, taken, label=str(given["label"]), inputs_sha256=_digest(given), exhibits=numbers
    )
    return taken


def facts(edition: bundle.Edition, given: Mapping[str, Any]) -> dict[str, Any]:
    """Step 7: what custody says of the edition."""
    assert edition.numbers is not None
    return {
        "bates": {
            "first": edition.numbers.label(edition.numbers.first),
            "last": edition.numbers.label(edition.numbers.last),
        },
        "files": edition.files,
        "inputs": _digest(given),
        "label": given["label"],
        "manifest": files.sha256(edition.folder / manifest.NAME),
        "numbers": [one.exhibit.number for one in edition.produced],
        "supplements": given["supplements"]["label"] if given["supplements"] else None,
    }


def _digest(given: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical.line(dict(given))).hexdigest()
