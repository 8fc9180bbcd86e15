"""Makes an edition of a built case, as the command does."""

from pathlib import Path
from typing import Any

from reports import bundle, catalogue, inputs
from reports.cover import Cover, cover
from reports.material import Material
from reports.model import Exhibit, Imprint, Status
from tests.reports import builder

PREPARED = "2022-06-20T10:00:00.000000Z"


def make(
    case: Path, story: builder.Story | None = None, label: str = "draft-001"
) -> bundle.Edition:
    """The edition `label` of a case that is built here."""
    material = builder.write(case, story)
    given = described(case, material, label)
    return bundle.make(material, given, case / "exhibits" / label, lambda line: None)


def described(case: Path, material: Material, label: str) -> dict[str, Any]:
    """inputs.json with a fixed time of preparation, by a tool that stays the same."""
    given = inputs.describe(case, label, catalogue.chosen(material, ()))
    return {**given, "prepared_at": PREPARED, "program": {"name": "butfor", "record": "none"}}


def imprint() -> Imprint:
    """Of a draft."""
    return Imprint(
        status=Status.DRAFT, label="draft-001", prepared_at=PREPARED, tool="0", page_size="A4",
        inputs_sha256="0" * 64, matter=(),
    )  # fmt: skip


def cover_of(material: Material, exhibit: Exhibit) -> Cover:
    """The cover of one exhibit."""
    return cover(exhibit, imprint(), material, "0" * 64)
