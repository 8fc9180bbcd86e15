"""Exhibit L, one entry a document: which of them the case gets, and what makes each."""

from collections.abc import Iterator
from functools import partial
from typing import Protocol

from reports.documents import forms, foundation, notice, report, rule_map
from reports.documents.forms import Form
from reports.documents.places import Numbers
from reports.exhibits import certificates
from reports.material import Material
from reports.model import Exhibit, Label


class Build(Protocol):
    """Makes one document, given material, its own name, and the numbers of all exhibits by key."""

    def __call__(self, material: Material, label: Label, numbers: Numbers, /) -> Exhibit:
        """One exhibit."""


def entries(material: Material) -> Iterator[tuple[str, Build]]:
    """(part of the file name, what makes it) of each document of the case's jurisdiction."""
    for form in forms.chosen(material.config.jurisdiction, material.mode):
        yield form.name, _maker(form)


def _maker(form: Form) -> Build:
    if form in forms.CERTIFICATES:
        return partial(certificates.build, form=form)
    special = {forms.MAP: rule_map, forms.NOTICE: notice, forms.FOUNDATION: foundation}
    return partial(special.get(form, report).build, form=form)
