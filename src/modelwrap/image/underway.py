"""The packages of an image on their way into its layers, from the moment it is settled which they are.

That may be while the base image is still read. Nothing leaves the cache here; a build that is refused meanwhile, or
that comes to other packages, gives up what is under way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from modelwrap.errors import ImageError
from modelwrap.image.cache import Cache
from modelwrap.image.dependencies.obtaining import Packages, bring
from modelwrap.image.dependencies.resolution import Resolution, Wanted
from modelwrap.image.image import Layer
from modelwrap.image.steps import Silent, Step
from modelwrap.image.target import PythonTarget, WheelFile
from modelwrap.image.validate.inspection import Inspector
from modelwrap.image.wheel_layers import Look, wheel_layers
from modelwrap.image.wheels.wheel import Member, Pieces, Wheel

if TYPE_CHECKING:
    from modelwrap.image.crew import Crew

__all__ = ["Underway", "Vanguard"]


class Vanguard(AbstractContextManager["Vanguard"]):
    """Brings packages on their way, those of one image after those of another, until its `with` block ends.

    Args:
        crew: Lays them; by default threads of this process do.
    """

    def __init__(self, crew: Crew | None = None) -> None:
        self._crew = crew
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="vanguard")
        self._begun: list[Underway] = []
        self._kept: list[Underway] = []

    def begin(
        self, resolution: Resolution, wanted: Wanted, target: PythonTarget, cache: Cache, *, bytecode: bool
    ) -> Underway:
        """Begins with the packages of one image.

        Args:
            resolution: Which they are.
            wanted: What they were settled for.
            target: The base's Python; its executable does not count.
            cache: Keeps all that is made.
            bytecode: Whether compiled modules go into the layers.
        """
        begun = Underway(self._thread, resolution, wanted, target, cache, bytecode=bytecode, crew=self._crew)
        self._begun.append(begun)
        return begun

    def keep_to(self, right: Underway) -> None:
        """Goes on with what was kept to before and with this; gives up what else was begun."""
        self._kept.append(right)
        for begun in self._begun:
            if begun not in self._kept:
                begun.give_up()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for begun in self._begun:
            begun.give_up()
        self._thread.shutdown()


class Underway:
    """The packages of one image; `Vanguard` begins them."""

    def __init__(
        self,
        thread: ThreadPoolExecutor,
        resolution: Resolution,
        wanted: Wanted,
        target: PythonTarget,
        cache: Cache,
        *,
        bytecode: bool,
        crew: Crew | None,
    ) -> None:
        given_up = threading.Event()

        def check() -> None:
            if given_up.is_set():
                raise ImageError("the packages were given up")

        def lay() -> tuple[Layer, ...]:
            wheels = self._packages.result().wheels
            if crew:
                from modelwrap.image.laying import by_crew  # noqa: PLC0415 - loads what no other build needs

                return wheel_layers(wheels, target, cache, bytecode=bytecode, lay=by_crew(crew, cache, check))
            return wheel_layers(wheels, target, cache, bytecode=bytecode, onlooker=_Onlooker(Inspector(cache), check))

        self._given_up = given_up
        self._shown = _Relay(check)
        self._packages = thread.submit(bring, resolution, wanted, target, cache, self._shown)
        self._layers = thread.submit(lay)

    def packages(self, step: Step) -> Packages:
        """Waits until they are on this machine.

        Args:
            step: Is told of the bytes to come, and of those that came, also before.

        Raises:
            RequirementsError: A package has no wheel that fits, or it is not to be had.
            DamagedBlob: A file is not what the lock means.
        """
        self._shown.show_to(step)
        return self._packages.result()

    def layers(self) -> tuple[Layer, ...]:
        """Waits for the layers.

        Raises:
            DamagedBlob: A wheel can't be trusted.
            ImageError: A layer can't be made.
        """
        return self._layers.result()

    def give_up(self) -> None:
        """Lets what is under way end soon; whoever waits for it hears of that."""
        self._given_up.set()
        self._layers.cancel()
        self._packages.cancel()


class _Relay:
    """A step that is shown later, by another."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._lock = threading.Lock()
        self._step: Step = Silent()
        self._total = self._done = 0

    def expect(self, total: int) -> None:
        with self._lock:
            self._total = total
            self._step.expect(total)

    def advance(self, count: int) -> None:
        self._check()
        with self._lock:
            self._done += count
            self._step.advance(count)

    def tell(self, outcome: str) -> None:
        self._step.tell(outcome)

    def show_to(self, step: Step) -> None:
        with self._lock:
            if self._total:
                step.expect(self._total)
                step.advance(self._done)
            self._step = step


class _Onlooker:
    """Looks as another does, as long as nobody has given up."""

    def __init__(self, inspector: Inspector, check: Callable[[], None]) -> None:
        self._inspector = inspector
        self._check = check

    def look(self, file: WheelFile, wheel: Wheel) -> Look:
        return _Look(self._inspector.look(file, wheel), self._check)


class _Look:
    def __init__(self, look: Look | None, check: Callable[[], None]) -> None:
        self._look = look
        self._check = check

    def through(self, member: Member, pieces: Pieces) -> Pieces:
        self._check()
        return self._look.through(member, pieces) if self._look else pieces

    def end(self) -> object:
        return self._look.end() if self._look else None
