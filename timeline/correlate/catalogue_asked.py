"""Every control of the catalogue and every declared target, asked of one incident."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

from collector.case import CaseConfig
from collector.case_counterfactuals import Counterfactuals
from timeline.correlate.clouds import cloud
from timeline.correlate.contents import state_of
from timeline.correlate.controls import Control, catalogue
from timeline.correlate.counterfactuals import Accesses, Asked, count, deciding, row
from timeline.correlate.decisions import RequestClass, Setting
from timeline.correlate.targets import Target, at_creation, declared
from timeline.correlate.views import Place, Viewed
from timeline.model import SlotState

#: Parameters by name with their values, and where each comes from.
Given: TypeAlias = tuple[Mapping[str, Sequence[str]], Mapping[str, str]]

#: Parameter -> (value, where it comes from).
Supplied: TypeAlias = Mapping[str, tuple[str, str]]

NOT_SUPPLIED = "not supplied"
#: Word of `status` where a control is not asked for want of a parameter.
PARAMETER_MISSING = "parameter not supplied"


def rows(accesses: Accesses, setting: Setting, config: CaseConfig) -> list[dict[str, Any]]:
    """Rows of `controls`; none where case.toml does not define the incident.

    A case without a definition may have every access of an account in it: then `butfor whatif
    --controls` asks, when somebody wants it.
    """
    defined = config.incident
    criteria = (
        defined.time_from, defined.time_to, defined.resources, defined.addresses,
        defined.principals, defined.anonymous,
    )  # fmt: skip
    if not any(criteria):
        return []
    asked = all_of(accesses, setting, config.counterfactuals, defined.time_from)
    return [row(one) for one in asked]


def all_of(
    accesses: Accesses,
    setting: Setting,
    named: Counterfactuals,
    since: datetime | None,
    more: Mapping[str, str] | None = None,
) -> list[Asked]:
    """The targets, then the controls in the order of the catalogue.

    Args:
        accesses: logged successes in the incident, with their classes.
        setting: of the build.
        named: `[counterfactuals]` of case.toml.
        since: from when on; None = from the first of the accesses.
        more: parameters from the command line, which win over those of case.toml.
    """
    if not accesses:
        return []
    start = since or min(row["time"] for row, _ in accesses)
    provider = setting.provider
    default = cloud(provider.name).default
    targets = declared(named, default)
    if not named.default_at_creation:
        targets = (at_creation(default), *targets)
    found = [of_target(target, accesses, setting, start) for target in targets]
    given = {name: (value, "case.toml") for name, value in named.given}
    given |= {name: (value, "--with") for name, value in (more or {}).items()}
    found += [
        of_control(control, given, accesses, setting, start)
        for control in catalogue(provider.name).values()
    ]
    return found


def of_target(target: Target, accesses: Accesses, setting: Setting, since: datetime) -> Asked:
    """Every slot that decides an access held at a declared target."""

    def held(one: RequestClass, view: Viewed) -> Mapping[Place, SlotState]:
        contents = target.contents(sorted(one.slice.places), view, one.at)
        return {place: state_of(setting.provider, content) for place, content in contents.items()}

    return Asked(
        name=target.name, kind="target",
        title=f"every setting that decides the access at: {target.name}",
        given={}, supplied={}, since=since, available=None,
        source="dated provider defaults"
        if target.name.startswith("provider")
        else "configuration computed from the records",
        status="asked", note=None,
        counted=count(accesses, deciding(held, since, setting)),
    )  # fmt: skip


def of_control(
    control: Control,
    given: Supplied,
    accesses: Accesses,
    setting: Setting,
    since: datetime,
) -> Asked:
    """One control on from an instant, or why it is not asked."""
    values, supplied = _parameters(control, given, accesses, setting)
    last = max((row["time"] for row, _ in accesses), default=since)
    missing = sorted(name for name, said in supplied.items() if said == NOT_SUPPLIED)
    start = max(since, control.available)
    ask = partial(
        Asked, name=control.name, kind="control", title=control.title, given=values,
        supplied=supplied, since=start, available=control.available, source=control.source,
    )  # fmt: skip
    if control.available > last:
        return ask(
            status="not available", counted=None,
            note=f"available from {control.available:%Y-%m-%d}, after the last of the accesses",
        )  # fmt: skip
    if missing:
        wanted = "; ".join(f"{name}: {control.parameters[name]}" for name in missing)
        return ask(
            status=PARAMETER_MISSING, counted=None,
            note=f"expected {wanted}; neither the records nor case.toml nor --with give it",
        )  # fmt: skip

    controlled = cloud(setting.provider.name).controlled

    def held(one: RequestClass, view: Viewed) -> Mapping[Place, SlotState] | None:
        return controlled(control, values, one.container, one.principal, view, one.at)

    late = f"available from {start:%Y-%m-%d}: accesses before it would have happened"
    return ask(
        status="asked", note=late if start > since else None,
        counted=count(accesses, deciding(held, start, setting)),
    )  # fmt: skip


def _parameters(control: Control, given: Supplied, accesses: Accesses, setting: Setting) -> Given:
    """What is supplied wins over what the records give."""
    principals = sorted({one.principal for _, one in accesses})
    recorded = cloud(setting.provider.name).recorded(setting.view, principals)
    values: dict[str, Sequence[str]] = {}
    supplied: dict[str, str] = {}
    for name in sorted(control.parameters):
        if name in given:
            value, supplied[name] = given[name]
            values[name] = (value,)
        elif recorded.get(name):
            values[name], supplied[name] = recorded[name], "records"
        else:
            supplied[name] = NOT_SUPPLIED
    return values, supplied
