"""The user's signatures, read once at load, so that no method is ever called twice to find out.

The earlier wrappers called a method with `meta`, and on TypeError again without: a TypeError raised inside the method
then ran it twice and hid the first error.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from modelwrap.errors import LoadFailed
from modelwrap.runtime.payload import JSONObject, UserValue

__all__ = ["FeedbackCaller", "VerbCaller", "adapt", "adapt_feedback", "takes_meta"]

#: Calls a predict-like method with X, names and meta, passing on what it takes.
VerbCaller: TypeAlias = Callable[[UserValue, "Sequence[str] | None", "JSONObject | None"], UserValue]
#: Calls `send_feedback` with X, names, reward, truth and routing.
FeedbackCaller: TypeAlias = Callable[[UserValue, Sequence[str], float, UserValue, "int | None"], UserValue]

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _parameters(method: Callable[..., UserValue]) -> Mapping[str, inspect.Parameter] | None:
    """The method's parameters without self, or None for a callable that hides them (some C functions do)."""
    try:
        return inspect.signature(method).parameters
    except (TypeError, ValueError):
        return None


def takes_meta(method: Callable[..., UserValue]) -> bool:
    """Whether the method asks for the request's metadata: a parameter called `meta`, or `**kwargs`."""
    parameters = _parameters(method) or {}
    return any(name == "meta" or kind.kind is kind.VAR_KEYWORD for name, kind in parameters.items())


def adapt(method: Callable[..., UserValue]) -> VerbCaller:
    """One calling convention over `(X)`, `(X, names)`, `(X, names, meta)` and `**kwargs`.

    Raises:
        LoadFailed: The method needs an argument that no request can give.

    Source: component API section 6; design, wire behaviour 6.
    """
    parameters = _parameters(method)
    if parameters is None:
        return lambda X, names, meta: method(X, names)
    count = _positional_count(method, parameters)
    if takes_meta(method):
        if count == 1:
            return lambda X, names, meta: method(X, meta=meta)
        return lambda X, names, meta: method(X, names, meta=meta)
    if count == 1:
        return lambda X, names, meta: method(X)
    return lambda X, names, meta: method(X, names)


def _positional_count(method: Callable[..., UserValue], parameters: Mapping[str, inspect.Parameter]) -> int:
    """How many of `X, names` the method takes by position: 1 or 2."""
    if any(each.kind is each.VAR_POSITIONAL for each in parameters.values()):
        return 2
    positional = [each for each in parameters.values() if each.kind in _POSITIONAL and each.name != "meta"]
    needless = [each.name for each in parameters.values() if _needs(each) and each not in positional[:2]]
    if needless or not positional:
        _refuse(method, needless)
    return min(2, len(positional))


def _needs(parameter: inspect.Parameter) -> bool:
    variadic = (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return parameter.default is parameter.empty and parameter.kind not in variadic and parameter.name != "meta"


def _refuse(method: Callable[..., UserValue], needless: Sequence[str]) -> None:
    name = getattr(method, "__qualname__", repr(method))
    asks = f"asks for {', '.join(needless)}, which no request gives" if needless else "takes no X"
    raise LoadFailed(f"{name} {asks}: write it as (self, X, names) or (self, X, names, meta)")


def adapt_feedback(method: Callable[..., UserValue]) -> FeedbackCaller:
    """One calling convention over every historical argument order of `send_feedback`.

    The first two positional parameters are X and names. After them, a parameter called reward, truth or routing gets
    what its name says; any other gets what is left, in the order reward, truth, routing. `*args` takes reward and
    truth, `**kwargs` what nobody took.

    Raises:
        LoadFailed: The method needs more than the five values there are.

    Source: component API section 6; design, wire behaviour 6.
    """
    parameters = _parameters(method)
    if parameters is None:
        return lambda X, names, reward, truth, routing: method(X, names, reward, truth)
    plan = _FeedbackPlan(method, list(parameters.values()))

    def call(X: UserValue, names: Sequence[str], reward: float, truth: UserValue, routing: int | None) -> UserValue:
        given = {"X": X, "names": names, "reward": reward, "truth": truth, "routing": routing}
        keywords = {parameter: given[value] for parameter, value in plan.keywords.items()}
        return method(*(given[value] for value in plan.positional), **keywords)

    return call


class _FeedbackPlan:
    """Which value each parameter of a `send_feedback` gets."""

    def __init__(self, method: Callable[..., UserValue], parameters: list[inspect.Parameter]) -> None:
        self.positional = ["X", "names"]
        self.keywords: dict[str, str] = {}
        self._left = ["reward", "truth", "routing"]
        kinds = {each.kind for each in parameters}
        positional = [each for each in parameters if each.kind in _POSITIONAL]
        only_by_name = [each for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY]
        self._named = {each.name: value for each in [*positional[2:], *only_by_name] if (value := self._claim(each))}
        self._fill(method, positional[2:])
        self.keywords |= {each.name: self._named[each.name] for each in only_by_name if each.name in self._named}
        if inspect.Parameter.VAR_POSITIONAL in kinds:
            self._take_by_position()
        if inspect.Parameter.VAR_KEYWORD in kinds:
            self.keywords |= {value: value for value in self._left}

    def _claim(self, parameter: inspect.Parameter) -> str | None:
        value = "routing" if parameter.name == "route" else parameter.name
        if value not in self._left:
            return None
        self._left.remove(value)
        return value

    def _fill(self, method: Callable[..., UserValue], parameters: list[inspect.Parameter]) -> None:
        skipped = False
        for each in parameters:
            value = self._named.get(each.name) or (self._left.pop(0) if self._left else None)
            if value is None and each.default is each.empty:
                _refuse_feedback(method, each.name)
            elif value is None:
                skipped = True  # a default of the user's own: what follows goes by name
            elif skipped:
                self.keywords[each.name] = value
            else:
                self.positional.append(value)

    def _take_by_position(self) -> None:
        taken = [value for value in ("reward", "truth") if value in self._left]
        self.positional += taken
        self._left = [value for value in self._left if value not in taken]


def _refuse_feedback(method: Callable[..., UserValue], parameter: str) -> None:
    name = getattr(method, "__qualname__", repr(method))
    raise LoadFailed(
        f"{name} asks for {parameter!r}, which no feedback has: write it as "
        "(self, X, names, reward, truth, routing=None)"
    )
