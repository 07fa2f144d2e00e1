"""Who we are for one registry: the challenge that it sets, and the tokens or the password that meet it.

A password is looked for when the registry asks, and goes to it, or to the token server that it names, and nowhere else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from modelwrap.errors import RegistryError
from modelwrap.image.registry.auth import (
    Challenge,
    Credentials,
    Token,
    basic_header,
    parse_challenges,
    read_token,
    token_request,
)
from modelwrap.image.registry.credentials import find_credentials
from modelwrap.image.registry.exchanges import Answer, Request, Scope, document_of
from modelwrap.image.registry.refusals import shown_address
from modelwrap.image.registry.settings import Surroundings
from modelwrap.image.registry.wire import Content, is_loopback
from modelwrap.value import Value

__all__ = ["Authorization"]

#: A token is renewed when it has no more than this left, in seconds: an upload must begin while it holds.
_TOKEN_MARGIN = 10.0


class _Kept(Value):
    """A token and when to renew it, by the monotonic clock."""

    header: str
    until: float

    @classmethod
    def of(cls, token: Token) -> _Kept:
        return cls(f"Bearer {token.text}", time.monotonic() + token.life - min(_TOKEN_MARGIN, token.life / 2))


class Authorization:
    """What one registry is told of us, for any number of threads.

    Args:
        host: The registry.
        fetch: Asks a token server, with all patience, and returns its good answer.
        credentials: Who we are; None looks for it once the registry has asked.
        surroundings: Where to look.
        insecure: Whether a password may go to a token server without TLS.
    """

    def __init__(
        self,
        host: str,
        fetch: Callable[[Request, Content], Answer],
        *,
        credentials: Credentials | None,
        surroundings: Surroundings,
        insecure: bool,
    ) -> None:
        self._host = host
        self._fetch = fetch
        self._surroundings = surroundings
        self._insecure = insecure
        self.credentials = credentials
        self._has_looked = credentials is not None
        self._lock = threading.RLock()
        self._challenge: Challenge | None = None
        self._tokens: dict[tuple[Scope, ...], _Kept] = {}

    def header(self, scopes: tuple[Scope, ...]) -> str | None:
        """What to send unasked, once the registry has told how it wants to be asked."""
        with self._lock:
            if self._challenge is None or not scopes:
                return None
            return self._meet(self._challenge, scopes, None)

    def answer(self, challenge: str, scopes: tuple[Scope, ...], refused: str | None) -> str | None:
        """The Authorization header that meets a challenge; None when we have none but the refused one.

        Args:
            challenge: The WWW-Authenticate header.
            scopes: What one must be allowed to do.
            refused: The header that was not good enough.

        Raises:
            RegistryError: The token server refused, or it is not safe to ask it.
        """
        challenges = parse_challenges(challenge)
        chosen = next((c for c in challenges if c.scheme == "bearer" and "realm" in c.parameters), None)
        chosen = chosen or next((c for c in challenges if c.scheme == "basic"), None)
        return None if chosen is None else self._meet(chosen, scopes, refused)

    def _meet(self, challenge: Challenge, scopes: tuple[Scope, ...], refused: str | None) -> str | None:
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
        request, form = token_request(challenge, scopes, self._find_credentials(scopes))
        token = read_token(document_of(self._fetch(request, form)))
        if token is None:
            raise RegistryError(f"{self._host}: its token server {shown_address(realm)} gave no token")
        return token

    def _refuse_leak(self, realm: str) -> None:
        parts = urlsplit(realm)
        if parts.scheme == "https" or self._insecure or is_loopback(parts.netloc):
            return
        raise RegistryError(
            f"{self._host} wants the password sent to {shown_address(realm)}, where others can read it\n"
            "if that is meant, --insecure allows it"
        )

    def _find_credentials(self, scopes: tuple[Scope, ...]) -> Credentials | None:
        with self._lock:
            if not self._has_looked:
                repository = scopes[0].split(":")[1] if scopes else ""
                self.credentials = find_credentials(self._host, repository, self._surroundings)
                self._has_looked = True
            return self.credentials
