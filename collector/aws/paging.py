"""How a listing goes on, and when an answer is not yet one: rules of pages and of jobs."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from botocore import xform_name

from collector.aws.cell import member
from collector.aws.outcomes import UNDER_WAY, UNFINISHED

#: Token out -> token in, for listings that the SDK has no paginator for.
TOKENS: tuple[tuple[str, str], ...] = (
    ("NextToken", "NextToken"),
    ("nextToken", "nextToken"),
    ("NextContinuationToken", "ContinuationToken"),
    ("Marker", "Marker"),
    ("NextMarker", "Marker"),
)
TRUNCATED: tuple[str, ...] = ("IsTruncated", "isTruncated", "Truncated")


def next_page(client: Any, name: str, page: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Parameters of the next page; empty at the end.

    The SDK's own paging rules where it has them, else the tokens that the answer and the
    operation's input both know. A test holds that every listing of the allow-list has rules of
    one or the other kind, and that the SDK's rules name members and nothing more.
    """
    method = xform_name(name)
    if client.can_paginate(method):
        rules = client.get_paginator(method)._pagination_cfg
        more = rules.get("more_results")
        if more is not None and not member(page, more):
            return {}
        ins, outs = rules["input_token"], rules["output_token"]
        ins = [ins] if isinstance(ins, str) else ins
        outs = [outs] if isinstance(outs, str) else outs
        found = {i: member(page, o) for i, o in zip(ins, outs, strict=True)}
        return {i: value for i, value in found.items() if value}
    shape = client.meta.service_model.operation_model(name).input_shape
    members = shape.members if shape is not None else {}
    for given, wanted in TOKENS:
        if wanted in members and (token := listing(page).get(given)):
            return {wanted: token}
    return {}


def listing(page: Mapping[str, Any]) -> Mapping[str, Any]:
    """The list with its tokens: the page, or what the page wraps as its one member."""
    inner = next(iter(page.values())) if len(page) == 1 else None
    return inner if isinstance(inner, Mapping) else page


def says_more(page: Mapping[str, Any]) -> bool:
    """Whether an answer says of itself that it is not all."""
    return any(listing(page).get(name) is True for name in TRUNCATED)


def page_content(page: Mapping[str, Any]) -> bytes | None:
    """What tells a page of a listing from another, whatever its tokens: a digest of its lists.

    None for a page without entries: listings that are filtered may have several of these.
    """
    lists = {
        name: value for name, value in listing(page).items() if isinstance(value, list) and value
    }
    if not lists:
        return None
    return hashlib.sha256(json.dumps(lists, sort_keys=True, default=str).encode()).digest()


def under_way(name: str, page: Mapping[str, Any]) -> bool:
    """Whether a job at the provider has not ended, so that this is not its answer yet."""
    return name in UNDER_WAY and page.get(UNDER_WAY[name]) in UNFINISHED
