"""Resource shares (RAM): what is shared, and with whom.

Read and shown, and not decided: a share of an S3 resource acts through a policy of that resource
or through Access Grants. Every resource and principal has a slot of its own, since the calls add
and take away. Source: `state.md` section 1, row ram; RAM User Guide, logging with CloudTrail.
"""

from collections.abc import Iterator
from functools import partial

from timeline.state.aws.context import Context, Handler, ends, replace_slot, text_at
from timeline.state.aws.record import field, many, request, response, text, truth
from timeline.state.ledger import Atoms, Recorded, Write, scalar

OUTSIDERS = "allow_external_principals"


def create(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Its ARN is in the answer, and so is whether outsiders may be let in."""
    share = text_at(response(record), "resourceShare", "resourceShareArn")
    if share is None:
        return ()
    return (*_outsiders(record, share), *_members(record, share, inside=True))


def update(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Only what is given changes."""
    share = _share(record)
    return () if share is None else tuple(_outsiders(record, share))


def associate(inside: bool, record: Recorded, _: Context) -> tuple[Write, ...]:
    """Resources and principals join or leave."""
    share = _share(record)
    return () if share is None else tuple(_members(record, share, inside=inside))


def delete(record: Recorded, _: Context) -> tuple[Write, ...]:
    """The share ends."""
    share = _share(record)
    return () if share is None else (ends(record, share),)


def _members(record: Recorded, share: str, *, inside: bool) -> Iterator[Write]:
    def content() -> Atoms:
        return scalar(value=True) if inside else {}

    for kind, member in (("resource", "resourceArns"), ("principal", "principals")):
        for each in many(field(request(record), member)):
            name = text(each)
            if name is not None:
                yield replace_slot(record, share, f"{kind}/{name}", content)


def _outsiders(record: Recorded, share: str) -> Iterator[Write]:
    given = field(request(record), "allowExternalPrincipals")
    answered = text_at(response(record), "resourceShare", "allowExternalPrincipals")
    said = answered if given is None else given
    if said is not None:
        yield replace_slot(record, share, OUTSIDERS, lambda: scalar(truth(said)))


def _share(record: Recorded) -> str | None:
    return text(field(request(record), "resourceShareArn"))


HANDLERS: dict[str, Handler] = {
    "CreateResourceShare": create,
    "UpdateResourceShare": update,
    "AssociateResourceShare": partial(associate, True),
    "DisassociateResourceShare": partial(associate, False),
    "DeleteResourceShare": delete,
}
