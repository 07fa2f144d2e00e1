"""The tables: medians over rounds, ratios within the run, marks where the machine was not ours alone."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from bench.baselines import BARE, NGINX
from bench.cases import Case, Wire
from bench.loads import Load, Measured
from bench.machine import Memory
from bench.report import Results, Table, as_json, page
from bench.rounds import Failure, Sample, Start

CASE = Case("REST model", "plain.Identity", Wire.REST, np.zeros((1, 4)), (Load(1), Load(64)))
OURS, PEER = "ours", "peer"


def sample(contender: str, load: str, rate: float, foreign: float = 0.0) -> Sample:
    return Sample(CASE.title, load, contender, Measured(int(rate * 2), 2.0, 1.0, 3.0), 20e-6, foreign)


SAMPLES = [
    *[sample(BARE, "", rate) for rate in (5000, 5000, 100)],
    *[sample(NGINX, load, 10_000) for load in ("1", "64")],
    *[sample(OURS, "1", rate) for rate in (1000, 3000, 2000)],
    *[sample(OURS, "64", rate) for rate in (4000, 4000, 10)],
    *[sample(PEER, "1", 200) for _ in range(3)],
    *[sample(PEER, "64", 400, foreign) for foreign in (0.4, 0.2, 0.0)],
]


def table(results: Results) -> dict[str, dict[str, str]]:
    (found,) = [each for each in results.tables([CASE], lambda _: OURS) if each.title == CASE.title]
    return {row[0]: dict(zip(found.head, row, strict=True)) for row in found.rows}


def test_a_disturbed_round_does_not_decide() -> None:
    row = table(Results(SAMPLES))[OURS]
    assert (row["1: /s"], row["64: /s"]) == ("2,000", "4,000")


def test_ratios_are_of_the_last_load_to_nginx_to_the_bare_call_and_to_ours() -> None:
    rows = table(Results(SAMPLES))
    assert (rows[OURS]["of nginx"], rows[OURS]["of bare"], rows[OURS]["ours is"]) == ("0.40", "0.80", "1.0x")
    assert next(row for name, row in rows.items() if name.startswith(PEER))["ours is"] == "10.0x"


def test_rows_are_in_the_order_of_the_contenders_whoever_was_measured_first() -> None:
    names = list(table(Results(SAMPLES[::-1], [NGINX, OURS, PEER])))
    assert [name.split()[0] for name in names] == [BARE.split()[0], NGINX.split()[0], OURS, PEER]


def test_a_row_measured_beside_others_is_marked_with_how_much_they_took() -> None:
    names = list(table(Results(SAMPLES)))
    assert [name for name in names if "*" in name] == [f"{PEER} *20%"]


def test_what_a_server_used_is_told_per_request() -> None:
    assert table(Results(SAMPLES))[OURS]["cpu us"] == "20"


def test_what_has_no_figure_is_a_dash_and_no_nought() -> None:
    rows = table(Results([each for each in SAMPLES if each.contender != NGINX]))
    assert rows[OURS]["of nginx"] == "-"


def test_starts_and_memory_are_told_for_each_model() -> None:
    starts = [Start("plain.Identity", OURS, seconds, Memory(80_000_000, 50_000_000, 2)) for seconds in (1.0, 9.0, 2.0)]
    (found,) = Results(starts).tables([CASE], lambda _: OURS)
    assert found.rows == [["Identity, ours", "2", "80", "50", "2"]]


def test_a_failure_is_in_the_page_and_in_the_document() -> None:
    failure = Failure(PEER, CASE.title, "it ended\nbefore it was ready")
    results = Results([*SAMPLES, failure, replace(failure)])
    assert results.failures == [failure]
    assert "- peer: REST model is not measured: it ended before it was ready" in page([], {}, results.failures, "")
    document = json.loads(as_json(results, {"cores": "2"}))
    assert document["failures"][0]["contender"] == PEER
    assert len(document["results"]) == len(SAMPLES)


def test_a_table_lines_its_numbers_up() -> None:
    lines = str(Table("title", ["", "rate"], [["a", "1"], ["long", "1,000"]])).splitlines()
    assert lines == ["title", "         rate", "  a         1", "  long  1,000"]
    assert "| long | 1,000 |" in Table("title", ["", "rate"], [["long", "1,000"]]).markdown()
