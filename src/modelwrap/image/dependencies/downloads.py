"""Files from package indexes: the one part of this room that opens connections.

A connection that breaks is taken up where it broke; whoever asked checks the hash of the whole.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, InsecureRequestWarning, MaxRetryError, SSLError
from urllib3.util import Retry, Timeout, make_headers

from modelwrap.errors import RequirementsError
from modelwrap.image.cache import BlobWriter
from modelwrap.image.dependencies.index_access import IndexAccess, host_of
from modelwrap.image.dependencies.passwords import WHERE_PASSWORDS_ARE, without_password

__all__ = ["Downloads"]

_CHUNK = 1 << 18
_ATTEMPTS = 4
_TIMEOUT = Timeout(connect=30, read=60)
_RETRIES = Retry(
    5, backoff_factor=0.5, status_forcelist=(408, 429, 500, 502, 503, 504), raise_on_status=False, redirect=5
)
_NOT_ALLOWED = {401, 403, 407}


class Downloads:
    """Connections to indexes, kept open until the `with` block ends. Threads may share it.

    Args:
        access: How this machine reaches packages.
        at_once: How many files are fetched side by side.
    """

    def __init__(self, access: IndexAccess, *, at_once: int) -> None:
        self._access = access
        self._at_once = at_once
        self._lock = threading.Lock()
        self._pools: dict[tuple[str, bool], urllib3.PoolManager] = {}
        self._proxies = {
            name.lower().removesuffix("_proxy"): value
            for name, value in access.variables.items()
            if name.lower().endswith("_proxy") and value
        }

    def __enter__(self) -> Downloads:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in self._pools.values():
            pool.clear()

    def fetch(self, url: str, writer: BlobWriter, advance: Callable[[int], None]) -> None:
        """Fetches a file.

        Args:
            url: Its address.
            writer: Takes its bytes.
            advance: Is told how many more of them came.

        Raises:
            RequirementsError: The index refused it, or could not be reached.
        """
        furthest = 0
        for left in reversed(range(_ATTEMPTS)):
            try:
                for _ in self._receive(url, writer):
                    if writer.size > furthest:
                        advance(writer.size - furthest)
                        furthest = writer.size
            except (HTTPError, OSError) as error:
                if not left or isinstance(error, MaxRetryError):
                    raise RequirementsError(_unreachable(url, error)) from error
            else:
                return

    def proxy_for(self, url: str) -> str:
        """The proxy for an address, as the environment has it, else as pip is told; empty for none."""
        parts = urlsplit(url)
        if _is_without_proxy(parts.hostname or "", self._proxies.get("no", "")):
            return ""
        proxy = self._proxies.get(parts.scheme) or self._proxies.get("all") or self._access.proxy
        return proxy if "://" in proxy or not proxy else f"http://{proxy}"

    def _receive(self, url: str, writer: BlobWriter) -> Iterator[None]:
        """Appends what is missing; yields after each piece."""
        header = self._access.passwords.header_for(url)
        headers = {"Accept-Encoding": "identity", **({"Authorization": header} if header else {})}
        if writer.size:
            headers["Range"] = f"bytes={writer.size}-"
        response = self._pool(url).request(
            "GET", without_password(url), headers=headers, preload_content=False, retries=_RETRIES, timeout=_TIMEOUT
        )
        try:
            if response.status not in (200, 206):
                raise RequirementsError(_refused(url, response.status, has_password=header is not None))
            if writer.size and response.status != 206:
                writer.discard()
            for piece in response.stream(_CHUNK):
                writer.write(piece)
                yield
        finally:
            response.release_conn()
            response.close()

    def _pool(self, url: str) -> urllib3.PoolManager:
        host = host_of(url)
        proxy, insecure = self.proxy_for(url), self._access.is_insecure(host)
        with self._lock:
            if (proxy, insecure) not in self._pools:
                self._pools[proxy, insecure] = self._make_pool(proxy, host)
            return self._pools[proxy, insecure]

    def _make_pool(self, proxy: str, host: str) -> urllib3.PoolManager:
        context = self._access.tls_context(host)
        if self._access.is_insecure(host):
            # Whoever trusts a host by name knows it, and need not be told for each file.
            urllib3.disable_warnings(InsecureRequestWarning)
        if not proxy:
            return urllib3.PoolManager(maxsize=self._at_once, ssl_context=context)
        if proxy.startswith("socks"):
            raise RequirementsError(f"wheels can't be fetched through the SOCKS proxy {without_password(proxy)}")
        user = unquote(urlsplit(proxy).netloc.rpartition("@")[0])
        return urllib3.ProxyManager(
            without_password(proxy),
            maxsize=self._at_once,
            ssl_context=context,
            proxy_headers=make_headers(proxy_basic_auth=user) if user else None,
        )


def _is_without_proxy(host: str, exceptions: str) -> bool:
    """Whether a host is among those of NO_PROXY: by its name, or by that of a domain it is in."""
    names = [name.strip().lower().removeprefix("*").lstrip(".") for name in exceptions.split(",") if name.strip()]
    return any(not name or host == name or host.endswith(f".{name}") for name in names)


def _refused(url: str, status: int, *, has_password: bool) -> str:
    shown = without_password(url)
    if status not in _NOT_ALLOWED:
        return f"{shown} can't be fetched: the index answers {status}"
    who = "takes no such user and password" if has_password else "asks for a user and a password"
    return f"{shown} can't be fetched: the index {who} ({status})\n{WHERE_PASSWORDS_ARE}"


def _unreachable(url: str, error: Exception) -> str:
    reason = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    lines = [f"{without_password(url)} can't be fetched: {reason}"]
    if isinstance(reason, SSLError):
        lines.append("name the file of your certificate authority in SSL_CERT_FILE or pip's cert")
    else:
        lines.append("check the network and HTTPS_PROXY, and run this again: what is here already is kept")
    return "\n".join(lines)
