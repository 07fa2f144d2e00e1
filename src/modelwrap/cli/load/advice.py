"""What to recommend of what was measured. A gain below the noise of a shared machine counts as none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modelwrap.cli.load.measured import Measured
from modelwrap.value import Value, field

__all__ = ["BATCHED", "DEFAULT", "INLINE", "JOINED_ROWS", "WORKERS", "Figures", "advise"]

DEFAULT, INLINE, WORKERS = "default", "--inline", "--workers 2"
JOINED_ROWS = 64
BATCHED = f"--max-batch-size {JOINED_ROWS}"
#: Runs of the same configuration lie so far apart on a machine with other work.
_NOISE = 1.15
#: A second process and its copy of the model should bring more than noise.
_WORTH_A_PROCESS = 1.3
#: The client and the server it asks share the machine: this close to its ceiling, the client decides.
_NEAR = 0.6
#: Longer calls must not be made where the network is read: health would wait for them.
_SHORT_MS = 1.0


class Figures(Value):
    """What was measured.

    Attributes:
        measured: By variant, then by number of clients.
        is_row_wise: Whether rows together are answered as each alone; None where nobody asked.
        left_out: Variants that were not measured, with the reason.
        ceilings: What the client can do at best, by number of clients, where it may be the limit.
    """

    measured: Mapping[str, Mapping[int, Measured]]
    is_row_wise: bool | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    ceilings: Mapping[int, float] = field(default_factory=dict)

    def is_limited(self, clients: int) -> bool:
        """Whether a variant was nearly as fast as the client can ask, so that differences are hidden."""
        ceiling = self.ceilings.get(clients)
        return ceiling is not None and any(each[clients].rate > _NEAR * ceiling for each in self.measured.values())

    def gain(self, variant: str, clients: int) -> float:
        """How many times the default's rate a variant has; 1 where it was not measured."""
        other, base = self.measured.get(variant), self.measured.get(DEFAULT)
        return other[clients].rate / base[clients].rate if other and base else 1.0


def advise(figures: Figures) -> Iterator[str]:
    """Yields a line for each setting worth knowing about; one line at least."""
    base = figures.measured.get(DEFAULT)
    if base is None or (len(figures.measured) == 1 and not figures.left_out):
        yield "nothing to compare with: given a model folder, the settings are measured beside each other"
        return
    few, many = min(base), max(base)
    lines = [*_batching(figures, many), *_inline(figures, few, many), *_workers(figures, many)]
    gains = any(figures.gain(variant, clients) >= _NOISE for variant in figures.measured for clients in (few, many))
    if not gains:
        yield "leave the settings as they are: none is clearly faster for this model"
    yield from lines


def _batching(figures: Figures, many: int) -> Iterator[str]:
    if figures.is_row_wise is False:
        yield "do not set max_batch_size: rows together are answered otherwise than alone, or not in an array"
    elif (gain := figures.gain(BATCHED, many)) >= _NOISE:
        yield f"set max_batch_size = {JOINED_ROWS} in the class, or {BATCHED}: {_times(gain, many)}"
    elif BATCHED in figures.measured:
        yield f"max_batch_size brings nothing clear: {_times(gain, many)}"


def _inline(figures: Figures, few: int, many: int) -> Iterator[str]:
    if INLINE not in figures.measured:
        return
    latency = min(each[few].p50 for each in figures.measured.values())
    gains = {clients: figures.gain(INLINE, clients) for clients in (few, many)}
    told = ", ".join(_times(gain, clients) for clients, gain in gains.items())
    if latency > _SHORT_MS:
        yield f"do not use --inline: an answer takes {latency:.1f} ms, and a worker would answer nothing else meanwhile"
    elif max(gains.values()) >= _NOISE:
        yield f"--inline pays, if no call is ever much longer than these: {told}"
    else:
        yield f"--inline brings nothing clear: {told}"


def _workers(figures: Figures, many: int) -> Iterator[str]:
    if WORKERS not in figures.measured:
        return
    gain = figures.gain(WORKERS, many)
    if gain >= _WORTH_A_PROCESS:
        yield f"--workers 2 pays, for a second copy of the model in memory: {_times(gain, many)}"
    else:
        yield f"--workers 2 is not worth a second copy of the model here: {_times(gain, many)}"


def _times(gain: float, clients: int) -> str:
    return f"{gain:.1f} times as many with {clients} client{'s' * (clients != 1)}"
