"""What correlation asks of a cloud, by the provider's name: the rest of it names none.

A cloud lies in `timeline/correlate/<name>/`, whose `cloud.py` fills `CLOUD`. It is loaded when the
records name its provider.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from timeline.correlate.controls import Control
from timeline.correlate.provider import Edges, Probe, Provider
from timeline.correlate.targets import Default
from timeline.correlate.views import Place, Viewed
from timeline.model import Json, SlotState
from timeline.state.defaults import Default as DatedDefault

#: Providers that correlation knows; the first is asked where the records name none.
NAMES = ("aws",)


class Setting(Protocol):
    """A setting as a cloud names it: how it is called, what writes it and what shows it."""

    @property
    def pattern(self) -> str:
        """Slot, `*` as a pattern."""

    @property
    def title(self) -> str:
        """What it is called in print."""

    @property
    def write(self) -> str:
        """Action that changes it."""

    @property
    def read(self) -> str:
        """Action that shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """The functions of one cloud.

    Attributes:
        provider: what deciding and causation ask.
        default: the provider's default of a place.
        is_container: whether a resource is one that holds objects.
        setting_of: slot -> its setting; None where it is none.
        settings_of: (view, resource) -> settings that the records mention.
        default_at: (slot, instant) -> (default, its dated row); None where none is known.
        principals: (view, rows of `changes`) -> who can be asked, those that wrote first.
        account_of: account of a principal.
        is_policy: whether a slot of a principal holds one of its policies.
        probe: (view, edges, principal, action, resource) -> request to ask; None as it cannot be.
        controlled: (control, parameters, container, principal, view, instant) -> contents with a
            named control on; None where what it builds on is not known.
        recorded: (view, principals) -> parameters of controls that the records give.
    """

    provider: Provider
    default: Default
    is_container: Callable[[str], bool]
    setting_of: Callable[[str], Setting | None]
    settings_of: Callable[[Viewed, str], Sequence[Setting]]
    default_at: Callable[[str, datetime], tuple[Json, DatedDefault | None] | None]
    principals: Callable[[Viewed, Iterable[Mapping[str, Any]]], tuple[str, ...]]
    account_of: Callable[[str], str]
    is_policy: Callable[[str], bool]
    probe: Callable[[Viewed, Edges, str, str, str], Probe | None]
    controlled: Callable[
        [Control, Mapping[str, Sequence[str]], str, str, Viewed, datetime],
        Mapping[Place, SlotState] | None,
    ]
    recorded: Callable[[Viewed, Sequence[str]], Mapping[str, Sequence[str]]]


@cache
def cloud(name: str) -> Cloud:
    """A cloud by its provider's name."""
    found: Cloud = import_module(f"timeline.correlate.{name}.cloud").CLOUD
    return found


def of(rows: Iterable[Mapping[str, Any]]) -> Cloud:
    """The cloud that rows with a column `provider` are of."""
    named = {row.get("provider") for row in rows}
    return cloud(next((name for name in NAMES if name in named), NAMES[0]))


def is_container(uid: str) -> bool:
    """Whether a resource holds objects, in any cloud."""
    return any(cloud(name).is_container(uid) for name in NAMES)
