"""What a rendition redacts, and on which basis: a TOML file, or a profile that ships.

name = "counsel-2026-03"
basis = "stipulated protective order of 2026-03-02, section 4"
classes = ["address", "email", "account", "principal"]
object_keys = ["claims/*"]

[[values]]                # what has no form of its own: names, dates of birth, account numbers
class = "minor"
value = "Jane Roe"
basis = "Rule 5.2(a)(3)"
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from collector.errors import ConfigError, UsageError
from collector.toml_source import Source, Table
from reports.redaction import finders, spelling

#: Classes that the material names, beside those that finders know by their form.
NAMED = ("principal",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value given by name."""

    kind: str
    value: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is redacted.

    Attributes:
        name: of the profile, printed.
        basis: rule, order or agreement that it rests on, printed; the reader judges it.
        classes: of `finders`, and `principal`. Keys are masked whatever a profile says (R-099).
        object_keys: patterns with `*` and `?` of names of objects.
        values: given by name.
    """

    name: str
    basis: str
    classes: tuple[str, ...] = ()
    object_keys: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()


SHIPPED: Mapping[str, Profile] = MappingProxyType(
    {
        "us-5.2": Profile(
            name="us-5.2", basis="Federal Rule of Civil Procedure 5.2(a)",
            classes=("financial", "taxpayer"),
        ),
        "gdpr-min": Profile(
            name="gdpr-min", basis="Regulation (EU) 2016/679, article 5(1)(c)",
            classes=("address", "email", "financial", "principal", "taxpayer"),
        ),
        "all": Profile(
            name="all", basis="every class that is known by its form",
            classes=("account", "address", "email", "financial", "principal", "taxpayer"),
        ),
    }
)  # fmt: skip


def known() -> tuple[str, ...]:
    """Classes that a profile may name."""
    return tuple(sorted({one.kind for one in finders.every()} | set(NAMED)))


def load(given: str) -> Profile:
    """A profile by its name, or by the path of its file.

    Raises:
        UsageError: neither.
        ConfigError: the file is not in form: file, line, expected, found.
    """
    if given in SHIPPED:
        return SHIPPED[given]
    path = Path(given)
    if not path.is_file():
        raise UsageError(
            f"--redact {given}: expected {', '.join(SHIPPED)}, or a file, found neither."
        )
    source = Source(path)
    table = Table(source, (), source.values)
    name, basis = table.text("name"), table.text("basis")
    if name is None or basis is None:
        raise ConfigError(f"{path}: expected `name` and `basis`, both printed, found one missing.")
    classes = table.texts("classes")
    for kind in classes:
        if kind not in known():
            raise table.error("classes", f"expected some of {', '.join(known())}, found {kind!r}")
    made = Profile(
        name=name, basis=basis, classes=tuple(sorted(set(classes))),
        object_keys=table.texts("object_keys"),
        values=tuple(_value(one, basis) for one in table.tables("values")),
    )  # fmt: skip
    table.close()
    return made


def _value(table: Table, basis: str) -> Value:
    kind, value = table.text("class"), table.text("value")
    if kind is None or value is None or not kind.replace("-", "").isalnum():
        raise table.error("value", "expected `class` (letters and digits) and `value`")
    if len(value) < spelling.SHORTEST:
        raise table.error(
            "value",
            f"expected at least {spelling.SHORTEST} characters, found {len(value)}: so short a "
            "text is found inside unrelated words. Give it together with what surrounds it",
        )
    its_basis = table.text("basis") or basis
    table.close()
    return Value(kind=kind, value=value, basis=its_basis)
