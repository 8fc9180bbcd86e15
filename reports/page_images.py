"""Single-page images of produced pages: TIFF, Group IV, as review platforms take them.

Pages are drawn by the typesetter, from the PDF as it was produced, and turned to black and white
with a fixed pattern of dots for everything between. So equal PDFs give equal images.
"""

import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.errors import ConfigError

#: Dots per inch, as productions ask for.
PPI = 300
#: Pages that are drawn at once: memory is bounded by it.
BATCH = 8
_PAGES = """
#let d = json(bytes(sys.inputs.data))
#for p in d { page(width: p.width * 1pt, height: p.height * 1pt, margin: 0pt,
  image("pages.pdf", page: p.page, width: 100%)) }
"""


def of_pdf(pdf: Path, scratch: Path) -> Iterator[bytes]:
    """TIFF of each page of a PDF, in order.

    Args:
        pdf: the file.
        scratch: an empty folder for the typesetter, which reads nothing outside of it.
    """
    import pikepdf

    scratch.mkdir(parents=True)
    shutil.copyfile(pdf, scratch / "pages.pdf")
    (scratch / "pages.typ").write_text(_PAGES, encoding="utf-8")
    with pikepdf.open(pdf) as document:
        boxes = [[float(edge) for edge in page.mediabox] for page in document.pages]
    pages = [
        {"page": n, "width": box[2] - box[0], "height": box[3] - box[1]}
        for n, box in enumerate(boxes, 1)
    ]
    for at in range(0, len(pages), BATCH):
        yield from drawn(scratch / "pages.typ", pages[at : at + BATCH])
    shutil.rmtree(scratch)


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
        yield _tiff(png)


def _tiff(png: bytes) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as page:
        paper = Image.new("RGB", page.size, "white")
        paper.paste(page, mask=page.getchannel("A") if "A" in page.getbands() else None)
        paper.convert("1").save(out, "TIFF", compression="group4", dpi=(PPI, PPI))
    return out.getvalue()
