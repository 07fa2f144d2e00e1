"""Who is asked what, by how many starts: nothing that a server can not do, and nothing left out that it can."""

from __future__ import annotations

from pathlib import Path

from bench.cases import CASES, IDENTITY, REGRESSION, WORKER_CASES, Wire
from bench.contenders import Contender
from bench.protocols import SELDON_GRPC, SELDON_REST
from bench.rounds import Run, _by_server

BOTH = {Wire.REST: SELDON_REST, Wire.GRPC: SELDON_GRPC}


def contender(*, joins: bool = False, two_cores: bool = False, models: frozenset[str] | None = None) -> Contender:
    return Contender("c", Path(), lambda _: [], BOTH, "/", joins=joins, two_cores=two_cores, models=models)


def test_a_server_that_joins_is_started_anew_to_join() -> None:
    starts = list(_by_server(contender(joins=True), CASES))
    assert [start[0].joined for start in starts if start[0].model == REGRESSION] == [False, True]


def test_a_server_that_cannot_join_answers_those_cases_one_by_one() -> None:
    starts = [start for start in _by_server(contender(), CASES) if start[0].model == REGRESSION]
    assert len(starts) == 1
    assert {case.title for case in starts[0]} == {case.title for case in CASES if case.model == REGRESSION}


def test_those_who_serve_the_same_model_follow_each_other() -> None:
    contenders = [contender(), contender(joins=True), contender(models=frozenset({IDENTITY}))]
    starts = Run(CASES, contenders, Path(), Path(), 1, print)._starts()
    ways = [(cases[0].model, each.joining(cases[0])) for _, each, cases in starts]
    assert ways == sorted(ways)
    assert [each for _, each, cases in starts if cases[0].model == IDENTITY] == contenders


def test_every_case_is_measured_once() -> None:
    measured = [case.title for start in _by_server(contender(joins=True), CASES) for case in start]
    assert sorted(measured) == sorted(case.title for case in CASES)


def test_a_baseline_is_asked_for_its_own_model_only() -> None:
    starts = list(_by_server(contender(models=frozenset({IDENTITY})), CASES))
    assert {case.model for start in starts for case in start} == {IDENTITY}


def test_one_worker_and_two_are_compared_by_servers_that_are_there_for_it() -> None:
    everything = [*CASES, *WORKER_CASES]
    assert {case.title for start in _by_server(contender(two_cores=True), everything) for case in start} == {
        case.title for case in WORKER_CASES
    }
    assert not any(case.two_cores for start in _by_server(contender(), everything) for case in start)
