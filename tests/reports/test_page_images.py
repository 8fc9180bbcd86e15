"""Images of produced pages: one TIFF a page, black and white, at the resolution asked for."""

import io
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from reports import page_images


@pytest.mark.parametrize(
    ("points", "dots"), [((612, 792), (2550, 3300)), ((595.276, 841.89), (2481, 3508))]
)
def test_a_page_has_the_dots_of_its_size(
    points: tuple[float, float], dots: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "two.pdf"
    with pikepdf.new() as document:
        for gray in (0, 1):
            page = document.add_blank_page(page_size=points)
            page.contents_add(document.make_stream(f"{gray} g 0 0 300 300 re f".encode()))
        document.save(path)
    made = list(page_images.of_pdf(path))
    assert made == list(page_images.of_pdf(path))
    assert len(made) == 2
    for raw, corner in zip(made, (0, 255), strict=True):
        with Image.open(io.BytesIO(raw)) as image:
            assert (image.size, image.mode, image.info["compression"]) == (dots, "1", "group4")
            assert tuple(map(round, image.info["dpi"])) == (300, 300)
            assert (image.getpixel((5, dots[1] - 5)), image.getpixel((5, 5))) == (corner, 255)
