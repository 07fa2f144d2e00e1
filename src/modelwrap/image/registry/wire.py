"""The line to a registry and to the hosts that it names: kept connections, TLS, proxies, redirects.

The only room that opens a socket to a registry. It tells nobody who we are but the host that it was told to tell.
"""

from __future__ import annotations

import ipaddress
import ssl
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

from modelwrap.errors import ImageError, RegistryError
from modelwrap.image.registry.certificates import tls_context
from modelwrap.image.registry.exchanges import Answer, Request
from modelwrap.image.registry.patience import Hiccup, Patience
from modelwrap.image.registry.refusals import shown_address, unreachable, untrusted
from modelwrap.image.registry.settings import Surroundings, proxy_for

try:
    import urllib3
    from urllib3.exceptions import HTTPError, SSLError
except ImportError as error:
    raise ImageError("registries need urllib3\ninstall it: pip install 'modelwrap[build]'") from error

__all__ = ["Content", "Response", "Wire", "hang_up", "headers_of", "is_loopback", "origin_of"]

#: What is sent: bytes, or a file that is opened anew for each attempt.
Content = bytes | Callable[[], BinaryIO] | None
#: An answer whose body may not have been read yet.
Response = urllib3.BaseHTTPResponse

_AGENT = "modelwrap"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
#: Bytes of an answer that are kept: manifests are limited to 4 MiB by the specification.
_LARGEST_ANSWER = 8 << 20
#: Bytes that go to the socket at once: 256 MiB cost 0.26 s of CPU, and 0.35 s by the 16 KiB of http.client.
_BLOCK = 1 << 18
_CONNECTIONS = 16
#: How often a registry is tried that has never answered: its name is probably wrong.
_FIRST_CONTACTS = 2


class Wire:
    """The line to one registry, for any number of threads.

    Args:
        host: The registry, for messages and its own certificates.
        insecure: Whether any certificate will do, and a redirect from TLS to plain HTTP.
        ca_bundle: A file of authorities to trust beside those of the machine.
        patience: How long to wait for a connection, and in silence.
        surroundings: Where certificates lie.
    """

    def __init__(
        self, host: str, *, insecure: bool, ca_bundle: Path | None, patience: Patience, surroundings: Surroundings
    ) -> None:
        self._host = host
        self._insecure = insecure
        self._ca_bundle = ca_bundle
        self._patience = patience
        self._surroundings = surroundings
        self._lock = threading.Lock()
        self._pools: dict[tuple[str, str | None], urllib3.PoolManager] = {}
        self._has_answered = False
        if insecure:
            # Who asks for it need not be warned at each connection.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def close(self) -> None:
        """Closes all connections that are not in use."""
        with self._lock:
            for manager in self._pools.values():
                # Clearing alone leaves connections open until they are collected.
                for key in manager.pools.keys():  # noqa: SIM118 - it is no mapping: it can't be iterated over
                    if (pool := manager.pools.get(key)) is not None:
                        pool.close()
                manager.clear()
            self._pools.clear()

    def send(
        self, request: Request, url: str, content: Content = None, authorization: str | None = None
    ) -> tuple[Response, str]:
        """Sends a request wherever it is redirected to; nobody but the first host sees who we are.

        Returns:
            The answer, which the caller closes, and the address that gave it.

        Raises:
            Hiccup: No answer came.
            RegistryError: It is not safe to go where this leads.
        """
        home = origin_of(url)
        headers = {**request.headers, **({"Authorization": authorization} if authorization else {})}
        for _ in range(_MOST_REDIRECTS):
            if origin_of(url) != home:
                headers.pop("Authorization", None)
            response = self._send_once(request, url, content, headers)
            target = response.headers.get("location")
            if response.status not in _REDIRECTS or not target:
                return response, url
            hang_up(response)
            url = self._redirected(url, target)
        raise RegistryError(f"{self._host} redirects in circles: {shown_address(url)}")

    def whole(self, request: Request, response: Response, url: str) -> Answer:
        """An answer with its body, up to what a manifest may have; the response is closed."""
        try:
            body = bytes(response.read(_LARGEST_ANSWER, decode_content=True))
        except (HTTPError, OSError) as error:
            raise Hiccup(unreachable(self._host, request, error)) from error
        finally:
            hang_up(response)
        return Answer(url, response.status, headers_of(response), body)

    def _redirected(self, url: str, target: str) -> str:
        following = urljoin(url, target)
        if urlsplit(url).scheme == "https" and urlsplit(following).scheme != "https" and not self._insecure:
            raise RegistryError(f"{self._host} redirects to {shown_address(following)}, without encryption")
        return following

    def _send_once(self, request: Request, url: str, content: Content, headers: Mapping[str, str]) -> Response:
        """One request over one connection; a foreign exception becomes ours here."""
        body = content() if callable(content) else content
        try:
            response = self._pool(url).urlopen(
                request.method,
                url,
                body=body,
                headers={"User-Agent": _AGENT, **headers},
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
                timeout=urllib3.Timeout(connect=self._patience.connect, read=self._patience.silence),
            )
            self._has_answered = True
            return response
        except SSLError as error:
            if isinstance(error.args[0] if error.args else None, ssl.SSLCertVerificationError):
                raise untrusted(urlsplit(url).netloc, error) from error
            raise Hiccup(unreachable(self._host, request, error)) from error
        except (HTTPError, OSError) as error:
            most = None if self._has_answered else _FIRST_CONTACTS
            raise Hiccup(unreachable(self._host, request, error), most=most) from error
        finally:
            if body is not None and not isinstance(body, bytes):
                body.close()

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        key = parts.scheme, None if is_loopback(parts.netloc) else proxy_for(parts.scheme, parts.netloc)
        with self._lock:
            if key not in self._pools:
                self._pools[key] = self._make_pool(*key)
            return self._pools[key]

    def _make_pool(self, scheme: str, proxy: str | None) -> urllib3.PoolManager:
        # Reading the machine's authorities takes some 20 ms, which plain HTTP need not pay.
        context = (
            tls_context(self._host, self._ca_bundle, self._surroundings, insecure=self._insecure)
            if scheme == "https"
            else None
        )
        if proxy is not None:
            return urllib3.ProxyManager(proxy, maxsize=_CONNECTIONS, blocksize=_BLOCK, ssl_context=context)
        return urllib3.PoolManager(maxsize=_CONNECTIONS, blocksize=_BLOCK, ssl_context=context)


def headers_of(response: Response) -> dict[str, str]:
    """The headers, their names in lower case."""
    return {name.lower(): value for name, value in response.headers.items()}


def hang_up(response: Response) -> None:
    """Gives a connection back; one whose answer was not read to its end is not worth reading on, and is closed."""
    if response.closed:
        response.release_conn()
    else:
        response.close()


def origin_of(url: str) -> tuple[str, str]:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
