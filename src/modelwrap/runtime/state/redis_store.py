"""State in Redis, under the key of the 2018 wrapper, so that what an old deployment kept is found.

    KEY              the newest version's bytes; a bare pickle where the old wrapper wrote it
    {KEY}:head       hash: version, the newest version; fence, the number of the last lease; writer, who has not given
                     it back
    {KEY}:versions   list: the versions before, newest first
    {KEY}:VERSION    the bytes of each of these
    {KEY}:lease      who may write, while it lasts

The braces keep all of them in one slot of a cluster. Whatever changes more than one key is a script, which Redis runs
whole or not at all. redis-py is loaded when a store is opened. Source: component API section 13.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from modelwrap.errors import NotTheWriter, SettingsError, StateMoved, StoreUnavailable
from modelwrap.runtime.state.snapshot import HEAD_BYTES
from modelwrap.runtime.state.store import OLD, Kept, Version

__all__ = ["RedisStore", "connect", "without_password"]

#: Seconds to wait for a connection, and for an answer.
_CONNECT, _ANSWER = 2.0, 5.0
_MORE_OF_URLS = (
    "redis://, rediss://, unix://, redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB, redis+cluster://HOST:PORT"
)

_CURRENT = """
local function current()
  if redis.call('EXISTS', KEYS[1]) == 0 then return '' end
  return redis.call('HGET', KEYS[2], 'version') or '0-old'
end
"""
#: The new bytes are stored first: where memory is used up Redis refuses that, before anything has changed.
_WRITE = (
    _CURRENT
    + """
local now = current()
if now == ARGV[2] then return 'OK' end
if now ~= ARGV[1] then return 'moved ' .. now end
if ARGV[5] ~= '' and tonumber(redis.call('HGET', KEYS[2], 'fence') or 0) > tonumber(ARGV[5]) then return 'fenced' end
redis.call('SET', KEYS[4], ARGV[3])
if now ~= '' then
  redis.call('RENAME', KEYS[1], ARGV[6] .. now)
  redis.call('LPUSH', KEYS[3], now)
end
redis.call('RENAME', KEYS[4], KEYS[1])
redis.call('HSET', KEYS[2], 'version', ARGV[2])
local keep = tonumber(ARGV[4]) - 1
for _, old in ipairs(redis.call('LRANGE', KEYS[3], keep, -1)) do redis.call('DEL', ARGV[6] .. old) end
if keep == 0 then redis.call('DEL', KEYS[3]) else redis.call('LTRIM', KEYS[3], 0, keep - 1) end
return 'OK'
"""
)
_SET_ASIDE = (
    _CURRENT
    + """
local now = current()
if now == '' then return '' end
local aside = ARGV[1] .. 'aside:' .. now .. ':' .. ARGV[2]
redis.call('RENAME', KEYS[1], aside)
redis.call('HDEL', KEYS[2], 'version')
return aside
"""
)
_FORGET = """
for _, old in ipairs(redis.call('LRANGE', KEYS[3], 0, -1)) do redis.call('DEL', ARGV[1] .. old) end
return redis.call('DEL', KEYS[3])
"""
_ACQUIRE = """
local held = redis.call('GET', KEYS[2])
if held and held ~= ARGV[1] then return 0 end
local last = redis.call('HGET', KEYS[1], 'writer')
if last and last ~= ARGV[1] and ARGV[3] == '0' then return -1 end
redis.call('HSET', KEYS[1], 'writer', ARGV[1])
local fence = redis.call('HINCRBY', KEYS[1], 'fence', 1)
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return fence
"""
_RENEW = """
if tonumber(redis.call('HGET', KEYS[1], 'fence') or 0) ~= tonumber(ARGV[3]) then return 0 end
local held = redis.call('GET', KEYS[2])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE = """
if redis.call('HGET', KEYS[1], 'writer') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'writer')
return redis.call('DEL', KEYS[2])
"""


class RedisStore:
    """Keeps versions in Redis.

    Args:
        url: Where, as redis-py takes it; see `connect`.
        key: The component's key.
        keep: How many versions are kept.

    Attributes:
        place: The URL without its password.
        key: The component's key.
        private: False: who else can write to a Redis can't be known from here.

    Raises:
        SettingsError: The URL can't be used, or redis-py is not installed.
    """

    private = False

    def __init__(self, url: str, key: str, *, keep: int = 5) -> None:
        self.place = without_password(url)
        self.key = key
        self._keep = keep
        self._front = f"{{{key}}}:"
        self._names = [key, *(f"{self._front}{name}" for name in ("head", "versions", "new"))]
        self._lease_name = f"{self._front}lease"
        self._url = url
        self._made: Any = None
        with self._failing():
            self._client()

    def _client(self) -> Any:
        """The client; that of a cluster or of sentinels asks them when it is made, and is made when they answer."""
        if self._made is None:
            try:
                self._made = connect(self._url)
            except ValueError as error:
                raise SettingsError(
                    f"{self.place} can't be used as a store: {error}; there are {_MORE_OF_URLS}"
                ) from None
        return self._made

    @classmethod
    def keys(cls, url: str) -> list[str]:
        """The keys of the form that components have, by which a Redis keeps state.

        Raises:
            StoreUnavailable: It does not answer.
        """
        store = cls(url, "persistence")
        with store._failing():
            found = [name.decode() for name in store._client().scan_iter("persistence_*")]
        store.close()
        return sorted(found)

    # -- versions --------------------------------------------------------------------------------------------------

    def current(self) -> Version | None:
        """The newest version; None where nothing is kept."""
        with self._failing():
            text = self._eval(_CURRENT + "return current()", self._names[:2])
            return _version(text)

    def read(self, version: Version | None = None) -> tuple[Version, bytes] | None:
        """A version's bytes, by default the newest's; None where it is not there."""
        with self._failing():
            if version is None:
                script = _CURRENT + "return {current(), redis.call('GET', KEYS[1])}"
                text, data = self._eval(script, self._names[:2])
                found = _version(text)
                return None if found is None else (found, data)
            if version == self.current():
                return self.read()
            data = self._client().get(f"{self._front}{version}")
            return None if data is None else (version, data)

    def write(self, data: bytes, version: Version, *, after: Version | None, fence: int | None = None) -> None:
        """Keep bytes as a new version, whole and lasting, or not at all. See `Store`."""
        with self._failing():
            said = self._eval(
                _WRITE,
                self._names,
                str(after or ""),
                str(version),
                data,
                self._keep,
                "" if fence is None else fence,
                self._front,
            ).decode()
        if said == "fenced":
            raise NotTheWriter(f"another writer has the lease on {self.key} in {self.place}")
        if said != "OK":
            raise StateMoved(
                f"{self.key} in {self.place} is at version {said.partition(' ')[2] or 'none'}, not {after}"
            )

    def versions(self) -> list[Kept]:
        """All versions, the newest first."""
        with self._failing():
            current, client = self.current(), self._client()
            names = [] if current is None else [(current, self.key)]
            texts = [text.decode() for text in client.lrange(self._names[2], 0, -1)]
            names += [(Version.parse(text), f"{self._front}{text}") for text in texts]
            return [
                Kept(version, client.getrange(name, 0, HEAD_BYTES - 1), client.strlen(name)) for version, name in names
            ]

    def set_aside(self) -> str:
        """Move the newest version out of the way; returns the key that it has now."""
        with self._failing():
            return str(self._eval(_SET_ASIDE, self._names[:2], self._front, time.time_ns()).decode())

    def forget(self) -> None:
        """Drop every version but the newest."""
        with self._failing():
            self._eval(_FORGET, self._names[:3], self._front)

    # -- the lease -------------------------------------------------------------------------------------------------

    def acquire(self, holder: str, seconds: float, *, patient: bool = False) -> int | None:
        """The number of a new lease on writing; None while somebody else holds it. See `Store`."""
        names = [self._names[1], self._lease_name]
        with self._failing():
            return self._eval(_ACQUIRE, names, holder, _ms(seconds), int(patient)) or None

    def renew(self, holder: str, fence: int, seconds: float) -> bool:
        """Hold the lease for so many seconds more; False where a newer one was given."""
        with self._failing():
            return bool(self._eval(_RENEW, [self._names[1], self._lease_name], holder, _ms(seconds), fence))

    def release(self, holder: str) -> None:
        """Give the lease back."""
        with self._failing():
            self._eval(_RELEASE, [self._names[1], self._lease_name], holder)

    def holder(self) -> str:
        """Who holds the lease; empty for nobody."""
        with self._failing():
            return (self._client().get(self._lease_name) or b"").decode()

    def close(self) -> None:
        """Let go of the connections."""
        if self._made is not None:
            with contextlib.suppress(Exception):
                self._made.close()

    # -- the server ------------------------------------------------------------------------------------------------

    def _eval(self, script: str, names: list[str], *arguments: Any) -> Any:
        return self._client().eval(script, len(names), *names, *arguments)

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        redis = _redis_py()
        try:
            yield
        except (redis.RedisError, OSError) as error:
            raise StoreUnavailable(f"{self.place} does not keep state now: {_told(error)}") from error


def connect(url: str) -> Any:
    """A redis-py client for a URL: redis, rediss and unix as redis-py reads them, and two schemes beside.

    `redis+cluster://` (`rediss+cluster://`) is a node of a cluster. `redis+sentinel://:PASSWORD@HOST:PORT,…/SERVICE/DB`
    (`rediss+sentinel://`) names sentinels, and the service that they watch.

    Raises:
        SettingsError: redis-py is not installed.
        ValueError: The URL is none of these.
    """
    redis = _redis_py()
    waits = {"socket_connect_timeout": _CONNECT, "socket_timeout": _ANSWER}
    scheme, _, rest = url.partition("://")
    plain, _, kind = scheme.partition("+")
    if kind == "cluster":
        return redis.RedisCluster.from_url(f"{plain}://{rest}", **waits)
    if kind == "sentinel":
        return _by_sentinels(plain, rest, waits)
    return redis.Redis.from_url(url, **waits)


def _redis_py() -> Any:
    try:
        import redis  # noqa: PLC0415 - an extra; only a state in Redis needs it
    except ImportError:
        raise SettingsError(
            "state is to be kept in Redis, but redis-py is not installed here: pip install redis "
            "(an image made with --persistence has it)"
        ) from None
    return redis


def _by_sentinels(scheme: str, rest: str, waits: dict[str, float]) -> Any:
    from redis.sentinel import Sentinel  # noqa: PLC0415

    login, _, places = rest.rpartition("@")
    hosts, _, path = places.partition("/")
    service, _, database = path.partition("/")
    if not service:
        raise ValueError("it names no service after the sentinels")
    user, _, password = login.partition(":")
    known = {"username": unquote(user) or None, "password": unquote(password) or None, "db": int(database or 0)}
    addresses = [(host, int(port or 26379)) for host, _, port in (each.rpartition(":") for each in hosts.split(","))]
    sentinel = Sentinel(addresses, sentinel_kwargs=dict(waits), ssl=scheme == "rediss", **waits, **known)  # type: ignore[no-untyped-call]
    return sentinel.master_for(service)  # type: ignore[no-untyped-call]


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    scheme, separator, rest = url.partition("://")
    login, at, places = rest.rpartition("@")
    if "password=" in places:
        places = urlsplit(f"{scheme}://{places}").netloc
    return f"{scheme}{separator}{login.partition(':')[0] + ':***' if login else ''}{at}{places}"


def _version(text: bytes) -> Version | None:
    if not text:
        return None
    return OLD if text == b"0-old" else Version.parse(text.decode())


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__
