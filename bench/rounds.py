"""The run: in every round each contender is started, checked, loaded and stopped, one after another.

Who serves the same model is measured in turn, before anybody serves another one: what is compared is of the same
minutes, however the machine's speed drifts. Medians over the rounds leave out what disturbed one of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TypeAlias

from bench.asking import WrongAnswerError, check
from bench.baselines import BARE, bare_calls
from bench.cases import IRIS, REGRESSION, Case
from bench.contenders import Contender, Running, serving
from bench.loads import Load, LoadFailedError, Measured, load_grpc, load_rest
from bench.machine import CLIENT_CORE, SERVER_CORE, Memory, Meter
from rig.iris import model_called_directly
from rig.processes import NotReadyError

#: How a model is served: its class, whether requests are joined, whether on two cores.
_Way: TypeAlias = tuple[str, bool, bool]
#: Models that take longer than their server does, so that their bare calls say how fast any server may be.
_MORE_THAN_ITS_SERVER = frozenset({IRIS, REGRESSION})


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement.

    Attributes:
        case: The case's title.
        load: How many asked at once.
        contender: Who answered.
        measured: What the load generator saw.
        cpu_seconds: What the server's processes used for each request.
        foreign: The share of a core that others used meanwhile.
    """

    case: str
    load: str
    contender: str
    measured: Measured
    cpu_seconds: float
    foreign: float


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a server.

    Attributes:
        model: The class, as `module.Class`.
        contender: The server.
        seconds: From its start to its first right answer.
        memory: What it held after its first answers.
    """

    model: str
    contender: str
    seconds: float
    memory: Memory


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be measured, and why."""

    contender: str
    case: str
    reason: str


Result = Sample | Start | Failure


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the benchmark.

    Attributes:
        cases: What is measured.
        contenders: Who is measured.
        folder: Where logs go.
        models: The folder of models that this interpreter can load.
        seconds: How long each measurement takes.
        say: Told what happens now.
    """

    cases: Sequence[Case]
    contenders: Sequence[Contender]
    folder: Path
    models: Path
    seconds: int
    say: Callable[[str], None]

    def round(self) -> Iterator[Result]:
        """Yields the results of one round: for each way to serve a model its bare calls, then every contender."""
        for (model, joined, _), starts in groupby(self._starts(), key=itemgetter(0)):
            if model in _MORE_THAN_ITS_SERVER:
                yield from self._bare_calls(model)
            for _, contender, served in starts:
                self.say(f"{contender.name}: {model}{', joined' if joined else ''}")
                yield from self._served(contender, served)

    def _starts(self) -> list[tuple[_Way, Contender, list[Case]]]:
        """How a model is served, by whom, for which cases; those that serve it in the same way follow each other."""
        starts = [
            (_way(contender, served[0]), contender, served)
            for contender in self.contenders
            for served in _by_server(contender, self.cases)
        ]
        return sorted(starts, key=itemgetter(0))

    def _bare_calls(self, model: str) -> Iterator[Sample]:
        """A measurement of a model alone, noted for every case of it."""
        self.say(f"{BARE}: {model}")
        cases = [case for case in self.cases if case.model == model]
        with Meter(None) as meter:
            measured = bare_calls(cases[0], self.models, self.seconds)
        for case in cases:
            yield Sample(case.title, "", BARE, measured, measured.seconds / measured.requests, meter.foreign)

    def _served(self, contender: Contender, cases: Sequence[Case]) -> Iterator[Result]:
        model = _direct(self.models, cases[0].model)
        log = self.folder / "server.log"
        try:
            with serving(contender, cases[0], log) as server:
                first = cases[0]
                check(contender, first, server, model)
                yield Start(first.model, contender.name, server.age(), server.family.memory())
                for case in cases:
                    yield from self._loaded(contender, case, server, model)
        except NotReadyError as error:
            yield Failure(contender.name, cases[0].title, str(error))

    def _loaded(self, contender: Contender, case: Case, server: Running, model: object) -> Iterator[Result]:
        """The samples of one case; a wrong answer before or after the load voids what it brought."""
        try:
            answer = check(contender, case, server, model)
            results = [self._sample(contender, case, load, server, answer) for load in case.loads]
            check(contender, case, server, model)
        except (WrongAnswerError, NotReadyError) as error:
            yield Failure(contender.name, case.title, str(error))
        else:
            yield from results

    def _sample(self, contender: Contender, case: Case, load: Load, server: Running, answer: int) -> Result:
        try:
            return self._measured(contender, case, load, server, answer)
        except LoadFailedError as error:
            return Failure(contender.name, f"{case.title}, {load} at once", str(error))

    def _measured(self, contender: Contender, case: Case, load: Load, server: Running, answer: int) -> Sample:
        protocol = contender.protocols[case.wire]
        message = protocol.encode(case.rows)
        cores = (SERVER_CORE, CLIENT_CORE) if case.two_cores else (SERVER_CORE,)
        with Meter(server.family, cores) as meter:
            if case.wire.is_rest:
                url, headers = f"http://127.0.0.1:{server.http}{protocol.path}", protocol.headers_of(message)
                measured = load_rest(url, message, load, self.seconds, headers)
            else:
                url = f"http://127.0.0.1:{server.grpc}{protocol.path}"
                measured = load_grpc(url, message, answer, load, self.seconds)
        each = meter.cpu_seconds / measured.requests
        return Sample(case.title, str(load), contender.name, measured, each, meter.foreign)


def _by_server(contender: Contender, cases: Iterable[Case]) -> Iterator[list[Case]]:
    """The cases that one start of a server serves, together."""
    way = partial(_way, contender)
    for _, group in groupby(sorted(filter(contender.takes, cases), key=way), key=way):
        yield list(group)


def _way(contender: Contender, case: Case) -> _Way:
    """How a server must be started to be asked a case."""
    return case.model, contender.joining(case), case.two_cores


def _direct(folder: Path, name: str) -> object:
    """The model without any server, to know the right answers."""
    if name == IRIS:
        return model_called_directly(folder)
    module, _, class_name = name.rpartition(".")
    return getattr(importlib.import_module(f"bench.models.{module}"), class_name)()
