"""Statements against one request: what a set of documents allows and denies."""

from timeline.policy.aws.context import Request
from timeline.policy.aws.language import Statement
from timeline.policy.aws.slots import PolicySet
from timeline.policy.kleene import Kleene, Unknown, all_of, both, either, negate


class Weight:
    """An answer with the labels of the statements that give it."""

    __slots__ = ("answer", "labels")

    def __init__(self, answer: Kleene = False) -> None:
        self.answer = answer
        self.labels: list[str] = []

    def add(self, answer: Kleene, label: str) -> None:
        """One statement more."""
        if answer is True:
            self.labels.append(label)
        self.answer = either(self.answer, answer)


class Grants:
    """Allow statements of a resource policy by the kind of their principal match."""

    __slots__ = ("account", "direct", "role")

    def __init__(self) -> None:
        self.direct = Weight()
        self.role = Weight()
        self.account = Weight()

    def limited(self, keeps: Kleene) -> "Grants":
        """The same grants, as far as `keeps` holds; without labels, since none is certain."""
        found = Grants()
        for name in Grants.__slots__:
            getattr(found, name).answer = all_of(getattr(self, name).answer, keeps)
        return found

    @property
    def any(self) -> Kleene:
        """An Allow in one way or another."""
        if self is NO_GRANTS:
            return False
        return either(either(self.direct.answer, self.role.answer), self.account.answer)

    @property
    def labels(self) -> list[str]:
        """All labels, strongest kind first."""
        return [*self.direct.labels, *self.role.labels, *self.account.labels]


#: Shared; nobody adds to what these functions return.
NOTHING = Weight()
NO_GRANTS = Grants()


def identity_weight(
    policies: PolicySet, action: str, resource: str, request: Request, *, denies: bool = False
) -> Weight:
    """Documents without Principal: identity, boundary, session, service control, endpoint."""
    if policies.silent:
        return NOTHING
    found: Weight | None = None
    for label, document in policies.documents:
        if document.problem:
            found = found or Weight()
            found.add(Unknown(f"malformed {label}: {document.problem}"), label)
        for statement in document.denying(action) if denies else document.allowing(action):
            answer = statement.applies(resource, request)
            if answer is not False:
                if statement.has_principal:
                    answer = Unknown(f"malformed {label}{statement.label}: Principal")
                found = found or Weight()
                found.add(answer, label + statement.label)
    if policies.further is not None:
        found = found or Weight()
        found.add(policies.further, policies.slot)
    return found or NOTHING


def resource_denies(
    policies: PolicySet, action: str, resource: str, request: Request, *, bounded: Kleene
) -> Weight:
    """Deny statements of documents with Principal that mean this caller."""
    if policies.silent:
        return NOTHING
    found: Weight | None = None
    for label, document in policies.documents:
        if document.problem:
            found = found or Weight()
            found.add(Unknown(f"malformed {label}: {document.problem}"), label)
        for statement in document.denying(action):
            answer = statement.applies(resource, request)
            if answer is not False:
                spoken = statement.speaks_to(request, bounded=bounded).any
                found = found or Weight()
                found.add(both(answer, spoken), label + statement.label)
    if policies.further is not None:
        found = found or Weight()
        found.add(policies.further, policies.slot)
    return found or NOTHING


def resource_grants(
    policies: PolicySet, action: str, resource: str, request: Request, *, star_is_direct: Kleene
) -> Grants:
    """Allow statements of documents with Principal, by kind of match.

    Args:
        star_is_direct: whether `*` counts as naming the caller; it does not for a federated
            user's session without session policy.
    """
    if policies.silent:
        return NO_GRANTS
    found: Grants | None = None
    for label, document in policies.documents:
        if document.problem:
            found = found or Grants()
            found.direct.add(Unknown(f"malformed {label}: {document.problem}"), label)
        for statement in document.allowing(action):
            answer = statement.applies(resource, request)
            if answer is not False:
                found = found or Grants()
                _add(found, statement, answer, label, request, star_is_direct)
    if policies.further is not None:
        found = found or Grants()
        found.direct.add(policies.further, policies.slot)
    return found or NO_GRANTS


def _add(
    found: Grants,
    statement: Statement,
    answer: Kleene,
    label: str,
    request: Request,
    star_is_direct: Kleene,
) -> None:
    match = statement.speaks_to(request)
    name = label + statement.label
    named = statement.principals
    if star_is_direct is not True and (statement.not_principal or (named and named.everyone)):
        found.direct.add(both(both(answer, match.direct), star_is_direct), name)
        found.role.add(both(both(answer, match.direct), negate(star_is_direct)), name)
        return
    if match.direct is not False:
        found.direct.add(both(answer, match.direct), name)
    if match.role is not False:
        found.role.add(both(answer, match.role), name)
    if match.account is not False:
        found.account.add(both(answer, match.account), name)
