"""Work in processes of its own: same bytes however many there are and however they begin."""

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from collector.errors import ConfigError
from reports import catalogue, pdf, typesetting
from tests.reports import builder, edition


@pytest.mark.parametrize(
    ("workers", "methods"),
    [(1, ["spawn"]), (3, multiprocessing.get_all_start_methods())],
)
def test_bytes_do_not_depend_on_workers_nor_on_how_they_begin(
    workers: int, methods: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "CHUNK", 9)
    material = builder.write(tmp_path / "case")
    exhibit = next(
        one for one in catalogue.build(material, catalogue.chosen(material, ())) if one.key == "E"
    )
    cover = edition.cover_of(material, exhibit)
    made = []
    for name in ("usual", "other"):
        target = tmp_path / f"{name}.pdf"
        done = pdf.render(exhibit, cover, edition.imprint(), None, target)
        made.append([file.read_bytes() for file in done.files])
        monkeypatch.setattr(typesetting, "WORKERS", workers)
        monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: methods)
    usual, other = made
    assert usual == other


def test_an_error_of_a_worker_is_the_error_of_the_call(tmp_path: Path) -> None:
    template = tmp_path / "wrong.typ"
    template.write_text("#let")
    data = tmp_path / "data.json"
    data.write_text("{}")
    job = typesetting.Job(template=template, data=data, epoch=0)
    with (
        pytest.raises(ConfigError, match=r"wrong\.typ: expected a layout to set"),
        typesetting.workers(2) as call,
    ):
        list(call(typesetting.typeset, [job, replace(job, tags=False)]))
