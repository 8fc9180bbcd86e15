"""Credentials never reach the store: which values those are, and the marker that stands for them.

Only named headers and parameters of signed URLs are replaced, and what answers echo of them. The
marker has the value's SHA-256, so that its holder can recognize it, unless it could be guessed.
"""

import hashlib
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit, urlunsplit

#: Header -> whether its value cannot be guessed, so that its hash gives nothing away. A proxy's
#: basic authentication can be guessed: no hash.
SECRET_HEADERS: Mapping[str, bool] = {
    "authorization": True,
    "proxy-authorization": False,
    "x-amz-security-token": True,
    "x-amz-s3session-token": True,
    "x-amz-sso_bearer_token": True,
    "x-amz-bearer-token": True,
    "cookie": True,
    "set-cookie": True,
}
#: The same for parameters of signed URLs, compared case-insensitively.
SECRET_PARAMETERS: Mapping[str, bool] = {
    "x-amz-signature": True,
    "x-amz-security-token": True,
    "x-amz-credential": False,
    "signature": True,
    "awsaccesskeyid": False,
    "sig": True,
}


def redacted(value: bytes, *, hashed: bool) -> bytes:
    """The marker that stands for a credential."""
    digest = f" sha256={hashlib.sha256(value).hexdigest()}" if hashed else ""
    return f"[redacted bytes={len(value)}{digest}]".encode()


def redact_uri(uri: str) -> tuple[str, tuple[str, ...]]:
    """A URI without the values of credential parameters, and the parameters' names."""
    parts = urlsplit(uri)
    kept, names = [], []
    for pair in parts.query.split("&") if parts.query else []:
        name, equals, value = pair.partition("=")
        secret = SECRET_PARAMETERS.get(unquote(name).lower())
        if secret is not None and equals:
            names.append(name)
            pair = f"{name}={redacted(value.encode(), hashed=secret).decode()}".replace(" ", "%20")
        kept.append(pair)
    return urlunsplit(parts._replace(query="&".join(kept))), tuple(names)


def secrets_of(head: bytes) -> tuple[bytes, ...]:
    """Values of the credential headers of a request, long enough to be looked for."""
    values = []
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.decode("latin-1").strip().lower() in SECRET_HEADERS and len(value.strip()) >= 16:
            values.append(value.strip())
    return tuple(values)


def without_echo(body: bytes, secrets: Iterable[bytes]) -> tuple[bytes, bool]:
    """A body without the credentials of its own request.

    S3 answers an expired or unknown session token with that token in the error document.
    """
    clean = body
    for secret in secrets:
        clean = clean.replace(secret, redacted(secret, hashed=True))
    return clean, clean != body
