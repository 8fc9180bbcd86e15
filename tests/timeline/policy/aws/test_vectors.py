"""The forty hand-labelled vectors, put into the form of `butfor decide`."""

import json
from pathlib import Path
from typing import Any

import pytest

from timeline.policy.decide import decide

VECTORS = Path(__file__).parents[4] / "fixtures" / "policy" / "vectors" / "s3.jsonl"
CASES = [json.loads(line) for line in VECTORS.read_text().splitlines()]
CANONICAL = {"111111111111": "cA", "222222222222": "cB"}


def _acl(grants: list[dict[str, str]], owner: str) -> dict[str, Any]:
    listed = []
    for grant in grants:
        grantee = grant["grantee"]
        kind = {"URI": grantee} if "://" in grantee else {"ID": grantee}
        listed.append({"Grantee": kind, "Permission": grant["perm"]})
    return {"Owner": {"ID": owner}, "Grants": listed}


def _principal(given: Any, canonical: str | None) -> dict[str, Any]:
    if isinstance(given, dict):
        return given
    if given.endswith("amazonaws.com"):
        return {"type": "AWSService", "arn": given}
    kind = "Root" if given.endswith(":root") else "IAMUser"
    account = given.split(":")[4]
    return {"type": kind, "arn": given, "account": account, "canonical_id": canonical}


def line_of(case: dict[str, Any]) -> dict[str, Any]:
    """A vector in the form of section 6."""
    config, request = case["cfg"], case["req"]
    bucket, found = config["bucket"], config["objects"].get(request["key"])
    arn = f"arn:aws:s3:::{bucket['name']}" + (f"/{request['key']}" if request["key"] else "")
    who = request["principal"]
    identity = config["identity"].get(who, {}) if isinstance(who, str) else {}
    stored = None
    if found is not None:
        owner = CANONICAL[found["owner"]]
        stored = {
            "owner_account": found["owner"],
            "owner_canonical_id": owner,
            "acl": _acl(found["acl"], owner),
        }
    return {
        "id": case["id"],
        "provider": "aws",
        "request": {
            "principal": _principal(who, request["pcanon"]),
            "action": request["action"],
            "resource": arn,
            "context": request["ctx"],
        },
        "state": {
            "bucket": {
                "name": bucket["name"],
                "owner_account": bucket["owner"],
                "owner_canonical_id": bucket["canon"],
                "policy": bucket["policy"],
                "acl": _acl(bucket["acl"], bucket["canon"]),
                "ownership": bucket["ownership"],
                "public_access_block": bucket["pab"],
                "requester_pays": bucket["requesterPays"],
            },
            "object": stored,
            "account_public_access_block": config["account_pab"],
            "identity_policies": identity.get("policies", []),
            "scps": config["scps"] or None,
            "rcps": config["rcps"] or None,
        },
        "unknown": [],
    }


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_vector(case: dict[str, Any]) -> None:
    expected = {True: "ALLOWED", False: "DENIED", None: "UNKNOWN"}[case["expected"]]
    assert expected == decide(line_of(case))["decision"]
