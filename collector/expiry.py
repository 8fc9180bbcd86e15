"""What expires in a case: certificates behind its timestamp tokens.

A token stays valid after its authority's certificate has expired (it is judged at its own time),
but by then lists of revoked certificates need not name it any more, and algorithms age. A newer
seal, timestamped while the old token can still be checked in full, covers the old token's files.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from collector import clock, stamp, tsa_chain

#: A warning comes this long before a certificate expires.
AHEAD = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """One certificate behind one token.

    Attributes:
        token: path of the response below the case.
        role: `signer` or `issuer`.
        subject: common name and serial number.
        not_after: end of its validity.
        days: whole days from now until then; negative once it has expired.
    """

    token: str
    role: str
    subject: str
    not_after: datetime
    days: int

    @property
    def due(self) -> bool:
        """Whether a warning is due."""
        return self.days < AHEAD.days

    def as_data(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "days": self.days,
            "due": self.due,
            "not_after": clock.stamp(self.not_after),
            "role": self.role,
            "subject": self.subject,
            "token": self.token,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Certificates of every token, and tokens whose chain is not known in full."""

    tokens: int
    certificates: tuple[Expiry, ...]
    unknown: tuple[str, ...]

    @property
    def due(self) -> tuple[Expiry, ...]:
        """Certificates that a warning is due for."""
        return tuple(one for one in self.certificates if one.due)

    @property
    def exit_code(self) -> int:
        """3 if a warning is due or a chain is not known in full, so that a night run sees it."""
        return 3 if self.due or self.unknown else 0

    def as_data(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "certificates": [one.as_data() for one in self.certificates],
            "exit": self.exit_code,
            "tokens": self.tokens,
            "unknown": list(self.unknown),
            "v": 1,
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{self.tokens} timestamp tokens, {len(self.certificates)} certificates behind them"
        for one in self.certificates:
            until = f"until {clock.stamp(one.not_after)[:19]}Z"
            left = f"{one.days} days left" if one.days >= 0 else f"expired {-one.days} days ago"
            mark = "warning: " if one.due else ""
            yield f"  {mark}{one.token}: {one.role} {one.subject}: {until}, {left}"
        yield from (f"  could not check: {what}" for what in self.unknown)
        if self.due:
            yield (
                "A certificate expires within a year. `butfor seal --tsa URL` makes a newer seal; "
                "its token covers the older ones."
            )


def of_case(case: Path, now: datetime) -> Report:
    """Certificates behind the tokens of a case, as stored beside them or inside them."""
    found: list[Expiry] = []
    unknown: list[str] = []
    responses = sorted((case / "seals").glob("[0-9]*/*.tsr"))
    for response in responses:
        label = response.relative_to(case).as_posix()
        chain = _chain(response)
        for at, one in enumerate(chain.certificates):
            found.append(
                Expiry(
                    token=label,
                    role="issuer" if at else "signer",
                    subject=tsa_chain.name(one),
                    not_after=tsa_chain.not_after(one),
                    days=(tsa_chain.not_after(one) - now) // timedelta(days=1),
                )
            )
        if not chain.complete:
            what = "an issuer's certificate" if chain.certificates else "the signer's certificate"
            unknown.append(f"{label}: expected {what} beside the token, found none")
    return Report(tokens=len(responses), certificates=tuple(found), unknown=tuple(unknown))


def _chain(response: Path) -> tsa_chain.Chain:
    """From the certificates beside the token; where there are none, from the token itself."""
    beside = tsa_chain.certificates(response.with_suffix(".certs.pem"))
    chain = tsa_chain.of(response.read_bytes(), beside)
    if chain.certificates or stamp.openssl() is None:
        return chain
    with tempfile.TemporaryDirectory() as folder:  # the case may lie on a read-only medium
        copy = Path(folder) / "01.tsr"
        copy.write_bytes(response.read_bytes())
        inside = Path(folder) / "01.certs.pem"
        inside.write_bytes(stamp.certificates(copy))
        return tsa_chain.of(response.read_bytes(), tsa_chain.certificates(inside))
