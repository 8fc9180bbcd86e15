"""The SDK's HTTP session, with connections that keep each request's head exactly as it is sent."""

import threading
from typing import Any

import botocore.awsrequest
from botocore.httpsession import URLLib3Session

_local = threading.local()


def last_head() -> bytes:
    """Head of the last request that this thread has sent; empty if none has left."""
    head: bytes = getattr(_local, "head", b"")
    return head


def forget_head() -> None:
    """Before a new request: what is kept then is of that request or nothing."""
    _local.head = b""


class _Capturing:
    """Mixin: keeps the head of the last request of this thread exactly as it is sent.

    `_buffer` is where http.client collects the lines; a proxy's CONNECT never goes through it.
    """

    _buffer: list[bytes]

    def endheaders(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        _local.head = b"\r\n".join(self._buffer) + b"\r\n\r\n"
        super().endheaders(*args, **kwargs)  # type: ignore[misc]


class _PlainConnection(_Capturing, botocore.awsrequest.AWSHTTPConnection):  # type: ignore[misc]
    pass


class _SecureConnection(_Capturing, botocore.awsrequest.AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _PlainPool(botocore.awsrequest.AWSHTTPConnectionPool):  # type: ignore[misc]
    ConnectionCls = _PlainConnection


class _SecurePool(botocore.awsrequest.AWSHTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls = _SecureConnection


class CapturingSession(URLLib3Session):  # type: ignore[misc]
    """The SDK's HTTP session with connections that keep the request head."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401
        # Proxies and CA bundle were resolved by the SDK (environment, profile, arguments) and are
        # visible only here; a test holds that they are carried over.
        own = client._endpoint.http_session
        config = client.meta.config
        super().__init__(
            verify=own._verify,
            proxies=own._proxy_config._proxies,
            proxies_config=own._proxy_config.settings,
            timeout=(config.connect_timeout, config.read_timeout),
            max_pool_connections=config.max_pool_connections,
            client_cert=config.client_cert,
        )
        self._pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        self._manager.pool_classes_by_scheme = self._pool_classes_by_scheme
