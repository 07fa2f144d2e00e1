"""How a registry asks who one is, and how one says it: challenges, tokens and passwords.

Sans I/O. Source: RFC 9110 section 11; the distribution project's token and OAuth 2 flows.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from urllib.parse import urlencode

from modelwrap.image.oci import JSONObject
from modelwrap.image.registry.exchanges import Request, Scope
from modelwrap.value import Value, field

__all__ = ["Challenge", "Credentials", "Token", "basic_header", "parse_challenges", "read_token", "token_request"]

#: What the parts of a challenge look like: `Bearer`, `realm="…"`, `,`.
_PART = re.compile(r'\s*(?:([A-Za-z0-9_.-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([A-Za-z][A-Za-z0-9_-]*)|,)')
#: A token without a term lives this long, in seconds. Source: token specification, `expires_in`.
_DEFAULT_LIFE = 60.0
_CLIENT = "modelwrap"


class Credentials(Value):
    """A name and a password, or a token in their place.

    Attributes:
        source: Where they came from, for messages: `~/.docker/config.json`.
    """

    username: str
    password: str = field(shown=False)
    source: str
    identity_token: str = field(default="", shown=False)

    def __str__(self) -> str:
        who = "an identity token" if self.identity_token else f"user {self.username}"
        return f"{who} from {self.source}"


class Challenge(Value):
    """One way to say who one is that a registry offers.

    Attributes:
        scheme: In lower case: `basic`, `bearer`.
        parameters: Their names in lower case.
    """

    scheme: str
    parameters: Mapping[str, str]


class Token(Value):
    """Leave to do something, for a while.

    Attributes:
        life: In seconds from when it was given.
    """

    text: str
    life: float


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Reads a WWW-Authenticate header; what makes no sense in it is passed over."""
    found: list[tuple[str, dict[str, str]]] = []
    place = 0
    while part := _PART.match(header, place):
        place = part.end()
        name, quoted, bare, scheme = part.groups()
        if scheme:
            found.append((scheme.lower(), {}))
        elif name and found:
            found[-1][1][name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare
    return tuple(Challenge(scheme, parameters) for scheme, parameters in found)


def basic_header(credentials: Credentials) -> str:
    """The Authorization header with a name and a password."""
    return "Basic " + base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()


def token_request(
    challenge: Challenge, scopes: tuple[Scope, ...], credentials: Credentials | None
) -> tuple[Request, bytes | None]:
    """What to ask a token server, and the form to send, if any.

    Args:
        challenge: The registry's, which names the server.
        scopes: What one wants to be allowed.
        credentials: None asks for what everybody may do.
    """
    service = challenge.parameters.get("service", "")
    realm = challenge.parameters["realm"]
    wanted = scopes or tuple(filter(None, [challenge.parameters.get("scope")]))
    step, subject = "get a token", " ".join(wanted) or "the registry"
    if credentials is not None and credentials.identity_token:
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": _CLIENT,
            "scope": " ".join(wanted),
            "refresh_token": credentials.identity_token,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request(step, "POST", realm, subject, headers=headers), urlencode(form).encode()
    pairs = [*([("service", service)] if service else []), *(("scope", scope) for scope in wanted)]
    if credentials is not None:
        pairs.append(("account", credentials.username))
    query = f"{'&' if '?' in realm else '?'}{urlencode(pairs)}" if pairs else ""
    headers = {} if credentials is None else {"Authorization": basic_header(credentials)}
    return Request(step, "GET", realm + query, subject, headers=headers), None


def read_token(document: JSONObject) -> Token | None:
    """The token in a token server's answer; None when there is none."""
    text = document.get("token") or document.get("access_token")
    life = document.get("expires_in")
    if not isinstance(text, str) or not text:
        return None
    return Token(text, float(life) if isinstance(life, int | float) and life > 0 else _DEFAULT_LIFE)
