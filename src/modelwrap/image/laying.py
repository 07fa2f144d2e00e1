"""Layers of wheels, laid and inspected by processes of a crew: each writes to the file it is given and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from modelwrap.image.archive import LayerWriter, Written
from modelwrap.image.cache import Cache
from modelwrap.image.crew import Ask, Crew
from modelwrap.image.oci import JSONObject
from modelwrap.image.target import WheelFile
from modelwrap.image.validate.inspection import Inspector
from modelwrap.image.wheel_layers import Compile, Lay, Load, write_wheels
from modelwrap.image.wheels.bytecode import Bytecode, Source
from modelwrap.value import Value, field

__all__ = ["by_crew"]

#: Bytes that go to the file at once.
_BUFFER = 1 << 20


def by_crew(crew: Crew, cache: Cache, check: Callable[[], None]) -> Lay:
    """Has layers laid by a crew.

    Args:
        crew: Who does it.
        cache: Keeps what was seen in the wheels.
        check: Is called now and then; an exception of it ends what is under way.
    """

    def lay(load: Load, path: Path, compiled: Compile) -> Written:
        done = crew.do(_lay, (load, path), answer=lambda question: compiled(*question), check=check)
        for kind, key, document in done.seen:
            cache.remember(kind, key, document)
        return done.written

    return lay


class _Done(Value):
    written: Written
    seen: list[tuple[str, str, JSONObject]]


def _lay(given: tuple[Load, Path], ask: Ask) -> _Done:
    """What a process does: modules are compiled by whoever wants the layer."""
    load, path = given

    def compiled(wheel: WheelFile, sources: Sequence[Source]) -> Bytecode:
        answer = ask((wheel, sources))
        if not isinstance(answer, Bytecode):
            raise TypeError(f"{answer!r} is no bytecode")
        return answer

    notes = _Notes()
    with path.open("wb", _BUFFER) as file:
        writer = LayerWriter(file)
        write_wheels(load, writer, compiled, Inspector(notes))
        written = writer.close()
    return _Done(written, notes.kept)


class _Notes(Value):
    """Takes down what a cache is to remember."""

    kept: list[tuple[str, str, JSONObject]] = field(default_factory=list)

    def recall(self, kind: str, key: str) -> JSONObject | None:  # noqa: ARG002 - whoever wants the layer looks
        """Nothing is known here."""
        return None

    def remember(self, kind: str, key: str, document: JSONObject) -> None:
        """Takes it down."""
        self.kept.append((kind, key, document))
