"""Every row that a build wrote comes out of its bytes again, whatever its form and wrapping."""

import gzip
import io
import json
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.normalize.evidence import DATA, Store
from tests.timeline.normalize.records import native, record
from timeline import normalize, rederive

ACCESS = (
    "8787a3c41bf7ce0d54359d9348ad5b08e16bd5bb8ae5aa4e1508b435773a066e b "
    "[06/Feb/2019:01:00:38 +0100] 192.0.2.3 - REQ{n} REST.GET.OBJECT k "
    '"GET /k HTTP/1.1" 200 - 12 34 5 6 "-" "curl" -'
)
REPORT = b"user,arn,user_creation_time,password_enabled,password_last_used\r\nroot,a,b,c,d\r\n"


def zipped(**members: bytes) -> bytes:
    """A zip of some members."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return held.getvalue()


def forms() -> dict[str, bytes]:
    """Evidence in every wrapping, with damage between good records."""
    one, two = (json.dumps(record(eventID=f"L{n}")).encode() for n in (1, 2))
    files = native(record(eventID="A"), record(eventID="B", eventTime="2026-01-03T00:00:00Z"))
    access = "\r\n".join(ACCESS.format(n=n) for n in range(3)).encode()
    lookup = {"EventId": "U", "CloudTrailEvent": json.dumps(record(eventID="U"))}
    return {
        "native.json.gz": gzip.compress(files),
        "lines.jsonl": b"\xef\xbb\xbf" + one + b"\n\n{broken\n" + two + b"\n",
        "two.zip": zipped(**{"a.json": files, "b/access.log": access, "c.json": native()}),
        "access.log": b"no such line\n" + access,
        "lookup.json": json.dumps({"Events": [lookup]}).encode(),
        "cut.json.gz": gzip.compress(files * 40)[:-9],
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, list[dict[str, Any]]]:
    store = Store()
    for name, data in forms().items():
        store.add(data, name)
    return store, rows_of(store, tmp_path_factory.mktemp("forms"))


def rows_of(store: Store, folder: Path) -> list[dict[str, Any]]:
    """The table that a build writes."""
    normalize.run(folder, store.items, folder / "events", open_item=store.open_item, workers=1)
    return list(normalize.rows(folder / "events"))


def again(store: Store, rows: list[dict[str, Any]]) -> int:
    """Derive rows again and compare; the number compared."""
    compared = 0
    for item in store.items:
        of_item = [row for row in rows if row["evidence_item"] == item.uid]
        places = {row["event_uid"]: rederive.place_of(row["locator"]) for row in of_item}
        found = rederive.read_back(store.open_item, item, {p for p in places.values() if p})
        for row in of_item:
            place = places[row["event_uid"]]
            assert place is not None
            assert found[place].sha256 == row["record_sha256"]
            assert found[place].number == place.number
            derived = rederive.event_row(item, place, found[place])
            assert derived is not None
            assert rederive.compare(derived, row, leave=rederive.OVER_ALL_RECORDS) == ()
            compared += 1
    return compared


def test_every_row_of_every_form(built: tuple[Store, list[dict[str, Any]]]) -> None:
    store, rows = built
    assert again(store, rows) == len(rows) > 90
    assert {row["evidence_item"] for row in rows} == {item.uid for item in store.items}


def test_every_column_that_is_altered_shows(built: tuple[Store, list[dict[str, Any]]]) -> None:
    store, rows = built
    row, item = rows[0], next(i for i in store.items if i.uid == rows[0]["evidence_item"])
    place = rederive.place_of(row["locator"])
    assert place is not None
    derived = rederive.event_row(
        item, place, rederive.read_back(store.open_item, item, [place])[place]
    )
    assert derived is not None
    for column in derived:
        other = {**row, column: "altered"}
        assert column in {one.column for one in rederive.compare(derived, other)}
    assert [one.column for one in rederive.compare(derived, {**row, "more": 1})] == ["more"]


@given(st.data())
def test_no_altered_byte_of_a_record_goes_unseen(data: st.DataObject) -> None:
    store = Store()
    sound = native(record(), record(eventID="E2"))
    item = store.add(sound)
    start, length = sound.index(b'{"eventVersion"'), len(json.dumps(record()))
    place = rederive.Place("", 0, start, length)
    first = rederive.read_back(store.open_item, item, [place])[place]
    assert (first.number, first.data) == (0, sound[start : start + length])
    at = data.draw(st.integers(start, start + length - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != sound[at]))
    store.held[item.uid] = sound[:at] + bytes([byte]) + sound[at + 1 :]
    found = rederive.read_back(store.open_item, item, [place]).get(place)
    assert found is None or found.sha256 != first.sha256


def test_places_that_hold_no_record() -> None:
    store = Store()
    item = store.add(native(record(), record(eventID="E2")))
    first, second = json.dumps(record()), json.dumps(record(eventID="E2"))
    start = store.held[item.uid].index(b'{"eventVersion"')
    inside = rederive.Place("", 0, start + 1, 10)
    beyond = rederive.Place("", 9, 10**9, 5)
    elsewhere = rederive.Place("a!/", 0, start, len(first))
    misnumbered = rederive.Place("", 7, start + len(first) + 2, len(second))
    found = rederive.read_back(store.open_item, item, [inside, beyond, elsewhere, misnumbered])
    assert found[inside].number is None
    assert rederive.event_row(item, inside, found[inside]) is None
    assert beyond not in found
    assert elsewhere not in found
    assert found[misnumbered].number == 1


def test_a_report_that_is_cited_as_a_whole() -> None:
    store = Store()
    item = store.add(REPORT)
    place = rederive.Place("", 0, 0, len(REPORT))
    found = rederive.read_back(store.open_item, item, [place])[place]
    assert found.sha256 == sha256(REPORT).hexdigest()
    assert rederive.event_row(item, place, found) is None


@pytest.mark.parametrize("locator", [None, "", "a.zip!/", "3", "1@2", "x@1+2", "a.zip!/3"])
def test_locators_of_more_than_one_record(locator: str | None) -> None:
    assert rederive.place_of(locator) is None


@pytest.mark.skipif(not DATA.is_dir(), reason="real logs are not distributed with the project")
@pytest.mark.parametrize(
    "name", ["aws_otrf_ec2_proxy_s3_exfil", "aws_stratus_detonation", "aws_console_sessions",
             "aws_s3_access_log_catalystneuro", "plaso_jsonl", "aws_c7n_cloudtrail_events"],
)  # fmt: skip
def test_every_row_of_real_logs(name: str, tmp_path: Path) -> None:
    store = Store().folder(DATA / name)
    rows = rows_of(store, tmp_path)
    assert again(store, rows) == len(rows) > 0
