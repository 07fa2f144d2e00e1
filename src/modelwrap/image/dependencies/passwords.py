"""Who we are at an index: users and passwords from the URLs that pip and uv are told, and from `.netrc`.

They go to the host they were given for, and are never written anywhere.
"""

from __future__ import annotations

import base64
import netrc
import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit, urlunsplit

from modelwrap.image.dependencies.settings import Surroundings
from modelwrap.value import Value, field

__all__ = ["WHERE_PASSWORDS_ARE", "Passwords", "gather_passwords", "without_password"]

#: For messages.
WHERE_PASSWORDS_ARE = (
    "they are looked for in the index's URL (pip's and uv's settings; ${NAME} in requirements), in "
    "UV_INDEX_<NAME>_USERNAME and _PASSWORD, and in ~/.netrc"
)

_DEFAULT_PORTS = {"http": 80, "https": 443}


class _Realm(Value):
    scheme: str
    host: str
    port: int


class Passwords(Value):
    """What to send to which index.

    Attributes:
        by_place: For each scheme, host and port: the path it was given for, and the header to send.
        by_host: Headers from `.netrc`.
    """

    by_place: dict[_Realm, tuple[tuple[str, str], ...]] = field(default_factory=dict, shown=False)
    by_host: dict[str, str] = field(default_factory=dict, shown=False)

    def header_for(self, url: str) -> str | None:
        """The Authorization header for a URL; the one given for the path that is most alike. None where none is known.

        Args:
            url: A file's address. A password in it wins.
        """
        if own := _header_in(url):
            return own
        realm, path = _realm_of(url), urlsplit(url).path
        known = self.by_place.get(realm, ())
        if known:
            return max(known, key=lambda place: _common(place[0], path))[1]
        return self.by_host.get(realm.host) if realm.scheme == "https" or _is_loopback(realm.host) else None


def gather_passwords(urls: Iterable[str], surroundings: Surroundings) -> Passwords:
    """Gathers what some URLs and the user's `.netrc` have."""
    by_place = dict[_Realm, tuple[tuple[str, str], ...]]()
    for url in urls:
        if header := _header_in(url):
            realm = _realm_of(url)
            by_place[realm] = (*by_place.get(realm, ()), (urlsplit(url).path, header))
    return Passwords(by_place, _from_netrc(surroundings))


def without_password(url: str) -> str:
    """The URL as it may be written down and shown."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _header_in(url: str) -> str:
    user, at, _ = urlsplit(url).netloc.rpartition("@")
    if not at or re.fullmatch(r"git:?", user):
        return ""
    name, _, password = user.partition(":")
    return _basic(unquote(name), unquote(password))


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _realm_of(url: str) -> _Realm:
    parts = urlsplit(url)
    return _Realm(parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme, 0))


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _common(one: str, other: str) -> int:
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(one.count("/"), other.count("/")) + 1)


def _from_netrc(surroundings: Surroundings) -> dict[str, str]:
    file = surroundings.environment.get("NETRC") or str(surroundings.home / ".netrc")
    try:
        entries = netrc.netrc(file).hosts
    except (OSError, netrc.NetrcParseError):
        return {}
    return {
        host: _basic(login or account or "", password or "") for host, (login, account, password) in entries.items()
    }
