"""Session policies: given when a session is made, fixed for its life.

A session is known by its ARN, and two sessions of one name have one ARN. Where the records hold
several with different policies, which one made a call is not recorded: the slot is not known.
Source: `state.md` section 1, row AssumeRole*.
"""

from collections.abc import Iterable
from dataclasses import replace

from timeline.state.aws.context import Context, Handler, replace_slot, text_at
from timeline.state.aws.record import document, field, many, request, response, statements, text
from timeline.state.ledger import Atoms, ChangeKind, Recorded, Shown, Write, scalar

SESSION_POLICY = "session_policy"
SESSION_POLICY_ARNS = "session_policy_arns"


def assume_role(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Policies of the new session; none is known to be none."""
    if record.error_code is not None:
        return ()
    arn = _session_arn(record)
    if arn is None:
        return ()

    def inline() -> Atoms:
        given = field(request(record), "policy")
        return statements(document(given)) if text(given) or isinstance(given, dict) else {}

    def managed() -> Atoms:
        listed = many(field(request(record), "policyArns"))
        arns = sorted(filter(None, (text_at(each, "arn") or text(each) for each in listed)))
        return scalar(list(arns)) if arns else {}

    made = ((SESSION_POLICY, inline), (SESSION_POLICY_ARNS, managed))
    writes = [replace_slot(record, arn, slot, content) for slot, content in made]
    return tuple(replace(w, shown=Shown.ALWAYS if w.atoms else Shown.NEVER) for w in writes)


def settle(writes: Iterable[Write]) -> list[Write]:
    """Writes with those of ambiguous session names made opaque."""
    listed = list(writes)
    contents: dict[tuple[str, str], set[tuple[str, ...] | None]] = {}
    for write in listed:
        if write.slot in (SESSION_POLICY, SESSION_POLICY_ARNS):
            facts = None if write.atoms is None else tuple(sorted(map(str, write.atoms.items())))
            contents.setdefault((write.resource_uid, write.slot), set()).add(facts)
    why = "several sessions of this name were made, with different policies"
    return [
        replace(write, atoms=None, kind=ChangeKind.OPAQUE, why=why)
        if len(contents.get((write.resource_uid, write.slot), ())) > 1
        else write
        for write in listed
    ]


def _session_arn(record: Recorded) -> str | None:
    """ARN of the session; a call made by a service may lack it in its answer."""
    named = text_at(response(record), "assumedRoleUser", "arn")
    federated = text_at(response(record), "federatedUser", "arn")
    if named or federated:
        return named or federated
    role = text(field(request(record), "roleArn"))
    session = text(field(request(record), "roleSessionName"))
    parts = (role or "").split(":", 5)
    if len(parts) != 6 or session is None:
        return None
    return f"arn:{parts[1]}:sts::{parts[4]}:assumed-role/{parts[5].rsplit('/', 1)[-1]}/{session}"


HANDLERS: dict[str, Handler] = {
    "AssumeRole": assume_role,
    "AssumeRoleWithSAML": assume_role,
    "AssumeRoleWithWebIdentity": assume_role,
    "GetFederationToken": assume_role,
}
