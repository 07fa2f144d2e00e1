"""Where and how state is kept over restarts."""

from __future__ import annotations

from modelwrap.contract import SETTING_PREFIX, Env
from modelwrap.runtime.settings import kinds
from modelwrap.runtime.settings.option import Group, Option, Variable

__all__ = [
    "PERSISTENCE_INTERVAL",
    "REDIS_HOST",
    "REDIS_PORT",
    "STATE_HOME",
    "STATE_KEEP",
    "STATE_KEY",
    "STATE_KEY_FILE",
    "STATE_LEASE",
    "STATE_MAX_SIZE",
    "STATE_OLD_PICKLE",
    "STATE_STORE",
    "STATE_TRUSTED_STORE",
    "STATE_UNAVAILABLE",
    "STATE_UNREADABLE",
]

PERSISTENCE_INTERVAL: Option[float] = Option(
    name="persistence-interval",
    kind=kinds.SECONDS_ABOVE_ZERO,
    default=60.0,
    help="Seconds between two saves of what has changed. The graph parameter push_frequency sets it too.",
    group=Group.STATE,
)
STATE_STORE: Option[str] = Option(
    name="state-store",
    kind=kinds.TEXT,
    default="",
    help="Where state is kept: a folder, or a URL: redis://, rediss://, unix://, redis+cluster://HOST:PORT "
    "or redis+sentinel://HOST:PORT,.../SERVICE/DB.",
    group=Group.STATE,
    default_text="the Redis of REDIS_SERVICE_HOST, else files below XDG_STATE_HOME",
)
REDIS_HOST: Option[str] = Option(
    name="redis-host",
    kind=kinds.TEXT,
    default="",
    help="The host of Redis.",
    group=Group.STATE,
    historical=(Variable(Env.REDIS_HOST),),
    flagged=False,
    default_text="none",
)
REDIS_PORT: Option[int] = Option(
    name="redis-port",
    kind=kinds.PORT,
    default=6379,
    help="The port of Redis.",
    group=Group.STATE,
    historical=(Variable(Env.REDIS_PORT),),
    flagged=False,
)
STATE_HOME: Option[str] = Option(
    name="state-home",
    kind=kinds.TEXT,
    default="",
    help="The folder that holds modelwrap/, where state is kept in files.",
    group=Group.STATE,
    historical=(Variable(Env.STATE_HOME),),
    flagged=False,
    default_text="~/.local/state",
)
STATE_KEY: Option[str] = Option(
    name="state-key",
    kind=kinds.TEXT,
    default="",
    help="The secret that state is signed with. Pickles of a store that others reach need it.",
    group=Group.STATE,
    historical=(Variable(f"{SETTING_PREFIX}STATE_KEY"),),
    flagged=False,
    default_text="none",
)
STATE_KEY_FILE: Option[str] = Option(
    name="state-key-file",
    kind=kinds.TEXT,
    default="",
    help="A file with that secret, such as a mounted one; blanks at its ends don't count.",
    group=Group.STATE,
    default_text="none",
)
STATE_TRUSTED_STORE: Option[bool] = Option(
    name="state-trusted-store",
    kind=kinds.BOOLEAN,
    default=False,
    help="You vouch that nobody else can write to the store: pickles from it are opened without a signature.",
    group=Group.STATE,
    bare="true",
)
STATE_OLD_PICKLE: Option[bool] = Option(
    name="state-old-pickle",
    kind=kinds.BOOLEAN,
    default=False,
    help="Open the bare pickle that the 2018 wrapper left. It can run any code: only for a Redis that was yours alone.",
    group=Group.STATE,
    bare="true",
)
STATE_KEEP: Option[int] = Option(
    name="state-keep",
    kind=kinds.whole(1, 1000),
    default=5,
    help="Versions of the state that are kept.",
    group=Group.STATE,
)
STATE_MAX_SIZE: Option[int] = Option(
    name="state-max-size",
    kind=kinds.whole(1, 500 * 1024 * 1024),
    default=256 * 1024 * 1024,
    help="Bytes of the largest state that is saved.",
    group=Group.STATE,
)
STATE_UNAVAILABLE: Option[str] = Option(
    name="state-unavailable",
    kind=kinds.choice("wait", "fresh"),
    default="wait",
    help="At the start, for a store that does not answer: wait, not ready, or serve fresh and save to it later.",
    group=Group.STATE,
)
STATE_UNREADABLE: Option[str] = Option(
    name="state-unreadable",
    kind=kinds.choice("refuse", "fresh"),
    default="refuse",
    help="At the start, for state that can't be read: refuse to start, or set it aside and begin afresh.",
    group=Group.STATE,
)
STATE_LEASE: Option[float] = Option(
    name="state-lease",
    kind=kinds.SECONDS_ABOVE_ZERO,
    default=15.0,
    help="Seconds after which another replica may write that can't be merged, when the writer is not heard of.",
    group=Group.STATE,
)
