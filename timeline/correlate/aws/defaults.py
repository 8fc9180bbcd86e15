"""What the provider set where nobody said anything: of a bucket, of its day (R-007, R-196).

The dated rows are those that the state uses (`timeline/state/aws/defaults.json`). An observed value
at a creation is in the history already; here the default is asked for whatever was observed.
"""

from collections.abc import Mapping
from datetime import datetime

from timeline.correlate.contents import canonical
from timeline.correlate.course import Content
from timeline.correlate.views import Place, Viewed
from timeline.model import Bound, Json
from timeline.state import defaults
from timeline.state.aws import acl
from timeline.state.ledger import EXISTENCE, UNKNOWN

_BUCKET = "arn:aws:s3:::"
_FLAG = "public_access_block."


def default(
    place: Place, view: Viewed, at: datetime, as_of: datetime | None
) -> Mapping[Place, Content]:
    """The default of a place, nothing where there is none; None in it where it is not known.

    Args:
        place: a slot of a bucket or of an object; of others no default is known here.
        view: the history, for the creation.
        at: time of the request.
        as_of: day of the default; None = that of the creation.
    """
    resource, slot = place
    if not resource.startswith(_BUCKET):
        return {}
    if slot == "acl":  # of buckets and objects alike, since ever
        return {place: _content(acl.canned("private"))}
    if "/" in resource.removeprefix(_BUCKET):
        return {}
    if slot == "policy":
        return {place: ()}
    if slot == "requester_pays":
        return {place: _content({"value": False})}
    if slot != "ownership" and not slot.startswith(_FLAG):
        return {}
    name = "ownership" if slot == "ownership" else "public_access_block"
    values = {canonical(row.values[name]) for row in _rows(resource, view, at, as_of)}
    if len(values) != 1 or canonical(UNKNOWN) in values:
        return {place: None}
    return {place: (("value", values.pop()),)}


def _rows(
    resource: str, view: Viewed, at: datetime, as_of: datetime | None
) -> tuple[defaults.Default, ...]:
    """The row that applies; all that may, where only the latest moment of creation is known."""
    if as_of is not None:
        return (defaults.at("aws", "bucket", as_of),)
    held = view.at(resource, EXISTENCE, at).intervals
    start, bound = (held[0].start, held[0].start_bound) if held else (None, Bound.UNKNOWN)
    if start is not None and bound is Bound.EXACT:
        return (defaults.at("aws", "bucket", start),)
    latest = start if start is not None else at
    rows = defaults.table("aws", "bucket")
    return tuple(row for row in rows if row.start is None or row.start <= latest)


def _content(atoms: Mapping[str, Json]) -> Content:
    return tuple(sorted((fact, canonical(value)) for fact, value in atoms.items()))
