"""Long lists in print: by resource, a stated number of rows, and sums that close."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import catalogue
from reports.exhibits import (
    access_summary,
    chronology,
    configuration_history,
    configuration_rest,
    printed,
    scope,
)
from reports.material import Material
from reports.model import Exhibit, Facts, Label, Table, plain
from tests.reports import builder

NUMBERS = {"C": ("C",), "D": ("D",)}


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return builder.write(tmp_path_factory.mktemp("printed") / "case")


def bounded(material: Material, rows: int) -> Material:
    """The same case with another bound."""
    numbering = replace(material.config.exhibits, printed_rows=rows)
    return replace(material, config=replace(material.config, exhibits=numbering))


def tables(exhibit: Exhibit) -> list[Table]:
    return [b for s in exhibit.sections for b in s.blocks if isinstance(b, Table)]


def numbers(exhibit: Exhibit) -> list[int]:
    """First cells of the tables that cites mean."""
    return [
        int(plain(row[0]).replace(",", "")) for t in tables(exhibit) if t.numbered for row in t.rows
    ]


def slips(exhibit: Exhibit) -> list[Facts]:
    return [b for s in exhibit.sections for b in s.blocks if isinstance(b, Facts)]


def summed(exhibit: Exhibit) -> list[tuple[int, int, int]]:
    """Rows, printed, not printed of each line of the table of resources."""
    (table,) = [t for t in tables(exhibit) if t.columns == printed.COLUMNS]
    return [
        tuple(int(plain(cell).replace(",", "")) for cell in row[3:])  # type: ignore[misc]
        for row in table.rows
    ]


def built(material: Material, key: str) -> Exhibit:
    label = Label(number=key, stem=f"exhibit-{key}")
    make = {"D": access_summary.build, "E": chronology.build, "G": scope.build}[key]
    return make(material, label, NUMBERS)


@pytest.mark.parametrize("key", ["D", "E", "G"])
def test_a_list_within_the_bound_is_printed_whole(material: Material, key: str) -> None:
    whole = built(material, key)
    rows = numbers(whole)
    assert list(range(1, len(rows) + 1)) == rows
    assert not slips(whole)
    same = built(bounded(material, len(rows)), key)
    assert whole == same


@pytest.mark.parametrize("key", ["D", "E", "G"])
@pytest.mark.parametrize("most", [1, 2])
def test_of_a_longer_one_so_many_rows_are_printed(material: Material, key: str, most: int) -> None:
    exhibit = built(bounded(material, most), key)
    assert list(range(1, most + 1)) == numbers(exhibit)
    (slip,) = slips(exhibit)
    assert f"{exhibit.stem}.csv" in plain(dict(slip.pairs)["Files"])
    assert f"{len(exhibit.native.rows):,}" == plain(dict(slip.pairs)["Rows"])


@pytest.mark.parametrize("key", ["D", "E"])
def test_sums_close(material: Material, key: str) -> None:
    exhibit = built(bounded(material, 3), key)
    *lines, total = summed(exhibit)
    assert tuple(map(sum, zip(*lines, strict=True))) == total
    assert total[0] == total[1] + total[2]
    assert total[1] == 3


def test_rows_of_the_summary_keep_their_number_in_the_native_table(material: Material) -> None:
    exhibit = built(bounded(material, 3), "D")
    assert [n for n, *_ in exhibit.native.rows] == list(range(1, len(material.accesses) + 1))
    before = {row["event_uid"] for row in material.accesses}
    assert before == {row[1] for row in exhibit.native.rows}


def test_every_row_of_the_chronology_names_its_entry(material: Material) -> None:
    for most in (10_000, 3):
        exhibit = built(bounded(material, most), "E")
        at = [name for name, _ in exhibit.native.columns].index("entry")
        entries = [row[at] for row in exhibit.native.rows]
        assert None not in entries
        assert len(material.accesses) < len(entries)


def test_what_the_incident_names_comes_first(material: Material) -> None:
    rank = printed.relevance(material)
    assert rank[printed.tail(builder.BUCKET)] == (0, "named by the incident definition")
    other = [{"container": "zzz"}, {"container": printed.tail(builder.BUCKET)}]
    held = printed.shelves(bounded(material, 1), other, lambda row: row["container"])
    assert [printed.tail(builder.BUCKET), "zzz"] == [shelf.name for shelf in held]
    assert [shelf.printed for shelf in held] == [1, 0]


@given(
    st.lists(st.sampled_from(["", "a", "arn:x:::a", "b", "arn:x:::b/*", "c"]), max_size=30),
    st.integers(1, 40),
)
@settings(max_examples=100, deadline=None)
def test_no_row_is_lost(material: Material, names: list[str], most: int) -> None:
    rows = list(enumerate(names))
    held = printed.shelves(bounded(material, most), rows, lambda row: row[1])
    assert sorted(rows) == sorted(row for shelf in held for row in shelf.rows)
    assert min(most, len(rows)) == sum(shelf.printed for shelf in held)
    assert len(rows) - min(most, len(rows)) == printed.left(held)
    following = 1
    for shelf in held:
        assert following == shelf.first
        following += len(shelf.rows)
    cut = [shelf for shelf in held if 0 < shelf.printed < len(shelf.rows)]
    assert len(cut) <= 1


def test_resources_beyond_the_bound_share_one_history(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = [{**row, "resource_uid": "arn:aws:s3:::other"} for row in material.changes]
    material = replace(material, changes=(*material.changes, *other))
    resources = material.resources()
    monkeypatch.setattr(configuration_rest, "HISTORIES", 1)
    own, rest = configuration_rest.divided(material, resources)
    assert own == (builder.BUCKET,)
    assert set(resources) == {*own, *rest}
    entries = [e for e in catalogue.plan(material, resources) if e.key == "C"]
    assert [e.name for e in entries] == ["configuration-history", "configuration-further"]
    made = [
        e.build(material, Label(number=f"C-{n}", stem=f"c{n}"), NUMBERS)
        for n, e in enumerate(entries, 1)
    ]
    facts = sum(len(one.native.rows) for one in made)
    assert facts == sum(row["kind"] != "default" for row in material.changes)


def test_a_long_history_says_what_is_left_out(material: Material) -> None:
    label = Label(number="C", stem="c")
    one = configuration_history.build(bounded(material, 1), label, {}, resource=builder.BUCKET)
    whole = configuration_history.build(material, label, {}, resource=builder.BUCKET)
    assert one.native == whole.native
    assert numbers(one) == [1]
    said = " ".join(plain(b.text) for s in one.sections for b in s.blocks if hasattr(b, "text"))
    assert f"{len(numbers(whole)) - 1} further change" in said
