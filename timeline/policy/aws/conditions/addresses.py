"""IpAddress: CIDR membership; no prefix length is one address (R-IAM-7).

A version 4 address is never in a version 6 network. A value that is no address matches nothing.
"""

import socket
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from timeline.policy.aws.conditions.strings import Matcher
from timeline.policy.aws.context import Request, SomePath
from timeline.policy.kleene import Kleene


@lru_cache(maxsize=65_536)
def address(text: str) -> tuple[int, int] | None:
    """(version, number) of an address, or None."""
    for version, family in ((4, socket.AF_INET), (6, socket.AF_INET6)):
        try:
            return version, int.from_bytes(socket.inet_pton(family, text), "big")
        except (OSError, ValueError):
            continue
    return None


def network(text: str) -> IPv4Network | IPv6Network | None:
    """A network as written in a policy, host bits allowed; None if it is none."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def within(values: tuple[str, ...], variables: bool) -> Matcher:
    """Whether the address lies in one of the networks."""
    ranges = tuple(
        (net.version, int(net.network_address), int(net.broadcast_address))
        for net in map(network, values)
        if net is not None
    )

    def matches(value: str | SomePath, request: Request) -> Kleene:
        found = address(value) if isinstance(value, str) else None
        if found is None:
            return False
        version, position = found
        return any(v == version and low <= position <= high for v, low, high in ranges)

    return matches
