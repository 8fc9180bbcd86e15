"""Grade of the evidence that a finding cites, on the scale of R-174, with what it was told from.

*Tamper-evident*: the SHA-256 of every file cited is that of a log file which a digest among the
evidence lists; that the digests are signed as they say is for `butfor verify`. *Mutable*: any other
file, whoever holds it could have changed it before it was received. *Single* or several: log forms
cited. That sources are independent of each other is in no record, so no grade says it.
"""

from collections.abc import Sequence

from timeline.correlate.material import Access, Material


def grade(changes: Sequence[str], accesses: Sequence[Access], material: Material) -> str:
    """`single mutable source (aws.cloudtrail): ...`, over all records of changes and accesses."""
    rows = [row for uid in changes for row in material.changes.get(uid, ())[:1]]
    rows += [a.row for a in accesses]
    held = {row["evidence_item"] for row in rows if row["evidence_item"]}
    if not held:
        return "statement only: no record is cited"
    forms = {a.row["source"] for a in accesses}
    forms |= {material.events[uid]["source"] for uid in changes if uid in material.events}
    named = ", ".join(sorted(forms)) or "observed configuration"
    listed = len(held & material.listed)
    kind = "tamper-evident" if listed == len(held) else "mutable"
    many = f"single {kind} source" if len(forms) <= 1 else f"{len(forms)} {kind} sources"
    signed = "; that their signatures hold is checked by butfor verify" if listed else ""
    return (
        f"{many} ({named}): a digest among the evidence lists the SHA-256 of {listed} of "
        f"{len(held)} {'file' if len(held) == 1 else 'files'} cited{signed}"
    )
