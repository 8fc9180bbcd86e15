"""Every text of the material with tokens in place of values, before any exhibit is made of it."""

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Any, TypeVar

from reports.material import Material
from reports.model import Exhibit
from reports.redaction import finders, spelling
from reports.redaction.profile import Profile
from reports.redaction.pseudonyms import Pseudonyms

Rewrite = Callable[[str], str]
T = TypeVar("T")

#: Fields of an exhibit that hold no text of the case.
OURS = ("key", "number", "stem", "kind", "origin")
#: Word of the tokens of parts of names, which may be common words: not searched for afterwards.
PART = "NAMEPART"
#: Columns whose whole value names a caller.
CALLERS = ("actor_uid", "session_issuer_uid", "technical_actor", "principal")
#: Words in those columns that name nobody.
NOBODY = frozenset({"anonymous", "not logged", "unattributed", "unknown"})
#: Columns that hold digests of single records or statements.
DIGESTS = ("record_sha256", "fact")
_DIGEST = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{64}|[0-9a-f]{12})(?![0-9A-Za-z])")
_DERIVED = re.compile(r"(?<![\w-])(class|finding|window|gap)-([0-9a-f]{16,20})(?![0-9a-f])")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Literals:
    """What is known by name.

    Attributes:
        words: value -> word of its token.
        places: `container/key` -> key, for keys too short to be looked for by themselves; and
            `"name"` -> name, for the last part of a caller's name, which may be any word.
        digests: of single records and statements, which a reader could try values against.
        shown: beginnings of all digests, twelve places, which may look like a number.
    """

    words: Mapping[str, str]
    places: Mapping[str, str]
    digests: frozenset[str]
    shown: frozenset[str] = frozenset()


def literals(material: Material, profile: Profile) -> Literals:
    """Those of a profile, found in the material."""
    words: dict[str, str] = {}
    places: dict[str, str] = {}
    rows = tuple(_rows(material))
    if "principal" in profile.classes:
        callers = {row[name] for row in rows for name in CALLERS if isinstance(row.get(name), str)}
        for caller in sorted(callers):
            if caller.lower() not in NOBODY and len(caller) >= spelling.SHORTEST:
                words[caller] = "PRINCIPAL"
                last = caller.rpartition("/")[2]
                places |= {f'"{last}"': last} if last and last != caller else {}
        words |= {name: "PRINCIPAL" for name in sorted(_people(material))}
    for container, key in sorted(_objects(rows)):
        if any(fnmatchcase(key, pattern) for pattern in profile.object_keys):
            if len(key) >= spelling.SHORTEST:
                words[key] = "OBJECT"
            else:
                places[f"{container}/{key}"] = key
    words |= {one.value: one.kind.upper() for one in profile.values}
    return Literals(
        words=words, places=places,
        digests=frozenset(
            row[name] for row in rows for name in DIGESTS
            if isinstance(row.get(name), str) and re.fullmatch("[0-9a-f]{64}", row[name])
        ),
        shown=frozenset(
            [value[:12] for row in rows for value in row.values()
             if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)]
            + [item.digest.sha256[:12] for item in material.items]
        ),
    )  # fmt: skip


def _people(material: Material) -> set[str]:
    """Persons that the ladder of attribution names, and their ids in a directory."""
    found: set[str] = set()
    for row in material.changes:
        ladder = json.loads(row["attribution"] or "{}").get("ladder") or {}
        shown = ladder.get("person_shown") or ()
        found |= {str(ladder["person"])} if "person" in ladder else set()
        found |= {str(one["user"]) for one in shown if "user" in one}
    return found


def rewriter(known: Literals, profile: Profile, pseudonyms: Pseudonyms) -> Rewrite:
    """The function from a text to the text with tokens."""
    spelled = spelling.by_spelling(known.words)
    found = spelling.pattern(spelled)
    placed = spelling.pattern(known.places)
    forms = [
        one for one in finders.every() if one.kind in profile.classes and one.kind != "key"
    ]  # fmt: skip
    prefixes = {digest[:12]: digest for digest in sorted(known.digests)}
    shown = known.shown | {pseudonyms.keyed(digest)[:12] for digest in known.digests}
    done: dict[str, str] = {}

    def literal(match: re.Match[str]) -> str:
        value = spelled[match[0]]
        return pseudonyms.token(known.words[value], value)

    def place(match: re.Match[str]) -> str:
        value = known.places[match[0]]
        before, _, after = match[0].rpartition(value)
        return before + pseudonyms.token(PART if before == '"' else "OBJECT", value) + after

    def digest(match: re.Match[str]) -> str:
        whole = match[0] if len(match[0]) == 64 else prefixes.get(match[0], "")
        return pseudonyms.keyed(whole)[: len(match[0])] if whole in known.digests else match[0]

    def derived(match: re.Match[str]) -> str:
        return f"{match[1]}-{pseudonyms.keyed(match[2])}"

    def rewrite(text: str) -> str:
        if text in done:
            return done[text]
        made = found.sub(literal, text) if found else text
        made = placed.sub(place, made) if placed else made
        for form in forms:
            made = form.pattern.sub(_token(form, pseudonyms, shown), made)
        made = _DERIVED.sub(derived, _DIGEST.sub(digest, made))
        done[text] = mask(made)
        return done[text]

    return rewrite


def _token(
    form: finders.Finder, pseudonyms: Pseudonyms, shown: frozenset[str]
) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        if match[0] in shown or not form.holds(match[0]):
            return match[0]
        return pseudonyms.token(form.word, match[0])

    return replace


def mask(text: str) -> str:
    """Ids of keys without their middle: in every edition, whatever a profile says (R-099)."""
    for form in finders.every():
        if form.kind == "key":
            text = form.pattern.sub(lambda match: f"{match[0][:4]}…{match[0][-4:]}", text)
    return text


def exhibit(made: Exhibit, change: Rewrite) -> Exhibit:
    """An exhibit rewritten; its drawings are of rewritten values, and hold numbers of their own."""
    return through(made, change, leave=(*OURS, "svg"))


def masked(made: Exhibit) -> Exhibit:
    """An exhibit, drawings included, without the middle of any id of a key."""
    return through(made, mask, leave=OURS)


def through(value: T, rewrite: Rewrite, *, leave: Iterable[str] = ()) -> T:
    """A value with every text in it rewritten; fields named in `leave` stay as they are."""
    return _through(value, rewrite, frozenset(leave))  # type: ignore[no-any-return]


def _through(value: Any, rewrite: Rewrite, leave: frozenset[str]) -> Any:  # noqa: ANN401
    if isinstance(value, Enum) or value is None:
        return value
    if isinstance(value, str):
        return rewrite(value)
    if isinstance(value, PurePath):
        return type(value)(rewrite(str(value)))
    if isinstance(value, Mapping):
        return {rewrite(key) if isinstance(key, str) else key: _through(one, rewrite, leave)
                for key, one in value.items()}  # fmt: skip
    if isinstance(value, list | tuple | frozenset):
        return type(value)(_through(one, rewrite, leave) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: _through(getattr(value, field.name), rewrite, leave)
            for field in dataclasses.fields(value)
            if field.init and field.name not in leave
        }
        return dataclasses.replace(value, **changed)
    return value


def _rows(material: Material) -> Iterator[Mapping[str, Any]]:
    """Every row of every table of the material, findings and their parts included."""
    for field in dataclasses.fields(material):
        held = getattr(material, field.name)
        if isinstance(held, Mapping):
            held = tuple(held.values())
        if isinstance(held, tuple):
            yield from (row for row in held if isinstance(row, Mapping))


def _objects(rows: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    return {
        (row["container"], row["object"])
        for row in rows
        if isinstance(row.get("object"), str) and isinstance(row.get("container"), str)
    }
