"""The caller's side joined with a resource's side (R-EVAL 5 to 7, R-EVAL-X, -A, -S, R-S3-7)."""

from timeline.policy.aws import s3
from timeline.policy.aws.callers import Callers, Result
from timeline.policy.aws.context import in_account
from timeline.policy.aws.slots import PolicySet
from timeline.policy.aws.weigh import NO_GRANTS, Grants, Weight
from timeline.policy.kleene import Kleene, all_of, any_of, both, choose, either, negate

#: Ways of being allowed that are listed at most; more of them change nothing.
_PATHS = 64


class Side:
    """The caller's side, to be joined with each resource side in turn."""

    __slots__ = ("boundary", "callers", "identity", "own", "result", "session")

    def __init__(
        self,
        callers: Callers,
        identity: Weight,
        boundary: Kleene,
        session: Kleene,
        result: Result,
    ) -> None:
        self.callers = callers
        self.identity = identity
        self.boundary = boundary
        self.session = session
        self.own = both(both(identity.answer, boundary), session)
        self.result = result
        if identity.answer is True:
            self._void_own()

    def _void_own(self) -> None:
        for by, answer in (
            ("permissions_boundary", self.boundary),
            ("session_policies", self.session),
        ):
            if answer is False:
                self.result.voided += [{"grant": g, "by": by} for g in self.identity.labels]

    def own_side(self, own: Kleene) -> Kleene:
        """Where no resource policy exists: identity policies of the resource's account."""
        if self.callers.request.principal.kind == "Root":
            return own
        self._path([], own_side=True, answer=all_of(self.own, own))
        return all_of(self.own, own)

    def restricted(
        self, slot: PolicySet, grants: Grants, owner: Kleene, *, access_point: bool
    ) -> Grants:
        """The grants that RestrictPublicBuckets leaves to this caller."""
        callers = self.callers
        request, state = callers.request, callers.state
        if grants.any is False or owner is True or request.principal.kind == "AWSService":
            return grants
        if access_point:
            point = state.text("access_point.account")
            owner = any_of(owner, in_account(request, point, "access_point.account"))
        applies, on = s3.restricts(state, request, slot, access_point=access_point)
        keeps = any_of(owner, negate(applies))
        if keeps is True:
            return grants
        if keeps is False:
            self.result.voided += [{"grant": label, "by": on} for label in grants.labels]
            return NO_GRANTS
        return grants.limited(keeps)

    def side(self, grants: Grants, acl: s3.AclWeight | None, own: Kleene) -> Kleene:
        """The resource side and the caller's side, for a caller of the owner's account or not."""
        kind = self.callers.request.principal.kind
        everyone = acl.everyone.answer if acl else False
        signed = acl.signed.answer if acl else False
        account = acl.account.answer if acl else False
        labels = grants.labels + (acl.labels if acl else [])
        if kind in ("Anonymous", "AWSService"):
            answer = either(either(grants.direct.answer, everyone), account)
            self._path(labels, own_side=False, answer=answer)
            return answer
        resource = grants.any if acl is None else either(grants.any, acl.any)
        if kind == "Root":
            answer = either(own, resource)
            self._path(["account root"] if own is True else labels, own_side=False, answer=answer)
            return answer
        same = self._same_account(grants, either(everyone, signed)) if own is not False else False
        cross = self._cross_account(resource, everyone) if own is not True else False
        answer = choose(own, same, cross)
        direct = grants.direct.labels + grants.role.labels
        if own is True:
            direct += [*acl.everyone.labels, *acl.signed.labels] if acl else []
            self._path(direct, own_side=False, answer=answer)
            self._path([], own_side=True, answer=both(answer, self.own))
        else:
            self._path(labels, own_side=True, answer=answer)
        return answer

    def _same_account(self, grants: Grants, acl: Kleene) -> Kleene:
        direct = grants.direct.answer
        # A1: do session policies limit a grant that names the session itself, or everybody?
        if direct is not False and self.session is not True:
            limited = self.callers.request.principal.kind in ("AssumedRole", "FederatedUser")
            if limited and not self.callers.request.readings.default("A1"):
                direct = all_of(direct, self.session)
        role = both(both(grants.role.answer, self.boundary), self.session)
        return either(either(direct, role), either(self.own, acl))

    def _cross_account(self, resource: Kleene, everyone: Kleene) -> Kleene:
        if self.callers.request.principal.account == "cloudfront":
            return resource  # an origin access identity has no policies of its own
        # A9: does an AllUsers grant need the caller's identity side too?
        open_to_all = everyone is not False and self.own is not True
        if open_to_all and not self.callers.request.readings.default("A9"):
            return any_of(everyone, all_of(self.own, resource))
        return both(self.own, resource)

    def _path(self, labels: list[str], *, own_side: bool, answer: Kleene) -> None:
        """Book how it is allowed: each resource grant, with each identity grant if needed."""
        if answer is not True:
            return
        paths = self.result.paths
        if not own_side:
            paths += [(label,) for label in labels]
            return
        for mine in self.identity.labels:
            paths += [(mine, label) for label in labels] if labels else [(mine,)]
            if len(paths) > _PATHS:
                break

    def key_side(self, grants: Grants, own: Kleene) -> Kleene:
        """Keys and role trust: identity policies count only where the policy lets the account."""
        kind = self.callers.request.principal.kind
        if kind in ("Anonymous", "AWSService"):
            return grants.direct.answer
        role = all_of(grants.role.answer, self.boundary, self.session)
        delegated = all_of(grants.account.answer, kind == "Root" or self.own)
        same = any_of(grants.direct.answer, role, delegated)
        cross = all_of(grants.any, kind == "Root" or self.own)
        return choose(own, same, cross)
