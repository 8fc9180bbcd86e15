"""Exhibit M says what was used and what was not tested; the edition carries the pages it names."""

import hashlib
from pathlib import Path

from reports import method_pages
from reports.exhibits import method
from reports.model import Facts, Label, plain
from tests.reports import builder, edition


def test_pages_are_carried_and_named_by_their_digest(tmp_path: Path) -> None:
    made = edition.make(tmp_path / "case")
    (one,) = [one.exhibit for one in made.produced if one.exhibit.key == "M"]
    assert [row[1] for row in one.native.rows] == [name for name, _, _ in method_pages.pages()]
    for _, name, title, digest in one.native.rows:
        raw = (made.folder / "methods" / str(name)).read_bytes()
        assert hashlib.sha256(raw).hexdigest() == digest
        assert raw.decode().startswith(f"# {title}\n")


def test_what_was_not_tested_says_none(tmp_path: Path) -> None:
    material = builder.write(tmp_path / "case")
    made = method.build(material, Label(number="M", stem="exhibit-M"), {})
    facts = next(
        block for section in made.sections for block in section.blocks if isinstance(block, Facts)
    )
    assert {plain(value) for _, value in facts.pairs} == {"none"}
    assert any("no error rate is stated" in plain(limit) for limit in made.limits)
    met = [row["agreement"] for row in material.accesses]
    assert f"Of {len(met)} logged requests" in plain(made.answer[1])
