"""`butfor doctor aws`: before anything is collected, what can be read, and what expires when.

It asks the first question of every service (those that need no resource to be named), then the
questions about a bucket, a key, a user, a role and a trail of the first one that was listed, and of
the trails, their buckets and the configuration recorder what they keep and for how long (R-095).
It asks the caller's account in one Region. Nothing is kept; the calls stand in the provider's own
logs like all others.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from collector import clock
from collector.aws.collect import Caller, identify
from collector.aws.guard import Guard, allow_list
from collector.aws.lookup_events import RETENTION
from collector.aws.recorder import Recorder
from collector.aws.scope import Found, RunScope
from collector.aws.session import AccountConnection
from collector.model import Outcome
from collector.source import Condition, Operation

CONCURRENCY = 8
#: Parameters of questions that need some, but no resource.
GIVEN: Mapping[str, Mapping[str, Any]] = {
    "organizations:ListPolicies": {"Filter": "SERVICE_CONTROL_POLICY"},
    "ram:GetResourceShares": {"resourceOwner": "SELF"},
    "ram:GetResourceShareAssociations": {"associationType": "PRINCIPAL"},
    "ram:ListResources": {"resourceOwner": "SELF"},
    "ram:ListPrincipals": {"resourceOwner": "SELF"},
    "config:ListDiscoveredResources": {"resourceType": "AWS::S3::Bucket"},
    "cognito-identity:ListIdentityPools": {"MaxResults": 1},
    "cognito-idp:ListUserPools": {"MaxResults": 1},
}
FINDINGS_KEPT = timedelta(days=90)
LAST_USE_KEPT = timedelta(days=400)

#: Service and kind of resource -> listing, its member, what names one there, and the parameters
#: that name it in a question.
SAMPLES: Mapping[tuple[str, str], tuple[str, str, str, tuple[str, ...]]] = {
    ("s3", "bucket"): ("s3:ListBuckets", "Buckets", "Name", ("Bucket",)),
    ("kms", "key"): ("kms:ListKeys", "Keys", "KeyId", ("KeyId",)),
    ("iam", "user"): (
        "iam:GetAccountAuthorizationDetails", "UserDetailList", "UserName", ("UserName",)),
    ("iam", "role"): (
        "iam:GetAccountAuthorizationDetails", "RoleDetailList", "RoleName", ("RoleName",)),
    ("cloudtrail", "trail"): (
        "cloudtrail:DescribeTrails", "trailList", "TrailARN", ("Name", "TrailName")),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One question and how it ended; `sample` is what it was about, if it had to name something."""

    operation: Operation
    outcome: Outcome
    code: str | None
    pages: tuple[Mapping[str, Any], ...] = field(repr=False)
    sample: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the principal may read, and what is logged until when.

    Attributes:
        principal: as the provider reports it.
        region: where it was asked.
        probes: every question, in order of the allow-list.
        unprobed: operations that need a resource to be named, so that nothing is known of them.
        logging: what is logged, one line each.
        expiry: what will be gone when, one line each.
    """

    principal: str
    region: str
    probes: tuple[Probe, ...]
    unprobed: tuple[str, ...]
    logging: tuple[str, ...]
    expiry: tuple[str, ...]

    @property
    def denied(self) -> tuple[Probe, ...]:
        """Questions that were refused."""
        return tuple(one for one in self.probes if one.outcome is Outcome.DENIED)

    @property
    def unanswered(self) -> tuple[Probe, ...]:
        """Questions to which no answer came, so that nothing is known of the permission."""
        return tuple(one for one in self.probes if one.outcome is Outcome.FAILED)

    def as_data(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "denied": sorted(
                {permission for one in self.denied for permission in one.operation.permissions}
            ),
            "expiry": list(self.expiry),
            "logging": list(self.logging),
            "principal": self.principal,
            "probes": {one.operation.id: one.outcome.value for one in self.probes},
            "region": self.region,
            "samples": {one.operation.id: one.sample for one in self.probes if one.sample},
            "unprobed": list(self.unprobed),
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"principal: {self.principal}"
        yield f"asked in {self.region} alone; other accounts and Regions may differ"
        sampled = sum(one.sample is not None for one in self.probes)
        yield (
            f"asked {len(self.probes)} questions, {sampled} of them about the first bucket, key, "
            f"user, role or trail; refused: {len(self.denied)}; no answer: {len(self.unanswered)}"
        )
        for one in self.denied:
            needs = ", ".join(one.operation.permissions) or "no permission known"
            about = f" about {one.sample}" if one.sample else ""
            yield f"  refused {one.operation.id}{about} ({one.code}): needs {needs}"
        for one in self.unanswered:
            yield f"  no answer to {one.operation.id} ({one.code}): permission not established"
        yield f"not asked, because each names something else: {len(self.unprobed)} operations"
        if self.denied:
            yield "`butfor collect aws --policy` prints a policy that allows what is asked"
        yield "logging:"
        yield from (f"  {line}" for line in self.logging)
        yield "expires:"
        yield from (f"  {line}" for line in self.expiry)


def run(profile: str | None, now: datetime) -> Report:
    """Ask, and report.

    Raises:
        UsageError: no credentials, or the provider does not know them.
    """
    scope = RunScope(started=now, time_from=now, time_to=now)
    guard = Guard(scope, Found(scope))
    caller = identify(profile, guard)
    asker = _Asker(caller)
    asked, unprobed = [], []
    for operation, *_ in allow_list().values():
        if operation.condition is not Condition.ALWAYS:
            continue
        params = asker.parameters(operation)
        if params is None:
            unprobed.append(operation)
        else:
            asked.append((operation, params))
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        probes = tuple(pool.map(lambda one: asker.ask(*one), asked))
        answers = {one.operation.id: one for one in probes}
        samples = {one.id: found for one in unprobed if (found := asker.sample(one, answers))}
        more = pool.map(
            lambda one: asker.ask(one, samples[one.id][0], sample=samples[one.id][1]),
            [one for one in unprobed if one.id in samples],
        )
        probes += tuple(more)
    logging, expiry = _logging(asker, answers, now)
    return Report(
        principal=caller.arn,
        probes=probes,
        region=caller.region,
        unprobed=tuple(one.id for one in unprobed if one.id not in samples),
        logging=tuple(logging),
        expiry=tuple(expiry),
    )


class _Asker:
    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.connection = AccountConnection(
            caller.session,
            caller.account,
            Recorder(caller, concurrency=CONCURRENCY),
            concurrency=CONCURRENCY,
        )

    def parameters(self, operation: Operation) -> dict[str, Any] | None:
        """Parameters of a question that names no resource; None if it must name one."""
        client = self.connection.client(operation.service, self.caller.region)
        shape = client.meta.service_model.operation_model(operation.name).input_shape
        needed = set(shape.required_members) if shape is not None else set()
        params = dict(GIVEN.get(operation.id, {}))
        if operation.service == "s3control":
            params["AccountId"] = self.caller.account
        one_of = {"GetInsightSelectors", "GetEventConfiguration", "GetLoginProfile"}
        about_a_user = operation.resource == "user"  # without a name: about the caller
        if needed - set(params) or operation.name in one_of or about_a_user:
            return None
        return params

    def sample(
        self, operation: Operation, answers: Mapping[str, Probe]
    ) -> tuple[dict[str, Any], str] | None:
        """Parameters of a question about the first of its kind, and its name; None if it is not
        known which, or if it needs more."""
        listing, member, name, wanted = SAMPLES.get(
            (operation.service, operation.resource), ("", "", "", ())
        )
        listed = answers.get(listing)
        found = [one for page in listed.pages for one in page.get(member, ())] if listed else []
        client = self.connection.client(operation.service, self.caller.region)
        shape = client.meta.service_model.operation_model(operation.name).input_shape
        given = next((one for one in wanted if one in shape.members), None)
        if not found or given is None or set(shape.required_members) - {given}:
            return None
        params = {given: found[0][name]}
        if operation.service == "s3":
            params["ExpectedBucketOwner"] = self.caller.account
        return params, str(found[0][name])

    def ask(
        self, operation: Operation, params: Mapping[str, Any], *, sample: str | None = None
    ) -> Probe:
        attempt = self.connection.pages(self.caller.region, operation.id, params, first_only=True)
        pages = tuple(attempt)
        result = attempt.result
        return Probe(
            operation=operation, outcome=result.outcome, code=result.wire.code, pages=pages,
            sample=sample,
        )  # fmt: skip

    def named(self, name: str, **params: Any) -> Probe:  # noqa: ANN401
        return self.ask(allow_list()[name][0], params)


def _logging(
    asker: _Asker, answers: Mapping[str, Probe], now: datetime
) -> tuple[list[str], list[str]]:
    logging: list[str] = []
    expiry = [
        f"look-up of management events: nothing before {_day(now - RETENTION)}; what happens "
        f"today leaves on {_day(now + RETENTION)}",
        f"resolved findings of the provider's detectors: leave after {FINDINGS_KEPT.days} days",
        f"last use of services by principals: {LAST_USE_KEPT.days} days are tracked",
    ]
    for tell in (_trails, _recorder, _buckets):
        more, gone = tell(asker, answers)
        logging += more
        expiry += gone
    return logging, expiry


def _trails(asker: _Asker, answers: Mapping[str, Probe]) -> tuple[list[str], list[str]]:
    described = answers["cloudtrail:DescribeTrails"]
    trails = [one for page in described.pages for one in page.get("trailList", ())]
    logging, expiry = [], []
    if described.outcome is not Outcome.OBSERVED:
        logging.append(f"trails: not established ({described.outcome})")
    elif not trails:
        logging.append("trails: none in this Region")
    for trail in trails:
        name, bucket = trail["TrailARN"], trail["S3BucketName"]
        status = asker.named("cloudtrail:GetTrailStatus", Name=name)
        runs = status.pages[0].get("IsLogging") if status.pages else None
        selectors = asker.named("cloudtrail:GetEventSelectors", TrailName=name)
        logging.append(
            f"trail {name}: to {bucket}, logging {_word(runs, status)}, data events "
            f"{_word(_data_events(selectors), selectors)}, digests "
            f"{'yes' if trail.get('LogFileValidationEnabled') else 'no'}"
        )
        rules = asker.named("s3:GetBucketLifecycleConfiguration", Bucket=bucket)
        expiry.append(f"log bucket {bucket}: {_lifecycle(rules)}")
    return logging, expiry


def _recorder(asker: _Asker, answers: Mapping[str, Probe]) -> tuple[list[str], list[str]]:
    recorders = answers["config:DescribeConfigurationRecorderStatus"]
    kept = answers["config:DescribeRetentionConfigurations"]
    states = [
        f"{one.get('name')} {'recording' if one.get('recording') else 'stopped'}"
        for page in recorders.pages
        for one in page.get("ConfigurationRecordersStatus", ())
    ]
    days = [
        str(one["RetentionPeriodInDays"])
        for page in kept.pages
        for one in page.get("RetentionConfigurations", ())
    ]
    logging = f"configuration recorder: {', '.join(states) or _none(recorders)}"
    period = f"{', '.join(days)} days" if days else "no period set, seven years apply"
    if kept.outcome is not Outcome.OBSERVED:
        period = _none(kept)
    return [logging], [f"configuration history: {period}"]


def _buckets(asker: _Asker, answers: Mapping[str, Probe]) -> tuple[list[str], list[str]]:
    listed = answers["s3:ListBuckets"]
    names = [one["Name"] for page in listed.pages for one in page.get("Buckets", ())]
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        ask = partial(asker.named, "s3:GetBucketLogging")
        found = list(pool.map(lambda name: ask(Bucket=name), names))
    logged = sum(bool(page.get("LoggingEnabled")) for one in found for page in one.pages)
    unknown = sum(one.outcome is not Outcome.OBSERVED for one in found)
    if listed.outcome is not Outcome.OBSERVED:
        return [f"buckets: not established ({listed.outcome})"], []
    targets = sorted(
        {page["LoggingEnabled"]["TargetBucket"] for one in found for page in one.pages
         if page.get("LoggingEnabled")}
    )  # fmt: skip
    rules = [asker.named("s3:GetBucketLifecycleConfiguration", Bucket=one) for one in targets]
    return [f"server access logs: {logged} of {len(names)} buckets, {unknown} not established"], [
        f"access-log bucket {name}: {_lifecycle(one)}"
        for name, one in zip(targets, rules, strict=True)
    ]


def _data_events(selectors: Probe) -> bool | None:
    if not selectors.pages:
        return None
    page = selectors.pages[0]
    simple = any(one.get("DataResources") for one in page.get("EventSelectors") or ())
    fields = [
        selector
        for one in page.get("AdvancedEventSelectors") or ()
        for selector in one.get("FieldSelectors", ())
    ]
    advanced = any(
        one.get("Field") == "eventCategory" and "Data" in one.get("Equals", ()) for one in fields
    )
    return simple or advanced


def _lifecycle(rules: Probe) -> str:
    if rules.outcome is Outcome.ABSENT:
        return "no lifecycle: nothing expires by itself"
    if rules.outcome is not Outcome.OBSERVED:
        return f"not established ({rules.outcome})"
    days = [
        f"{one.get('ID', 'rule')}: {one['Expiration']['Days']} days"
        for page in rules.pages
        for one in page.get("Rules", ())
        if one.get("Status") == "Enabled" and "Days" in one.get("Expiration", {})
    ]
    return "expires " + "; ".join(days) if days else "lifecycle without expiry"


def _word(value: bool | None, probe: Probe) -> str:
    if value is None:
        return f"not established ({probe.outcome})"
    return "yes" if value else "no"


def _none(probe: Probe) -> str:
    return "none" if probe.outcome is Outcome.OBSERVED else f"not established ({probe.outcome})"


def _day(at: datetime) -> str:
    return clock.stamp(at)[:10]
