"""One tagged PDF from several: pages appended, structure trees joined, stamps laid under.

Steps (each chunk is a tagged PDF/A-3a of its own):
1. append the chunk's pages; shift each page's /StructParents and each annotation's /StructParent
   by the keys already used;
2. hang the chunk's top structure elements under the first document's root; copy the number tree
   with shifted keys and the ids with a prefix, in /IDTree and wherever /Headers names them;
3. extend the outline;
4. lay each page's stamp under it, marked as an artifact: it is not part of the text that is read;
5. label each page, by its Bates number where it has one: a viewer then finds it by that number.
Saved with object streams and a deterministic id.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String

STAMP = Name("/PageStamp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Chunks in order, one stamp page and one label a page, and where the document goes."""

    chunks: tuple[Path, ...]
    stamps: Path
    target: Path
    labels: tuple[str, ...]


def merge(task: Task) -> int:
    """Writes the merged document and returns its number of pages."""
    with Pdf.open(task.chunks[0]) as whole:
        offset = _next_key(whole)
        for number, path in enumerate(task.chunks[1:], 1):
            with Pdf.open(path) as chunk:
                offset += _append(whole, chunk, offset, f"c{number}-")
        _stamp(whole, task.stamps)
        _label(whole, task.labels)
        pages = len(whole.pages)
        whole.save(
            task.target, deterministic_id=True, compress_streams=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        )  # fmt: skip
    return pages


def sizes(chunks: tuple[Path, ...]) -> list[dict[str, float]]:
    """Width and height in points of every page, in order."""
    found = []
    for path in chunks:
        with Pdf.open(path) as chunk:
            for page in chunk.pages:
                box = [float(edge) for edge in page.mediabox]
                found.append({"width": box[2] - box[0], "height": box[3] - box[1]})
    return found


def _next_key(document: Pdf) -> int:
    root = document.Root.get("/StructTreeRoot")
    return int(root.get("/ParentTreeNextKey", 0)) if root is not None else 0


def _append(whole: Pdf, chunk: Pdf, offset: int, prefix: str) -> int:
    """Steps 1 to 3 for one chunk; returns how many keys it used."""
    used = _next_key(chunk)
    first = len(whole.pages)
    for page in chunk.pages:
        _shift(page.obj, "/StructParents", offset)
        for annotation in page.obj.get("/Annots", Array([])):
            _shift(annotation, "/StructParent", offset)
    _prefix_ids(chunk.Root.StructTreeRoot, prefix)
    whole.pages.extend(chunk.pages)
    _join_trees(whole, chunk, offset)
    with whole.open_outline() as outline, chunk.open_outline() as other:
        for item in other.root:
            outline.root.append(_moved(item, chunk, first))
    return used


def _shift(holder: Any, key: str, offset: int) -> None:  # noqa: ANN401 (pikepdf object)
    if key in holder:
        holder[key] = int(holder[key]) + offset


def _join_trees(whole: Pdf, chunk: Pdf, offset: int) -> None:
    ours, theirs = whole.Root.StructTreeRoot, chunk.Root.StructTreeRoot
    copied = whole.copy_foreign(chunk.make_indirect(theirs))
    kids = copied.K if isinstance(copied.K, Array) else Array([copied.K])
    top = _document_element(ours)
    for kid in kids:
        for element in _children(kid):
            element.P = top
            top.K.append(element)
    numbers = _entries(ours.ParentTree, "/Nums")
    for key, value in _entries(copied.ParentTree, "/Nums"):
        numbers.append((int(key) + offset, value))
    flat = Array([])
    for key, value in numbers:
        flat.append(key)
        flat.append(value)
    ours.ParentTree = whole.make_indirect(Dictionary(Nums=flat))
    ours.ParentTreeNextKey = offset + int(theirs.get("/ParentTreeNextKey", 0))
    names = {bytes(key): value for key, value in _entries(ours.get("/IDTree"), "/Names")}
    names |= {bytes(key): value for key, value in _entries(copied.get("/IDTree"), "/Names")}
    if names:
        listed = Array([])
        for name in sorted(names):
            listed.append(String(name))
            listed.append(names[name])
        ours.IDTree = whole.make_indirect(Dictionary(Names=listed))


def _document_element(root: Any) -> Any:  # noqa: ANN401
    """The one element under the root, with its kids as an array."""
    top = root.K[0] if isinstance(root.K, Array) else root.K
    if not isinstance(top.K, Array):
        top.K = Array([top.K])
    return top


def _children(kid: Any) -> list[Any]:  # noqa: ANN401
    """Kids of a chunk's Document element; an element of another type is kept whole."""
    if kid.get("/S") == Name.Document:
        return list(kid.K) if isinstance(kid.K, Array) else [kid.K]
    return [kid]


def _entries(tree: Any, leaf: str) -> list[tuple[Any, Any]]:  # noqa: ANN401
    """(key, value) of a number or name tree, whatever its depth."""
    if tree is None:
        return []
    found = []
    flat = list(tree.get(leaf, Array([])))
    found += list(zip(flat[::2], flat[1::2], strict=True))
    for kid in tree.get("/Kids", Array([])):
        found += _entries(kid, leaf)
    return found


def _prefix_ids(root: Any, prefix: str) -> None:  # noqa: ANN401
    """Ids of the chunk's elements, in the elements, their /Headers and the tree."""
    mark = prefix.encode()
    queue = [root]
    while queue:
        element = queue.pop()
        if not isinstance(element, Dictionary):
            continue
        if "/ID" in element:
            element.ID = String(mark + bytes(element.ID))
        attributes = element.get("/A")
        for attribute in attributes if isinstance(attributes, Array) else [attributes]:
            if isinstance(attribute, Dictionary) and "/Headers" in attribute:
                attribute.Headers = Array([String(mark + bytes(h)) for h in attribute.Headers])
        kids = element.get("/K")
        queue += list(kids) if isinstance(kids, Array) else [kids] if kids is not None else []
    tree = root.get("/IDTree")
    if tree is not None:
        _prefix_names(tree, mark)


def _prefix_names(tree: Any, mark: bytes) -> None:  # noqa: ANN401
    if "/Names" in tree:
        flat = list(tree.Names)
        tree.Names = Array(
            [String(mark + bytes(x)) if at % 2 == 0 else x for at, x in enumerate(flat)]
        )
    if "/Limits" in tree:
        tree.Limits = Array([String(mark + bytes(x)) for x in tree.Limits])
    for kid in tree.get("/Kids", Array([])):
        _prefix_names(kid, mark)


def _moved(item: pikepdf.OutlineItem, chunk: Pdf, first: int) -> pikepdf.OutlineItem:
    """An outline entry that points to the same page in the merged document."""
    page = 0
    destination = item.destination
    if isinstance(destination, Array) and len(destination):
        for at, candidate in enumerate(chunk.pages):
            if candidate.obj.objgen == destination[0].objgen:
                page = at
    moved = pikepdf.OutlineItem(item.title, first + page)
    moved.children.extend(_moved(child, chunk, first) for child in item.children)
    return moved


def _stamp(whole: Pdf, stamps: Path) -> None:
    """Step 4."""
    with Pdf.open(stamps) as stamped:
        for page, stamp in zip(whole.pages, stamped.pages, strict=True):
            form = whole.copy_foreign(stamp.as_form_xobject())
            # A name of our own: the library would make up a random one.
            page.add_resource(form, Name.XObject, STAMP)
            before = (
                b"/Artifact <</Type /Pagination>> BDC q " + str(STAMP).encode() + b" Do Q EMC q\n"
            )
            page.contents_add(whole.make_stream(before), prepend=True)
            page.contents_add(whole.make_stream(b"\nQ"))


def _label(whole: Pdf, labels: tuple[str, ...]) -> None:
    """Step 5: one entry a page, because zeros in front cannot be counted up."""
    flat = Array([])
    for number, label in enumerate(labels):
        flat.append(number)
        flat.append(Dictionary(P=String(label)))
    whole.Root.PageLabels = whole.make_indirect(Dictionary(Nums=flat))
