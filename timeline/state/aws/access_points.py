"""A request that came through an access point is decided as such, not as one to the bucket.

Records name the bucket as the resource and the access point beside it (`s3:DataAccessPointArn` of
the context); policies see the access point's ARN, and its policy has to allow as well (R-S3-13).
A multi-Region or an Object Lambda access point stays what it is, and is not decided (R-S3-18).
"""

from collections.abc import Mapping
from typing import Any

POINT = "s3:DataAccessPointArn"


def as_seen(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request on the resource that policies see; `bucket` names the one that is behind it."""
    point = (request.get("context") or {}).get(POINT)
    parts = str(request.get("resource")).split(":", 5)
    direct = len(parts) == 6 and parts[2] == "s3" and not parts[3] and not parts[4]
    if not isinstance(point, str) or not direct or parts[5] in ("", "*"):
        return request
    bucket, _, key = parts[5].partition("/")
    return {**request, "resource": f"{point}/object/{key}" if key else point, "bucket": bucket}
