"""Which accesses belong to the incident, by the definition in case.toml and by nothing else.

Rule (specification: product, The incident), in this order:
1. outside the time range: no; 2. resource not listed (none listed = all): no;
3. exempt principal or address: no, with the reason given for the exemption;
4. anonymous (where the definition says so), or address listed, or principal listed: yes;
5. a definition that names neither: every logged success in the range: yes.
A refused request can be in the incident (4); findings count successes.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from collector.case import Incident


def judge(row: Mapping[str, Any], criteria: Incident) -> tuple[bool, str]:
    """Whether an event is in the incident, and by which criterion.

    Args:
        row: one row of `events`.
        criteria: the definition.

    Returns:
        (in the incident, one phrase that names the deciding criterion).
    """
    time = row["time"]
    if criteria.time_from is not None and time < criteria.time_from:
        return False, "before the time range"
    if criteria.time_to is not None and time >= criteria.time_to:
        return False, "after the time range"
    if criteria.resources and not any(_is_resource(row, r) for r in criteria.resources):
        return False, "resource not listed"
    for exemption in criteria.exempt:
        if _listed(row, exemption.principals, exemption.addresses):
            return False, f"exempt: {exemption.reason}"
    return _by_actor(row, criteria)


def _by_actor(row: Mapping[str, Any], criteria: Incident) -> tuple[bool, str]:
    if criteria.anonymous and row["auth_method"] == "anonymous":
        return True, "anonymous"
    if _from_address(row, criteria.addresses):
        return True, "address listed"
    if _by_principal(row, criteria.principals):
        return True, "principal listed"
    if criteria.anonymous or criteria.addresses or criteria.principals:
        return False, "neither anonymous nor listed"
    if row["outcome"] == "success":
        return True, "success in the range (the definition names no actor)"
    return False, "not a success (the definition names no actor)"


def _is_resource(row: Mapping[str, Any], wanted: str) -> bool:
    uid, container = row["resource_uid"] or "", row["container"] or ""
    if wanted in (uid, container):
        return True
    if "*" in wanted:
        return fnmatchcase(uid, wanted) or fnmatchcase(container, wanted)
    return uid.startswith(f"{wanted}/")


def _listed(
    row: Mapping[str, Any], principals: tuple[str, ...], addresses: tuple[str, ...]
) -> bool:
    return _by_principal(row, principals) or _from_address(row, addresses)


def _by_principal(row: Mapping[str, Any], wanted: tuple[str, ...]) -> bool:
    """Exact names, or patterns: a role listed by its ARN covers the sessions it issued."""
    held = [
        row[column]
        for column in ("actor_uid", "session_issuer_uid", "actor_unique_id", "actor_account_uid")
        if row[column]
    ]
    return any(fnmatchcase(value, w) if "*" in w else value == w for w in wanted for value in held)


def _from_address(row: Mapping[str, Any], wanted: tuple[str, ...]) -> bool:
    """The source field may hold a service's name instead of an address: then only equality."""
    source = row["src_ip"]
    if not source:
        return False
    if source in wanted:
        return True
    try:
        address = ip_address(source)
    except ValueError:
        return False
    return any(address in network for network in map(_network, wanted) if network is not None)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
