"""What commands about images reach on this machine and beyond: the user's cache, registries, the ways to packages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from modelwrap.image.cache import Cache
from modelwrap.image.dependencies.settings import read_surroundings
from modelwrap.image.pipeline import Reach
from modelwrap.image.registry.client import Registry

if TYPE_CHECKING:
    from modelwrap.image.crew import Crew

__all__ = ["reaching"]


@contextmanager
def reaching(*, insecure: bool = False, ca_bundle: str | None = None, crew: Crew | None = None) -> Iterator[Reach]:
    """One connection to each registry for the length of a command.

    Args:
        insecure: Whether plain HTTP and any certificate will do.
        ca_bundle: A file of authorities that registries may have signed by, beside those of this machine.
        crew: Processes that take work off this one.
    """
    bundle = Path(ca_bundle) if ca_bundle else None
    with ExitStack() as stack:
        known: dict[str, Registry] = {}

        def connect(host: str) -> Registry:
            if host not in known:
                known[host] = stack.enter_context(Registry(host, insecure=insecure, ca_bundle=bundle))
            return known[host]

        yield Reach(Cache.of_user(), connect, read_surroundings(), crew)
