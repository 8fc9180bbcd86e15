"""Rows that cite records inside archives: read by both verifiers, archives in archives too."""

import bz2
import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector import session, store
from collector.acquisition import FileFacts, acquire
from tests.collector import test_store
from tests.reports import sealed_case
from tests.reports.sealed_case import run
from tests.reports.test_cited_evidence import both, made

BODY = b'{"Records":[{"eventID":"E1"},{"eventID":"E2"}]}'
RECORD = b'{"eventID":"E2"}'
PLACE = f"1@{BODY.index(RECORD)}+{len(RECORD)}"


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, body in members:
            archive.writestr(zipfile.ZipInfo(name), body)
    return out.getvalue()


def tarred(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, body in members:
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return out.getvalue()


#: Stored bytes, and the names that lead to the record.
FORMS: tuple[tuple[str, bytes, str], ...] = (
    ("zip", zipped(("a.json", b"{}"), ("b.json", BODY)), "b.json!/"),
    ("zip of gzip", zipped(("b.json.gz", gzip.compress(BODY, mtime=0))), "b.json.gz!/"),
    ("tar.gz", gzip.compress(tarred(("x/b.json", BODY)), mtime=0), "x/b.json!/"),
    ("tar.bz2", bz2.compress(tarred(("x/b.json", BODY))), "x/b.json!/"),
    ("one of a name", tarred(("b", b"{}"), ("b", BODY)), "b#2!/"),
    ("zip in tar", tarred(("z", zipped(("b.json", BODY)))), "z!/b.json!/"),
    ("tar.gz in zip", zipped(("t.tgz", gzip.compress(tarred(("b", BODY)), mtime=0))), "t.tgz!/b!/"),
    ("bzip2 alone", bz2.compress(BODY), ""),
)  # fmt: skip


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A sealed case that holds one archive of each form."""
    folder = tmp_path_factory.mktemp("archives") / "case"
    with sealed_case.own_key(tmp_path_factory.mktemp("config")):
        run("init", str(folder))
        with session.writing(folder, "test") as writing, acquire(
            writing, test_store.REQUEST
        ) as writer:  # fmt: skip
            for name, body, _ in FORMS:
                writer.saw()
                writer.add_file(io.BytesIO(body), FileFacts(name=name, source=f"test:{name}"))
        run("seal", "--case", str(folder), code=None)
        yield folder


def rows(case: Path, locator: str) -> list[tuple[object, ...]]:
    """One row for each archive."""
    record = hashlib.sha256(RECORD).hexdigest()
    items = store.items(case)
    return [
        (number, item.uid, prefix + locator, record, item.digest.sha256)
        for number, (item, (_, _, prefix)) in enumerate(zip(items, FORMS, strict=True), start=1)
    ]


def test_records_inside_archives_are_compared(case: Path, tmp_path: Path) -> None:
    """Nothing is left unchecked, and nothing is wrong; both verifiers count alike."""
    made(case, tmp_path / "bundle", rows(case, PLACE))
    assert both(tmp_path / "bundle") == []


def test_other_bytes_and_other_names(case: Path, tmp_path: Path) -> None:
    """A record one byte off, one beyond the end, one in a member that is not there."""
    for number, locator in enumerate((PLACE.replace("@", "@1"), "1@9999+5", f"nowhere!/{PLACE}")):
        place = tmp_path / str(number)
        place.mkdir()
        made(case, place / "bundle", rows(case, locator))
        assert both(place / "bundle") == ["row-record"] * len(FORMS)


def test_a_member_altered_in_the_bundle(case: Path, tmp_path: Path) -> None:
    """The archive is wrong by its digest; what can still be read of it is compared."""
    made(case, tmp_path / "bundle", rows(case, PLACE))
    path = next((tmp_path / "bundle").glob("items/EV-1.f1/*"))
    path.write_bytes(path.read_bytes().replace(b"E2", b"E3"))
    found = both(tmp_path / "bundle")
    assert {"evidence-file", "row-record"} <= set(found)


def test_known_record_is_known() -> None:
    assert json.loads(BODY)["Records"][1] == json.loads(RECORD)
