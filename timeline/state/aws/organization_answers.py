"""Answers about an organization: its tree, its policies, where they are attached.

A list in several pages comes as several answers of one time: each proves what it shows, and all of
them together what is not there, if only the last one does not speak of more.

Source: AWS Organizations API reference (ListRoots, ListOrganizationalUnitsForParent,
ListAccountsForParent, ListParents, ListPoliciesForTarget, ListTargetsForPolicy,
DescribeEffectivePolicy, DescribeOrganization).
"""

from collections.abc import Iterable, Mapping, Sequence

from timeline.model import Json
from timeline.state.aws.context import account_uid, text_at
from timeline.state.aws.organizations import (
    ATTACHMENTS,
    EFFECTIVE,
    MANAGEMENT,
    MENTIONED,
    ORGANIZATION,
    PARENT,
    POLICY,
    POLICY_TYPE,
    TREE,
    TYPE,
    TYPES,
    policy_uid,
    target_uid,
)
from timeline.state.aws.record import Unreadable, document, many, mapping, statements, text
from timeline.state.aws.seen import Seen, Shown, pages
from timeline.state.ledger import OWNER, Name, Observation, scalar

ORGANIZATION_KIND = "aws.organizations.organization"
ROOTS = "aws.organizations.roots"
UNITS = "aws.organizations.units"
ACCOUNTS = "aws.organizations.accounts"
PARENTS = "aws.organizations.parents"
POLICIES = "aws.organizations.policies"
POLICY_KIND = "aws.organizations.policy"
TARGETS = "aws.organizations.targets"
ATTACHED = "aws.organizations.attached"
EFFECTIVE_KIND = "aws.organizations.effective"

#: Errors that say that an account is in no organization, or that no policy reaches it.
NOT_IN_USE = "AWSOrganizationsNotInUseException"
NO_EFFECTIVE = "EffectivePolicyNotFoundException"

COMPLETE = scalar("complete")


def organization(one: Seen) -> tuple[Shown, ...]:
    """Nothing but names: see `names`."""
    if text_at(one.body.get("Organization"), "Id") is None:
        raise Unreadable("expected Organization with its Id, found neither or one")
    return ()


def in_none(one: Seen) -> tuple[Shown, ...]:
    """The account that asked is in no organization."""
    return ((target_uid(one.about.removeprefix(account_uid(""))), PARENT, {}),)


def roots(one: Seen) -> tuple[Shown, ...]:
    """Types of policy in use; one that a root does not list is not."""
    shown: list[Shown] = []
    for root in _listed(one, "Roots"):
        uid = target_uid(_id(root))
        states = {
            text_at(each, "Type"): text_at(each, "Status")
            for each in many(mapping(root).get("PolicyTypes"))
        }
        for kind in TYPES:
            if states.get(kind) in (None, "ENABLED"):
                shown.append((uid, f"{POLICY_TYPE}/{kind}", scalar(kind in states)))
    return tuple(shown)


def children(one: Seen) -> tuple[Shown, ...]:
    """Units or accounts of the parent that the request named."""
    listed = _listed(one, "OrganizationalUnits" if one.kind == UNITS else "Accounts")
    return tuple((target_uid(_id(each)), PARENT, scalar(one.about)) for each in listed)


def parents(one: Seen) -> tuple[Shown, ...]:
    """The parent of the account that the request named."""
    listed = _listed(one, "Parents")
    if len(listed) != 1:
        raise Unreadable(f"expected one parent, found {len(listed)}")
    return ((target_uid(one.about), PARENT, scalar(_id(listed[0]))),)


def policy(one: Seen) -> tuple[Shown, ...]:
    """Statements of a control policy; any other policy is one value."""
    body = mapping(one.body.get("Policy"))
    summary = mapping(body.get("PolicySummary"))
    if text(summary.get("Id")) is None or text(summary.get("Type")) is None:
        raise Unreadable("expected Id and Type in PolicySummary, found neither or one")
    given = document(body.get("Content"))
    content = statements(given) if "Statement" in given else scalar(given)
    return ((policy_uid(_id(summary)), "content", content),)


def targets(one: Seen) -> tuple[Shown, ...]:
    """Where the policy that the request named is attached."""
    listed = [text_at(each, "TargetId") for each in _listed(one, "Targets")]
    slot = f"{POLICY}/{one.about}"
    return tuple((target_uid(each), slot, scalar(one.about)) for each in listed if each)


def attached(one: Seen) -> tuple[Shown, ...]:
    """Policies of one type at the target that the request named."""
    uid = target_uid(one.about.partition("/")[0])
    names = [_id(each) for each in _listed(one, "Policies")]
    return tuple((uid, f"{POLICY}/{name}", scalar(name)) for name in names)


def effective(one: Seen) -> tuple[Shown, ...]:
    """What the policies of one type come to for an account."""
    account, _, kind = one.about.partition("/")
    written = mapping(one.body.get("EffectivePolicy")).get("PolicyContent")
    return ((target_uid(account), f"{EFFECTIVE}/{kind}", scalar(document(written))),)


def no_effective(one: Seen) -> tuple[Shown, ...]:
    """No policy of the type reaches the account."""
    account, _, kind = one.about.partition("/")
    return ((target_uid(account), f"{EFFECTIVE}/{kind}", {}),)


def names(seen: Iterable[Seen]) -> dict[tuple[str, str], Name]:
    """Types of policies and which are in use beyond the provider's own; the managing account."""
    found: dict[tuple[str, str], Name] = {}
    for one in seen:
        managing = text_at(one.body.get("Organization"), "MasterAccountId")
        if one.kind == ORGANIZATION_KIND and managing:
            for slot in (MANAGEMENT, OWNER):
                found.setdefault(
                    (ORGANIZATION, slot), Name(value=managing, provenance=one.provenance)
                )
        summaries = many(one.body.get("Policies")) if one.kind in (POLICIES, ATTACHED) else []
        if one.kind == POLICY_KIND:
            summaries = [mapping(one.body.get("Policy")).get("PolicySummary")]
        for summary in summaries:
            policy_id, kind = text_at(summary, "Id"), text_at(summary, "Type")
            if kind is None:
                continue
            if policy_id is not None:
                name = Name(value=kind, provenance=one.provenance)
                found.setdefault((policy_uid(policy_id), TYPE), name)
            if kind in TYPES and text_at(summary, "AwsManaged") != "true":
                place = (ORGANIZATION, f"{MENTIONED}/{TYPES[kind]}")
                found.setdefault(place, Name(value=TYPES[kind], provenance=one.provenance))
    return found


def absences(
    seen: Sequence[Seen], places: Iterable[tuple[str, str]], types: Mapping[str, str]
) -> list[Observation]:
    """What complete lists do not show.

    Args:
        seen: answers.
        places: (resource, slot) that any record or answer mentions.
        types: policy -> its type.
    """
    known = sorted(set(places))
    found: list[Observation] = []
    for group in pages(seen, (ATTACHED, TARGETS), _more):
        last = group[-1]
        shown = {shown[:2] for one in group for shown in _READ[one.kind](one)}
        target, _, kind = last.about.partition("/")
        if last.kind == ATTACHED:
            uid = target_uid(target)
            found.append(last.observation(uid, f"{ATTACHMENTS}/{kind}", COMPLETE, "all pages"))
        for uid, slot in known:
            family, _, name = slot.partition("/")
            if family != POLICY or not uid.startswith(target_uid("")) or (uid, slot) in shown:
                continue
            here = uid == target_uid(target) and types.get(name) == kind
            if here if last.kind == ATTACHED else name == last.about:
                found.append(last.observation(uid, slot, {}, "not in the list"))
    return found + _tree(seen, known)


def _tree(seen: Sequence[Seen], known: Sequence[tuple[str, str]]) -> list[Observation]:
    """Trees of which every root and unit was asked for its units and accounts, to the end."""
    found: list[Observation] = []
    for acquisition in sorted({one.acquisition for one in seen if one.kind == ROOTS}):
        own = [one for one in seen if one.acquisition == acquisition]
        listed = {(group[-1].kind, group[-1].about): group
                  for group in pages(own, (ROOTS, UNITS, ACCOUNTS), _more)}  # fmt: skip
        tops = [group for (kind, _), group in listed.items() if kind == ROOTS]
        parents_of = [_id(each) for group in tops for one in group
                      for each in many(one.body.get("Roots"))]  # fmt: skip
        held: list[Seen] = []
        shown: set[str] = set()
        while parents_of:
            parent = parents_of.pop()
            groups = [listed.get((kind, parent)) for kind in (UNITS, ACCOUNTS)]
            if None in groups:
                held = []
                break
            for one in (one for group in groups if group for one in group):
                held.append(one)
                here = [uid for uid, _, _ in children(one)]
                shown.update(here)
                if one.kind == UNITS:
                    parents_of += [uid.removeprefix(target_uid("")) for uid in here]
        if not held:
            continue
        last = max(held, key=lambda one: one.at)
        found.append(last.observation(ORGANIZATION, TREE, COMPLETE, "every root and unit asked"))
        found += [
            last.observation(uid, PARENT, {}, "in no list of accounts or units")
            for uid, slot in known
            if slot == PARENT and uid not in shown
        ]
    return found


def _more(one: Seen) -> bool:
    return text(one.body.get("NextToken")) is not None


def _listed(one: Seen, name: str) -> list[Json]:
    """Entries of a list.

    Raises:
        Unreadable: there is none; an empty one says that there are no entries.
    """
    if not isinstance(one.body.get(name), list):
        raise Unreadable(f"expected the list {name}, found none")
    return many(one.body[name])


def _id(value: Json) -> str:
    """`Id` of an entry.

    Raises:
        Unreadable: it has none.
    """
    named = text_at(value, "Id")
    if named is None:
        raise Unreadable("expected Id in an entry, found none")
    return named


_READ = {ATTACHED: attached, TARGETS: targets}
