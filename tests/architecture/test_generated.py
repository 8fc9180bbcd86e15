"""Documents cannot drift: what is generated equals what is committed."""

import pytest

from tests.architecture.generated import GENERATED
from tests.architecture.tree import ROOT


@pytest.mark.parametrize("file", sorted(GENERATED))
def test_committed_document_is_the_generated_one(file: str) -> None:
    assert GENERATED[file]() == (ROOT / file).read_text(encoding="utf-8"), "run: make docs"
