"""One registry, spoken to over HTTP: connections that are kept, redirects, credentials, and patience.

The only room of this wing that opens a socket to a registry. Credentials go to the registry and to the token server
that it names, never to where it redirects to; plain HTTP only to this machine, or where `insecure` allows it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar
from urllib.parse import urljoin, urlsplit

from modelwrap.errors import ImageError, RegistryError
from modelwrap.image.reference import DEFAULT_REGISTRY
from modelwrap.image.registry.auth import (
    Challenge,
    Credentials,
    Token,
    basic_header,
    parse_challenges,
    read_token,
    token_request,
)
from modelwrap.image.registry.certificates import tls_context
from modelwrap.image.registry.credentials import find_credentials
from modelwrap.image.registry.exchanges import (
    Answer,
    Request,
    Scope,
    document_of,
    is_transient,
    ping,
    wait_asked,
)
from modelwrap.image.registry.patience import Patience
from modelwrap.image.registry.refusals import refusal, shown_address, unreachable, untrusted
from modelwrap.image.registry.settings import Surroundings, proxy_for, read_surroundings

try:
    import urllib3
    from urllib3.exceptions import HTTPError, SSLError
except ImportError as error:
    raise ImageError("registries need urllib3\ninstall it: pip install 'modelwrap[build]'") from error

__all__ = ["Hiccup", "Registry"]

T = TypeVar("T")
#: What is sent: bytes, or a file that is opened anew for each attempt.
Content = bytes | Callable[[], BinaryIO] | None

#: Where the default registry answers.
_DEFAULT_HOST = f"registry-1.{DEFAULT_REGISTRY}"
_AGENT = "modelwrap"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
#: Bytes of an answer that are kept: manifests are limited to 4 MiB by the specification.
_LARGEST_ANSWER = 8 << 20
#: Bytes that go to the socket at once; http.client's own 16 KiB cost a third of the speed on loopback.
_BLOCK = 1 << 18
_CONNECTIONS = 16
#: How often a registry is tried that has never answered: its name is probably wrong.
_FIRST_CONTACTS = 2
#: A token is renewed when it has no more than this left, in seconds: an upload must begin while it holds.
_TOKEN_MARGIN = 10.0


@dataclass(frozen=True, slots=True)
class _Kept:
    """A token and when to renew it, by the monotonic clock."""

    header: str
    until: float

    @classmethod
    def of(cls, token: Token) -> _Kept:
        return cls(f"Bearer {token.text}", time.monotonic() + token.life - min(_TOKEN_MARGIN, token.life / 2))


class Hiccup(Exception):
    """An attempt failed that may well go better the next time.

    Attributes:
        error: What to raise when there is no next time.
        asked: The seconds that the registry asked to wait.
        most: How many attempts are worth it, where there is a reason to give up earlier.
    """

    def __init__(self, error: RegistryError, asked: float | None = None, most: int | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.asked = asked
        self.most = most


class Registry:
    """A registry, whose methods may be called from any thread.

    Args:
        host: Its name, and its port where one is needed.
        insecure: Whether plain HTTP and any certificate will do.
        credentials: Who we are; None looks where `docker login` and `podman login` leave it, once it is asked.
        ca_bundle: A file of authorities to trust beside those of the machine.
        patience: How long to go on.
        surroundings: Where credentials and certificates lie; the environment says, if it is None.
        sleep: How to wait; by default, until `give_up` is called at the latest.
    """

    def __init__(
        self,
        host: str,
        *,
        insecure: bool = False,
        credentials: Credentials | None = None,
        ca_bundle: Path | None = None,
        patience: Patience = Patience(),  # noqa: B008 - a frozen value
        surroundings: Surroundings | None = None,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self.host = host
        self.patience = patience
        self._insecure = insecure
        self._credentials = credentials
        self._has_looked = credentials is not None
        self._ca_bundle = ca_bundle
        self._surroundings = surroundings if surroundings is not None else read_surroundings()
        self._given_up = threading.Event()
        self._sleep = sleep or self._given_up.wait
        self._lock = threading.RLock()
        self._pools: dict[tuple[str, str | None], urllib3.PoolManager] = {}
        self._root = ""
        self._has_answered = False
        self._challenge: Challenge | None = None
        self._tokens: dict[tuple[Scope, ...], _Kept] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        with self._lock:
            for manager in self._pools.values():
                # Clearing alone leaves connections open until they are collected.
                for key in manager.pools.keys():  # noqa: SIM118 - it is no mapping: it can't be iterated over
                    if (pool := manager.pools.get(key)) is not None:
                        pool.close()
                manager.clear()
            self._pools.clear()

    @property
    def has_given_up(self) -> bool:
        """Whether `give_up` was called."""
        return self._given_up.is_set()

    def give_up(self) -> None:
        """Ends all waiting: what has failed once by now has failed for good."""
        self._given_up.set()

    def exchange(self, request: Request, content: Content = None) -> Answer:
        """Asks, again if need be, and returns the whole answer.

        Args:
            request: What to ask.
            content: What to send with it.

        Raises:
            RegistryError: It was refused, or no answer came in spite of all patience.
        """
        return self.patiently(lambda _: self.ask(request, content))

    def ask(self, request: Request, content: Content = None) -> Answer:
        """Asks once.

        Raises:
            Hiccup: It is worth another attempt.
            RegistryError: It was refused.
        """
        with self.open(request, content) as (answer, _):
            return answer

    @contextlib.contextmanager
    def open(
        self, request: Request, content: Content = None, *, keep_body: bool = False
    ) -> Iterator[tuple[Answer, urllib3.BaseHTTPResponse]]:
        """Asks once, and gives the answer and the connection it came by, for the length of a block.

        Args:
            request: What to ask.
            content: What to send with it.
            keep_body: Whether the body of a good answer is left to the caller to read.

        Raises:
            Hiccup: It is worth another attempt.
            RegistryError: It was refused.
        """
        response, url = self._authorized(request, content)
        try:
            headers = {name.lower(): value for name, value in response.headers.items()}
            is_good = response.status in request.answers
            body = b"" if keep_body and is_good else self._read(response, request)
            answer = Answer(url, response.status, headers, body)
            if not is_good:
                raise self._refused(request, self._explained(request, answer, content))
            yield answer, response
        finally:
            # An unread rest is not worth reading: the connection is given up with it.
            response.release_conn() if response.closed else response.close()

    def patiently(self, attempt: Callable[[int], T]) -> T:
        """Makes attempts, counted from 1, until one succeeds.

        Raises:
            RegistryError: One was refused for good, or there is no patience left.
        """
        number = 1
        while True:
            try:
                return attempt(number)
            except Hiccup as hiccup:
                wait = self.patience.wait(number, hiccup.asked)
                if wait is None or number == hiccup.most:
                    raise self._last_word(hiccup, number) from hiccup
                self._sleep(wait)
                if self.has_given_up:
                    raise self._last_word(hiccup, number) from hiccup
            number += 1

    def _last_word(self, hiccup: Hiccup, attempts: int) -> RegistryError:
        error = hiccup.error
        first, *others = error.message.splitlines()
        if hiccup.asked is not None and hiccup.asked > self.patience.asked:
            others.append(f"it asks to wait for {hiccup.asked:.0f} s")
        tries = f" ({attempts} attempts)" if attempts > 1 else ""
        message = "\n".join([f"{first}{tries}", *others])
        return RegistryError(message, status=error.status, diagnostics=error.diagnostics)

    def _explained(self, request: Request, answer: Answer, content: Content) -> Answer:
        """An answer to HEAD has no body to say why; the same asked by GET has."""
        if request.method != "HEAD":
            return answer
        response, url = self._authorized(replace(request, method="GET"), content)
        try:
            is_same = response.status == answer.status
            return Answer(url, answer.status, answer.headers, self._read(response, request)) if is_same else answer
        finally:
            response.close()

    def _refused(self, request: Request, answer: Answer) -> Exception:
        error = refusal(self.host, request, answer, self._credentials)
        if is_transient(answer.status):
            return Hiccup(error, wait_asked(answer.headers, datetime.now(UTC)))
        return error

    def _read(self, response: urllib3.BaseHTTPResponse, request: Request) -> bytes:
        try:
            body = response.read(_LARGEST_ANSWER, decode_content=True)
        except (HTTPError, OSError) as error:
            raise Hiccup(unreachable(self.host, request, error)) from error
        return bytes(body)

    # --- who we are

    def _authorized(self, request: Request, content: Content) -> tuple[urllib3.BaseHTTPResponse, str]:
        """Asks with what authorization there is; a challenge is met once, with a fresh one."""
        root = self._find_root()
        target = urljoin(root, request.target)
        # An upload may go on at another host, which is told nothing.
        is_home = _origin(target) == _origin(root)
        header = self._authorization(request.scopes) if is_home else None
        response, url = self._follow(request, target, content, header)
        if response.status != 401 or 401 in request.answers or _origin(url) != _origin(root):
            return response, url
        challenges = parse_challenges(response.headers.get("www-authenticate", ""))
        chosen = next((c for c in challenges if c.scheme == "bearer" and "realm" in c.parameters), None)
        chosen = chosen or next((c for c in challenges if c.scheme == "basic"), None)
        if chosen is None:
            return response, url
        fresh = self._meet(chosen, request.scopes, header)
        if fresh is None:
            return response, url
        response.drain_conn()
        response.close()
        return self._follow(request, target, content, fresh)

    def _authorization(self, scopes: tuple[Scope, ...]) -> str | None:
        """What to send unasked, once the registry has told how it wants to be asked."""
        with self._lock:
            if self._challenge is None or not scopes:
                return None
            return self._meet(self._challenge, scopes, None)

    def _meet(self, challenge: Challenge, scopes: tuple[Scope, ...], refused: str | None) -> str | None:
        """The Authorization header that meets a challenge; None when we have none but the refused one."""
        with self._lock:
            self._challenge = challenge
            if challenge.scheme == "basic":
                credentials = self._find_credentials(scopes)
                header = basic_header(credentials) if credentials else None
                return header if header != refused else None
            kept = self._tokens.get(scopes)
            if kept is None or kept.until < time.monotonic() or kept.header == refused:
                kept = self._tokens[scopes] = _Kept.of(self._fetch_token(challenge, scopes))
            return kept.header

    def _fetch_token(self, challenge: Challenge, scopes: tuple[Scope, ...]) -> Token:
        realm = challenge.parameters["realm"]
        self._refuse_leak(realm)
        credentials = self._find_credentials(scopes)
        request, form = token_request(challenge, scopes, credentials)

        def fetch(_: int) -> Answer:
            response, url = self._follow(request, request.target, form, None)
            try:
                headers = {name.lower(): value for name, value in response.headers.items()}
                answer = Answer(url, response.status, headers, self._read(response, request))
            finally:
                response.close()
            if answer.status not in request.answers:
                raise self._refused(request, answer)
            return answer

        token = read_token(document_of(self.patiently(fetch)))
        if token is None:
            raise RegistryError(f"{self.host}: its token server {shown_address(realm)} gave no token")
        return token

    def _refuse_leak(self, realm: str) -> None:
        parts = urlsplit(realm)
        if parts.scheme == "https" or self._insecure or _is_loopback(parts.netloc):
            return
        raise RegistryError(
            f"{self.host} wants the password sent to {shown_address(realm)}, where others can read it\n"
            "if that is meant, --insecure allows it"
        )

    def _find_credentials(self, scopes: tuple[Scope, ...]) -> Credentials | None:
        with self._lock:
            if not self._has_looked:
                repository = scopes[0].split(":")[1] if scopes else ""
                self._credentials = find_credentials(self.host, repository, self._surroundings)
                self._has_looked = True
            return self._credentials

    # --- how we get there

    def _find_root(self) -> str:
        """The address of the registry; which scheme it speaks is found out once, where plain HTTP is allowed."""
        with self._lock:
            if not self._root:
                host = _DEFAULT_HOST if self.host == DEFAULT_REGISTRY else self.host
                may_be_plain = self._insecure or _is_loopback(host)
                self._root = self.patiently(lambda _: self._probe(host)) if may_be_plain else f"https://{host}"
            return self._root

    def _probe(self, host: str) -> str:
        """Plain first on this machine, where there is nobody to listen; TLS first elsewhere."""
        schemes = ("http", "https") if _is_loopback(host) else ("https", "http")
        hiccup: Hiccup | None = None
        for scheme in schemes:
            try:
                response = self._send(ping(), f"{scheme}://{host}/v2/", None, {})
            except Hiccup as error:
                hiccup = hiccup or error
                continue
            is_registry = response.status != 400
            response.close()
            if is_registry:
                return f"{scheme}://{host}"
        raise hiccup or Hiccup(RegistryError(f"{host} speaks neither HTTP nor HTTPS"))

    def _follow(
        self, request: Request, url: str, content: Content, authorization: str | None
    ) -> tuple[urllib3.BaseHTTPResponse, str]:
        """Sends a request wherever it is redirected to; nobody but the first host sees who we are."""
        home = _origin(url)
        headers = {**request.headers, **({"Authorization": authorization} if authorization else {})}
        for _ in range(_MOST_REDIRECTS):
            if _origin(url) != home:
                headers.pop("Authorization", None)
            response = self._send(request, url, content, headers)
            target = response.headers.get("location")
            if response.status not in _REDIRECTS or not target:
                return response, url
            response.drain_conn()
            response.close()
            url = self._redirected(url, target)
        raise RegistryError(f"{self.host} redirects in circles: {shown_address(url)}")

    def _redirected(self, url: str, target: str) -> str:
        following = urljoin(url, target)
        if urlsplit(url).scheme == "https" and urlsplit(following).scheme != "https" and not self._insecure:
            raise RegistryError(f"{self.host} redirects to {shown_address(following)}, without encryption")
        return following

    def _send(
        self, request: Request, url: str, content: Content, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
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
                timeout=urllib3.Timeout(connect=self.patience.connect, read=self.patience.silence),
            )
            self._has_answered = True
            return response
        except SSLError as error:
            if isinstance(error.args[0] if error.args else None, ssl.SSLCertVerificationError):
                raise untrusted(urlsplit(url).netloc, error) from error
            raise Hiccup(unreachable(self.host, request, error)) from error
        except (HTTPError, OSError) as error:
            most = None if self._has_answered else _FIRST_CONTACTS
            raise Hiccup(unreachable(self.host, request, error), most=most) from error
        finally:
            if body is not None and not isinstance(body, bytes):
                body.close()

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        key = parts.scheme, None if _is_loopback(parts.netloc) else proxy_for(parts.scheme, parts.netloc)
        with self._lock:
            if key not in self._pools:
                self._pools[key] = self._make_pool(*key)
            return self._pools[key]

    def _make_pool(self, scheme: str, proxy: str | None) -> urllib3.PoolManager:
        # Reading the machine's authorities takes some 20 ms, which plain HTTP need not pay.
        context = (
            tls_context(self.host, self._ca_bundle, self._surroundings, insecure=self._insecure)
            if scheme == "https"
            else None
        )
        if proxy is not None:
            return urllib3.ProxyManager(proxy, maxsize=_CONNECTIONS, blocksize=_BLOCK, ssl_context=context)
        return urllib3.PoolManager(maxsize=_CONNECTIONS, blocksize=_BLOCK, ssl_context=context)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
