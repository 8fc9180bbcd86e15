"""Two spellings of one setting: what was written, and what the provider gives back for it.

The provider gives some settings back in another form than they were put: a list of one as its
element, other orders, an account as the ARN of its root, its own default spelled out. Taken for
disagreement, each would be a hidden change that nobody made. An observation that says the same as
a recorded write is therefore given that write's facts. Nothing else is equated: a principal that
was deleted comes back as its unique id, and is another statement.

Source: IAM user guide, "JSON policy elements: Principal" (account principals); API references of
GetBucketPolicy, GetBucketEncryption, GetBucketLogging, DescribeVpcEndpoints.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from timeline.model import Json
from timeline.state.aws.endpoints import endpoint_uid
from timeline.state.aws.record import mapping, text
from timeline.state.ledger import SCALAR, Atoms, Observation, Write, canonical, digest

_ACCOUNT = re.compile(r"\Aarn:aws[a-z-]*:iam::(\d{12}):root\Z")
#: Members of a statement whose values are sets.
_SETS = ("Action", "NotAction", "Resource", "NotResource")
_PRINCIPALS = ("Principal", "NotPrincipal")


def by_place(writes: Iterable[Write]) -> dict[tuple[str, str], list[Write]]:
    """Accepted writes with readable content, by resource and slot, the latest first."""
    found: dict[tuple[str, str], list[Write]] = {}
    for write in sorted(writes, key=lambda each: (each.record.order, each.rank), reverse=True):
        if write.accepted and write.atoms is not None:
            found.setdefault((write.resource_uid, write.slot), []).append(write)
    return found


def aligned(seen: Observation, written: Mapping[tuple[str, str], list[Write]]) -> Observation:
    """An observation with the facts of the latest earlier write that says the same."""
    if seen.atoms is None:
        return seen
    said = _meaning(seen, seen.atoms)
    for write in written.get((seen.resource_uid, seen.slot), ()):
        earlier = write.record.time <= seen.at
        if earlier and write.atoms is not None and _meaning(seen, write.atoms) == said:
            return replace(seen, atoms=write.atoms)
    return seen


def _meaning(seen: Observation, atoms: Atoms) -> tuple[str, ...]:
    """What a content says, however it is spelled."""
    value = mapping(atoms.get(SCALAR))
    if seen.slot == "encryption":
        own = value.get("algorithm") in (None, "AES256")  # the provider's keys decide no access
        return () if own else (digest(value),)
    if seen.slot == "logging":
        named: list[Json] = [text(value.get(name)) for name in ("TargetBucket", "TargetPrefix")]
        return (digest(named),)
    if SCALAR in atoms:
        return (digest(atoms[SCALAR]),)
    if any(fact.startswith("grant:") for fact in atoms):
        return tuple(sorted(atoms))
    said = {_statement(mapping(each)) for each in atoms.values()}
    if seen.resource_uid.startswith(endpoint_uid("")):
        said -= {_OPEN}  # what an endpoint without a policy is given back with
    return tuple(sorted(said))


def _statement(value: Mapping[str, Json]) -> str:
    """Digest of a statement with its sets in one order and one spelling, less its Sid."""
    given = mapping(value.get("Statement"))
    plain: dict[str, Json] = {name: each for name, each in given.items() if name != "Sid"}
    plain |= {name: _set(given[name]) for name in _SETS if name in given}
    plain |= {name: _principals(given[name]) for name in _PRINCIPALS if name in given}
    condition = mapping(given.get("Condition"))
    if condition:
        plain["Condition"] = {
            operator: {key: _set(values) for key, values in mapping(keys).items()}
            for operator, keys in condition.items()
        }
    version = text(value.get("Version")) or "2008-10-17"
    return digest({"Version": version, "Statement": plain})


def _principals(value: Json) -> Json:
    """By kind; `*` and `{"AWS": "*"}` name the same, so do an account and its root."""
    if not isinstance(value, dict):
        return _set(value)
    found: dict[str, Json] = {}
    for kind, each in value.items():
        named = each if isinstance(each, list) else [each]
        found[kind] = _set([_ACCOUNT.sub(r"\1", n) if isinstance(n, str) else n for n in named])
    return ["*"] if found == {"AWS": ["*"]} else found


def _set(value: Json) -> list[Json]:
    """Members of a set in one order; a set of one may be written as its member."""
    listed = value if isinstance(value, list) else [value]
    members = {canonical(each) if isinstance(each, dict | list) else text(each) for each in listed}
    return [*sorted(member or "" for member in members)]


#: The statement of the policy that lets everything through.
_OPEN = _statement(
    {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}
)
