"""Stacks that a profiler sampled: which functions had the time, and which part of a worker's work they belong to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.report import Table

#: What py-spy appends to a frame: the line of the file.
_LINE = re.compile(r":\d+\)$")
_KERNEL, _MODEL, _INTERPRETER = "system calls", "model", "interpreter"
_ENGINE = "engine, on the loop: scope, task, answer"
_CALLS = frozenset({"epoll_wait", "write", "read", "sendto", "recvfrom", "recv", "send", "futex", "clock_gettime"})
#: What a frame's file holds, and the part it belongs to; the first that fits. A frame that fits none, such as a
#: function of the interpreter or of the C library, belongs to who called it.
_PARTS = (
    ("h2corn/", _ENGINE),
    ("Handle._run (", _ENGINE),  # it calls the engine's own native code and nothing else that takes time
    ("asyncio", "event loop"),
    ("selectors.py", "event loop"),
    ("modelwrap/runtime/transports/", "doors: path, limits, headers, answer"),
    ("modelwrap/runtime/codecs/", "codecs"),
    ("orjson/", "codecs"),
    ("modelwrap/runtime/metrics/", "metrics"),
    ("modelwrap/runtime/", "pipe: admit, call, name, wrap up"),
    ("numpy/", "NumPy"),
)
#: What a model is made of.
_LIBRARIES = ("sklearn/", "scipy/", "joblib/", "narwhals/")


@dataclass(frozen=True, slots=True)
class Profile:
    """How often each function was seen on a stack.

    Attributes:
        own: As its innermost, by function.
        total: Anywhere in it, by function.
        parts: By the part of the work that the stack belongs to.
        samples: How many stacks were seen.
    """

    own: Counter[str]
    total: Counter[str]
    parts: Counter[str]
    samples: int

    def table(self, title: str, shown: int) -> Table:
        """The functions with the most time of their own."""
        rows = [
            [name[-90:], f"{count / self.samples:.1%}", f"{self.total[name] / self.samples:.1%}"]
            for name, count in self.own.most_common(shown)
        ]
        return Table(title, ["function", "own", "with callees"], rows)

    def table_of_parts(self, title: str, microseconds: float, others: float) -> Table:
        """Where a request's time goes.

        Args:
            title: The table's.
            microseconds: What the profiled thread takes for a request.
            others: What the other threads take for it, which are not profiled.
        """
        rows = [
            [name, f"{count / self.samples:.1%}", f"{microseconds * count / self.samples:.1f}"]
            for name, count in self.parts.most_common()
        ]
        rows += [["the loop's thread", "100%", f"{microseconds:.1f}"], ["other threads", "", f"{others:.1f}"]]
        return Table(title, ["part", "share", "us a request"], rows)


def read_stacks(text: str) -> Profile:
    """Counts folded stacks: a line for each, frames from the outermost on divided by semicolons, then its count."""
    own: Counter[str] = Counter()
    total: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [_LINE.sub(")", frame) for frame in stack.split(";")]
        own[frames[-1]] += int(count)
        parts[part_of(frames)] += int(count)
        total.update(dict.fromkeys(frames, int(count)))
    return Profile(own, total, parts, own.total())


def part_of(frames: Sequence[str]) -> str:
    """The part of the work to which a stack belongs, by the innermost of its frames that says so.

    Args:
        frames: As `function (file)`, from the outermost on.
    """
    innermost, _, file = frames[-1].partition(" ")
    if innermost in _CALLS and not file.endswith(".py)"):
        return _KERNEL
    if any(library in frame for frame in frames for library in _LIBRARIES):
        return _MODEL  # whatever it calls
    return next((part for frame in reversed(frames) for mark, part in _PARTS if mark in frame), _INTERPRETER)
