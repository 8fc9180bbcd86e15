"""Single-page images of produced pages: TIFF, Group IV, as review platforms take them.

Pages are drawn from the PDF as it was produced, one at a time, and turned to black and white with a
fixed pattern of dots for everything between. So equal PDFs give equal images.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.errors import ConfigError

if TYPE_CHECKING:
    from PIL import Image

#: Dots per inch, as productions ask for.
PPI = 300
#: Pages of a layout that are drawn at once: memory is bounded by it.
BATCH = 8
#: Points per inch; a hair less dots than asked, for the drawer rounds every fraction of a dot up.
_POINTS, _HAIR = 72, 1 - 1e-9


def of_pdf(pdf: Path) -> Iterator[bytes]:
    """TIFF of each page of a PDF, in order."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            yield _tiff(page.render(scale=PPI / _POINTS * _HAIR, grayscale=True).to_pil())
    finally:
        document.close()


def drawn(template: Path, data: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> Iterator[bytes]:
    """TIFF of each page that a layout gives for its data.

    Raises:
        ConfigError: the layout has an error, with its place.
    """
    import typst

    try:
        made = typst.compile(
            str(template), format="png", ppi=float(PPI), sys_inputs={"data": json.dumps(data)},
            ignore_system_fonts=True, root=str(template.parent), timestamp=0,
        )  # fmt: skip
    except typst.TypstError as error:
        raise ConfigError(f"{template}: expected a layout to set, found: {error}") from error
    for png in made if isinstance(made, list) else [made]:
        yield _tiff(_on_paper(png))


def _on_paper(png: bytes) -> "Image.Image":
    from PIL import Image

    with Image.open(io.BytesIO(png)) as page:
        paper = Image.new("RGB", page.size, "white")
        paper.paste(page, mask=page.getchannel("A") if "A" in page.getbands() else None)
        return paper


def _tiff(page: "Image.Image") -> bytes:
    out = io.BytesIO()
    page.convert("1").save(out, "TIFF", compression="group4", dpi=(PPI, PPI))
    return out.getvalue()
