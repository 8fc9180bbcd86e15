"""AWS as the rest of correlation finds it."""

from timeline.correlate.aws import control, controls, settings
from timeline.correlate.aws.defaults import default
from timeline.correlate.aws.provider import AWS
from timeline.correlate.clouds import Cloud

CLOUD = Cloud(
    provider=AWS,
    default=default,
    is_container=settings.is_container,
    setting_of=settings.setting_of,
    settings_of=control.settings_of,
    default_at=settings.default_at,
    principals=control.principals,
    account_of=control.account_of,
    is_policy=control.is_policy,
    probe=control.probe,
    controlled=controls.contents,
    recorded=controls.from_records,
)
