"""Figures of the load generators are read for what they say; a run with any bad answer is no measurement."""

from __future__ import annotations

import pytest

from bench.loads import Load, LoadFailedError, Measured, read_h2load, read_wrk

SUMMARY = """\
finished in 2.00s, 200.00 req/s, 1.0KB/s
requests: 400 total, 400 started, 400 done, {good} succeeded, {failed} failed, 0 errored, 0 timeout
status codes: {good} 2xx, 0 3xx, 0 4xx, {failed} 5xx
traffic: 1KB (1024) total, 100B (100) headers (space savings 0.00%), {data}B ({data}) data
"""
LOG = "".join(f"{number}\t200\t{1000 * number}\n" for number in range(1, 101))
ANSWER = 45


def test_wrk_is_read_in_requests_seconds_and_milliseconds() -> None:
    assert read_wrk("measured 5000 2500000 1500.0 9000.0 0 0\n") == Measured(5000, 2.5, 1.5, 9.0)
    assert Measured(5000, 2.5, 1.5, 9.0).rate == 2000


@pytest.mark.parametrize(
    "line", ["measured 50 250 1.0 9.0 1 0", "measured 50 250 1.0 9.0 0 1", "measured 0 9 0.0 0.0 0 0", ""]
)
def test_a_bad_answer_to_wrk_voids_the_run(line: str) -> None:
    with pytest.raises(LoadFailedError):
        read_wrk(line)


def test_h2load_is_read_with_percentiles_from_its_log() -> None:
    output = SUMMARY.format(good=400, failed=0, data=400 * (ANSWER + 5))
    assert read_h2load(output, LOG, ANSWER, 2) == Measured(400, 2, 51.0, 100.0)


def test_a_failed_call_voids_the_run() -> None:
    with pytest.raises(LoadFailedError):
        read_h2load(SUMMARY.format(good=399, failed=1, data=20_000), LOG, ANSWER, 2)


def test_errors_of_grpc_void_the_run_though_their_http_status_is_200() -> None:
    """An error brings no message, so a tenth of errors shortens what comes back by a tenth."""
    with pytest.raises(LoadFailedError, match="shorter"):
        read_h2load(SUMMARY.format(good=400, failed=0, data=360 * (ANSWER + 5)), LOG, ANSWER, 2)


def test_a_load_is_named_by_connections_and_streams() -> None:
    assert [str(Load(16)), str(Load(4, 16))] == ["16", "4x16"]
