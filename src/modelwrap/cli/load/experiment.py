"""One model under load by one setting after another: started, asked whether it answers as before, then measured."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TypeAlias

from modelwrap.cli.load.advice import BATCHED, DEFAULT, INLINE, WORKERS, Figures
from modelwrap.cli.load.generators import BuiltIn, Generator, Shot
from modelwrap.cli.load.measured import Measured
from modelwrap.cli.trial.answers import is_steady
from modelwrap.cli.trial.contract import Contract
from modelwrap.cli.trial.opening import Wishes, open_session
from modelwrap.cli.trial.questions import Wire, rest_path
from modelwrap.cli.trial.replies import Reply
from modelwrap.cli.trial.rows import are_independent
from modelwrap.cli.trial.session import Session
from modelwrap.cli.trial.target import Target
from modelwrap.cli.trial.ways import Way
from modelwrap.errors import ModelwrapError
from modelwrap.runtime.verb import Verb
from modelwrap.value import Value, replace

__all__ = ["Open", "Plan", "compare", "measure_as_it_is"]

#: Opens the target with further flags of the runtime.
Open: TypeAlias = Callable[[Sequence[str]], AbstractContextManager[Target]]

#: What can only pay where there is more than one core.
_FOR_CORES = [WORKERS] if (os.cpu_count() or 1) > 1 else []
#: Seconds that a fresh server is asked before it counts: first calls of a model are slow.
_WARM_UP = 0.3


class Plan(Value):
    """What is to be measured.

    Attributes:
        contract: What goes in; looked for in the component's metadata where it is None.
        rows: How many rows a request has.
        clients: How many ask at once, one measurement each.
        seconds: How long each takes.
        timeout: Seconds that one answer may take.
        generator: Makes the load.
        also: Further variants, each the flags of the runtime as they are typed.
        tell: Told what is measured now.
    """

    contract: Contract | None
    rows: int
    clients: Sequence[int]
    seconds: float
    timeout: float
    generator: Generator
    also: Sequence[str]
    tell: Callable[[str], None]


class _Opened(Value):
    """A component that answers, and the request that it is sent.

    Attributes:
        session: Asks it.
        way: How it is asked: REST, as a tensor where the rows are numbers.
        shot: The request.
        reply: The good answer to it.
    """

    session: Session
    way: Way
    shot: Shot
    reply: Reply


def measure_as_it_is(target: Target, plan: Plan) -> Figures:
    """Measures a component that runs already, with the settings that it has."""
    with ExitStack() as stack:
        opened = _open(target, plan, stack)
        return Figures({DEFAULT: _load(opened, plan)}, ceilings=_ceilings(opened, plan))


def compare(open_target: Open, plan: Plan) -> Figures:
    """Measures a folder by the settings that may pay for its model.

    Args:
        open_target: Serves the folder.
        plan: What is to be measured.

    Raises:
        ModelwrapError: It can't be served, or does not answer.
    """
    plan.tell(DEFAULT)
    with open_target([]) as target, ExitStack() as stack:
        opened = _open(target, plan, stack)
        steady = is_steady(opened.session)
        is_row_wise = _is_row_wise(opened.session) if steady else None
        measured = {DEFAULT: _load(opened, plan)}
        ceilings = _ceilings(opened, plan)
    left_out = dict(_left_out(is_row_wise))
    joined = [BATCHED] if is_row_wise else []
    for variant in dict.fromkeys([INLINE, *joined, *_FOR_CORES, *plan.also]):
        plan.tell(variant)
        try:
            measured[variant] = _variant(open_target, plan, variant, opened.reply if steady else None)
        except ModelwrapError as error:
            left_out[variant] = error.message.partition("\n")[0]
    return Figures(measured, is_row_wise, left_out, ceilings)


def _variant(open_target: Open, plan: Plan, variant: str, expected: Reply | None) -> Mapping[int, Measured]:
    with open_target(shlex.split(variant)) as target, ExitStack() as stack:
        opened = _open(target, plan, stack)
        if expected is not None and (unlike := opened.session.unlike(opened.reply, expected)):
            raise ModelwrapError(f"it answers otherwise than by default: {unlike}")
        return _load(opened, plan)


def _is_row_wise(session: Session) -> bool | None:
    return are_independent(session) if session.verb is Verb.PREDICT else None


def _left_out(is_row_wise: bool | None) -> Iterator[tuple[str, str]]:
    if is_row_wise is None:
        yield BATCHED, "only predict calls with steady answers are known to be safe to join"
    if not _FOR_CORES:
        yield WORKERS, "this machine has one core"


def _open(target: Target, plan: Plan, stack: ExitStack) -> _Opened:
    wishes = Wishes(
        verb=None, rest=True, grpc=False, ndarray=True, tensor=True, requests=1, rows=plan.rows, seed=0,
        timeout=plan.timeout, is_quick=True,
    )  # fmt: skip
    session = open_session(target, plan.contract, wishes, stack)
    rows = session.batches.batch(plan.rows)
    (way,) = session.one_of_each_wire(rows)
    session = replace(session, ways=[way])
    question = session.question(rows)
    reply = way.ask(question)
    if not reply.is_answer:
        raise ModelwrapError(f"the model does not answer: {reply.told()}\n`modelwrap test` tells more")
    body = question.encoded(Wire.REST, way.form)
    path = target.endpoint or rest_path(session.verb)
    return _Opened(session, way, Shot(target.rest, path, body, plan.timeout), reply)


def _load(opened: _Opened, plan: Plan) -> Mapping[int, Measured]:
    BuiltIn().load(opened.shot, 1, _WARM_UP)
    return {clients: plan.generator.load(opened.shot, clients, plan.seconds) for clients in plan.clients}


def _ceilings(opened: _Opened, plan: Plan) -> Mapping[int, float]:
    """What the built-in client can do at best, by number of clients; others are not the limit."""
    if not isinstance(plan.generator, BuiltIn):
        return {}
    found = {clients: plan.generator.ceiling(opened.shot, clients) for clients in plan.clients}
    return {clients: rate for clients, rate in found.items() if rate is not None}
