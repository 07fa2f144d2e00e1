"""One registry: questions that are asked again when that may help, by a line that is kept, as whoever we are there."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urljoin

from modelwrap.errors import RegistryError
from modelwrap.image.reference import DEFAULT_REGISTRY
from modelwrap.image.registry.auth import Credentials
from modelwrap.image.registry.authorization import Authorization
from modelwrap.image.registry.exchanges import Answer, Request, is_transient, ping, wait_asked
from modelwrap.image.registry.patience import Hiccup, Patience
from modelwrap.image.registry.refusals import refusal
from modelwrap.image.registry.settings import Surroundings, read_surroundings
from modelwrap.image.registry.wire import Content, Response, Wire, hang_up, headers_of, is_loopback, origin_of
from modelwrap.value import replace

__all__ = ["Registry"]

T = TypeVar("T")

#: Where the default registry answers.
_DEFAULT_HOST = f"registry-1.{DEFAULT_REGISTRY}"


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
        around = surroundings if surroundings is not None else read_surroundings()
        self._may_be_plain = insecure or is_loopback(host)
        self._wire = Wire(host, insecure=insecure, ca_bundle=ca_bundle, patience=patience, surroundings=around)
        self._authorization = Authorization(
            host, self._fetch, credentials=credentials, surroundings=around, insecure=insecure
        )
        self._given_up = threading.Event()
        self._sleep = sleep or self._given_up.wait
        self._lock = threading.RLock()
        self._root = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        self._wire.close()

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
    ) -> Iterator[tuple[Answer, Response]]:
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
            if response.status not in request.answers:
                raise self._refused(request, self._explained(request, response, url))
            if keep_body:
                yield Answer(url, response.status, headers_of(response)), response
            else:
                yield self._wire.whole(request, response, url), response
        finally:
            hang_up(response)

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

    def _explained(self, request: Request, response: Response, url: str) -> Answer:
        """An answer to HEAD has no body to say why; the same asked by GET has."""
        answer = self._wire.whole(request, response, url)
        if request.method != "HEAD":
            return answer
        again, url = self._authorized(replace(request, method="GET"), None)
        if again.status == answer.status:
            return self._wire.whole(request, again, url)
        hang_up(again)
        return answer

    def _refused(self, request: Request, answer: Answer) -> Exception:
        error = refusal(self.host, request, answer, self._authorization.credentials)
        if is_transient(answer.status):
            return Hiccup(error, wait_asked(answer.headers, datetime.now(UTC)))
        return error

    def _authorized(self, request: Request, content: Content) -> tuple[Response, str]:
        """Asks with what authorization there is; a challenge is met once, with a fresh one."""
        root = self._find_root()
        target = urljoin(root, request.target)
        # An upload may go on at another host, which is told nothing.
        is_home = origin_of(target) == origin_of(root)
        header = self._authorization.header(request.scopes) if is_home else None
        response, url = self._wire.send(request, target, content, header)
        if response.status != 401 or 401 in request.answers or origin_of(url) != origin_of(root):
            return response, url
        try:
            challenge = response.headers.get("www-authenticate", "")
            fresh = self._authorization.answer(challenge, request.scopes, header)
        except BaseException:
            hang_up(response)
            raise
        if fresh is None:
            return response, url
        hang_up(response)
        return self._wire.send(request, target, content, fresh)

    def _fetch(self, request: Request, content: Content) -> Answer:
        """Asks a token server."""

        def fetch(_: int) -> Answer:
            answer = self._wire.whole(request, *self._wire.send(request, request.target, content))
            if answer.status not in request.answers:
                raise self._refused(request, answer)
            return answer

        return self.patiently(fetch)

    def _find_root(self) -> str:
        """The address of the registry; which scheme it speaks is found out once, where plain HTTP is allowed."""
        with self._lock:
            if not self._root:
                host = _DEFAULT_HOST if self.host == DEFAULT_REGISTRY else self.host
                self._root = self.patiently(lambda _: self._probe(host)) if self._may_be_plain else f"https://{host}"
            return self._root

    def _probe(self, host: str) -> str:
        """Plain first on this machine, where there is nobody to listen; TLS first elsewhere."""
        schemes = ("http", "https") if is_loopback(host) else ("https", "http")
        hiccup: Hiccup | None = None
        for scheme in schemes:
            try:
                response, _ = self._wire.send(ping(), f"{scheme}://{host}/v2/")
            except Hiccup as error:
                hiccup = hiccup or error
                continue
            is_registry = response.status != 400
            hang_up(response)
            if is_registry:
                return f"{scheme}://{host}"
        raise hiccup or Hiccup(RegistryError(f"{host} speaks neither HTTP nor HTTPS"))
