"""case.toml: what the case is about, in the words of the person who answers for it.

Parsed once into frozen values. An empty text means *not supplied* (None): nothing is assumed in its
place. Whatever butfor does not understand is refused with file and line, because a misspelled key
would otherwise silently not count.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from collector import case_counterfactuals, case_people
from collector.case_counterfactuals import Counterfactuals
from collector.case_exhibits import ExhibitNumbering as ExhibitNumbering
from collector.case_exhibits import exhibits
from collector.case_people import Assigned
from collector.errors import CaseError
from collector.toml_source import Source, Table, show

CONFIG = "case.toml"
FORMAT = 1

PROFILES = ("us-federal", "us-state", "uk-civil", "uk-criminal", "eu")
CLOCK_STARTS = ("discovered", "contained", "notified")
_READING = re.compile(r"A[1-9]\d*=(first|other)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """The proceeding, and who examines by what authority; None = not supplied."""

    title: str | None
    court: str | None
    number: str | None
    party: str | None
    examiner: str | None
    authority: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A party, its role, and the principals and accounts that are said to be its own."""

    name: str
    role: str | None
    principals: tuple[str, ...]
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """Accesses taken out of the incident, with the reason, which is printed."""

    principals: tuple[str, ...]
    addresses: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Which accesses are the incident; see the specification of the product.

    Attributes:
        time_from: first instant, None = open.
        time_to: first instant after it (half-open), None = open.
        resources: none given = all.
        addresses: single addresses or networks.
        principals: ARNs, accounts, unique ids; `*` as a pattern.
        anonymous: whether anonymous accesses are meant.
        exempt: wins over everything else.
        discovered, contained, notified: when, None = not supplied.
    """

    time_from: datetime | None
    time_to: datetime | None
    resources: tuple[str, ...]
    addresses: tuple[str, ...]
    principals: tuple[str, ...]
    anonymous: bool
    exempt: tuple[Exemption, ...]
    discovered: datetime | None
    contained: datetime | None
    notified: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A contractual or statutory period, its trigger chosen by the user (R-044, R-045).

    Attributes:
        name: key under [clocks].
        starts: `discovered`, `contained`, `notified`, or None if `starts_at` gives a time.
        hours: length of the period; 0 if `preset` names a rule whose period is taken.
        rule: the clause or provision; `version` its date, as text.
        preset: id of a rule of the baselines, checked when exhibits are made.
        ends: event that the clock ends with; None = notified.
    """

    name: str
    starts: str | None
    starts_at: datetime | None
    hours: int
    rule: str | None
    version: str | None
    preset: str | None = None
    ends: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jurisdiction:
    """Profile and facts that wording depends on (R-004); None = not supplied.

    `lawful_basis` and `impact_assessment` are of the processing of personal data (R-112).
    """

    profile: str | None
    law: tuple[str, ...]
    contract: str | None
    contract_date: str | None
    data_classes: tuple[str, ...]
    executed_in_us: bool | None
    personal_data: bool | None = None
    lawful_basis: str | None = None
    impact_assessment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """The four named premises (`access.md` G9): on by default, printed where they carry weight.

    `readings` are entries of the provider's register of ambiguities that the case takes as it says
    (`A4=other`), beside the premise on all of them.
    """

    records_complete: bool = True
    unseen_guardrails_absent: bool = True
    gaps_minimal: bool = True
    documented_readings: bool = True
    readings: tuple[str, ...] = ()

    def on(self) -> tuple[str, ...]:
        """Names, as case.toml and the tables spell them, of those that are on."""
        state = {
            "records-complete": self.records_complete,
            "unseen-guardrails-absent": self.unseen_guardrails_absent,
            "gaps-minimal": self.gaps_minimal,
            "documented-readings": self.documented_readings,
        }
        held = [name for name, is_on in state.items() if is_on]
        return (*held, *(f"reading {one}" for one in self.readings))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseConfig:
    """All of case.toml."""

    matter: Matter
    parties: tuple[Party, ...]
    incident: Incident
    clocks: tuple[Clock, ...]
    time_zone: str
    exhibits: ExhibitNumbering
    jurisdiction: Jurisdiction
    assumptions: Assumptions
    counterfactuals: Counterfactuals = field(default_factory=Counterfactuals)
    people: tuple[Assigned, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The zone that times are shown in; they are stored and compared in UTC."""
        return ZoneInfo(self.time_zone)


def find(path: Path | None) -> Path:
    """The case folder: the one given, else the one that the command is run in (or below).

    Raises:
        CaseError: there is none.
    """
    start = (path or Path.cwd()).resolve()
    for folder in (start,) if path else (start, *start.parents):
        if (folder / CONFIG).is_file():
            return folder
    raise CaseError(
        f"{start}: expected a case folder (with {CONFIG}), found none. Run the command inside "
        "one, name one with --case, or make one with `butfor init CASE`."
    )


def load(case: Path) -> CaseConfig:
    """Parse the case's case.toml.

    Raises:
        ConfigError: with file and line, what was expected and found.
        CaseError: the folder is not a case, or one of a newer format.
    """
    if not (case / CONFIG).is_file():
        find(case)
    source = Source(case / CONFIG)
    top = Table(source, (), source.values)
    _check_format(top)
    config = CaseConfig(
        matter=_matter(top.table("matter")),
        parties=tuple(_party(table) for table in top.tables("parties")),
        incident=_incident(top.table("incident")),
        clocks=_clocks(top.table("clocks")),
        time_zone=_time_zone(top.table("display")),
        exhibits=exhibits(top.table("exhibits")),
        jurisdiction=_jurisdiction(top.table("jurisdiction")),
        assumptions=_assumptions(top.table("assumptions")),
        counterfactuals=case_counterfactuals.parse(top.table("counterfactuals")),
        people=tuple(case_people.parse(table) for table in top.tables("people")),
    )
    top.close()
    return config


def _check_format(top: Table) -> None:
    found = top.number("format", 0, 1)
    if found == 0:
        raise top.error("format", f"expected the key format = {FORMAT} at the top, found none")
    if found > FORMAT:
        raise CaseError(
            f"{top.source.path}: expected case format {FORMAT}, found {found}. This case was "
            "written by a newer butfor: use that one. Nothing was changed."
        )


def _matter(table: Table) -> Matter:
    matter = Matter(
        title=table.text("title"), court=table.text("court"), number=table.text("number"),
        party=table.text("party"), examiner=table.text("examiner"),
        authority=table.text("authority"),
    )  # fmt: skip
    table.close()
    return matter


def _party(table: Table) -> Party:
    name = table.text("name")
    if name is None:
        raise table.error("name", "expected the party's name, found none")
    party = Party(
        name=name, role=table.text("role"), principals=table.texts("principals"),
        accounts=table.texts("accounts"),
    )  # fmt: skip
    table.close()
    return party


def _incident(table: Table) -> Incident:
    incident = Incident(
        time_from=table.instant("from"), time_to=table.instant("to"),
        resources=table.texts("resources"), addresses=_addresses(table),
        principals=table.texts("principals"), anonymous=bool(table.flag("anonymous", False)),
        exempt=tuple(_exemption(one) for one in table.tables("exempt")),
        discovered=table.instant("discovered"), contained=table.instant("contained"),
        notified=table.instant("notified"),
    )  # fmt: skip
    table.close()
    start, end = incident.time_from, incident.time_to
    if start is not None and end is not None and end <= start:
        raise table.error(
            "to",
            f"expected a time after `from` ({start.isoformat()}), found {end.isoformat()}; the "
            "range holds `from` and ends before `to`",
        )
    return incident


def _exemption(table: Table) -> Exemption:
    reason = table.text("reason")
    if reason is None:
        raise table.error("reason", "expected the reason for the exemption, found none")
    exemption = Exemption(
        principals=table.texts("principals"), addresses=_addresses(table), reason=reason
    )
    if not exemption.principals and not exemption.addresses:
        raise table.error("principals", "expected principals or addresses to exempt, found none")
    table.close()
    return exemption


def _addresses(table: Table) -> tuple[str, ...]:
    given = table.texts("addresses")
    for address in given:
        try:
            ip_network(address)
        except ValueError as error:
            raise table.error(
                "addresses",
                f"expected an address or network, as in 203.0.113.7 or 203.0.113.0/24, found "
                f"{show(address)} ({error})",
            ) from error
    return given


def _clocks(table: Table) -> tuple[Clock, ...]:
    clocks = []
    for name, one in table.named():
        starts, starts_at = one.choice("starts", CLOCK_STARTS), one.instant("starts_at")
        if (starts is None) == (starts_at is None):
            raise one.error("starts", "expected either starts or starts_at, and not both")
        hours, preset = one.number("hours", 0, 1), one.text("preset")
        if bool(hours) == bool(preset):
            found = "both" if hours else "none"
            raise one.error(
                "hours", f"expected the length of the period in hours, or a preset, found {found}"
            )
        clocks.append(
            Clock(
                name=name, starts=starts, starts_at=starts_at, hours=hours,
                rule=one.text("rule"), version=one.text("version"), preset=preset,
                ends=one.choice("ends", CLOCK_STARTS),
            )
        )  # fmt: skip
        one.close()
    return tuple(clocks)


def _time_zone(table: Table) -> str:
    zone = table.text("time_zone") or "UTC"
    table.close()
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise table.error(
            "time_zone",
            f"expected a zone of the IANA database, as in Europe/Berlin, found {show(zone)}",
        ) from error
    return zone


def _jurisdiction(table: Table) -> Jurisdiction:
    jurisdiction = Jurisdiction(
        profile=table.choice("profile", PROFILES), law=table.texts("law"),
        contract=table.text("contract"), contract_date=table.text("contract_date"),
        data_classes=table.texts("data_classes"),
        executed_in_us=table.flag("executed_in_us", None),
        personal_data=table.flag("personal_data", None),
        lawful_basis=table.text("lawful_basis"), impact_assessment=table.text("impact_assessment"),
    )  # fmt: skip
    table.close()
    return jurisdiction


def _assumptions(table: Table) -> Assumptions:
    assumptions = Assumptions(
        records_complete=bool(table.flag("records-complete", True)),
        unseen_guardrails_absent=bool(table.flag("unseen-guardrails-absent", True)),
        gaps_minimal=bool(table.flag("gaps-minimal", True)),
        documented_readings=bool(table.flag("documented-readings", True)),
        readings=_readings(table),
    )
    table.close()
    return assumptions


def _readings(table: Table) -> tuple[str, ...]:
    found = table.texts("readings")
    for one in found:
        if not _READING.fullmatch(one):
            raise table.error("readings", f'expected "A4=other" or "A13=first", found "{one}"')
    named = [one.partition("=")[0] for one in found]
    if len(set(named)) < len(named):
        raise table.error("readings", "expected each entry of the register once, found one twice")
    return tuple(sorted(found))
