"""Where in a bundle something stands: printed numbers of exhibits, rows of their native tables.

A place is said in plain words and is no link: links lead to rows of the same file.
"""

from collections.abc import Mapping

from reports.documents import forms
from reports.documents.forms import Form
from reports.exhibits import parts
from reports.material import Material

#: What each key of the catalogue is, in the words of its cover.
TITLES: Mapping[str, str] = {
    "A": "Chain of custody and acquisition log",
    "B": "Index of evidence",
    "C": "Configuration history",
    "D": "Summary of access events",
    "E": "Causation timeline",
    "F": "But-for matrix and findings",
    "G": "Scope",
    "H": "Baseline as of the date",
    "I": "Warnings and clocks",
    "J": "Control",
    "K": "Gaps, contradictions, calibration, limits",
    "L": "Drafts for signature, report scaffold, maps and notices",
    "M": "Method and validation",
}
Numbers = Mapping[str, tuple[str, ...]]


def exhibit(numbers: Numbers, key: str) -> str:
    """`Ex. 2`, `Exs. 3, 4`; says so if the edition has none."""
    found = numbers.get(key, ())
    if not found:
        return f"no exhibit of kind {key} in this edition"
    return f"Ex{'s' if len(found) > 1 else ''}. {', '.join(found)}"


def rows(numbers: Numbers, key: str, n: int) -> str:
    """`Ex. 2, rows 1–29`, of an exhibit of which there is one; without rows its number alone."""
    found = numbers.get(key, ())
    return parts.rows_cite(found[0], 1, n) if n and len(found) == 1 else exhibit(numbers, key)


def document(material: Material, numbers: Numbers, form: Form) -> str:
    """`Ex. 13`, of one document of exhibit L."""
    chosen = forms.chosen(material.config.jurisdiction, material.mode)
    found = numbers.get("L", ())
    if form not in chosen or len(found) != len(chosen):
        return f"{form.rule}: not in this edition"
    return f"Ex. {found[chosen.index(form)]}"
