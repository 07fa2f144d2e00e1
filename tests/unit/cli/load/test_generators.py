"""What other programs write is read for what it says, and a bad answer is never counted as speed."""

from __future__ import annotations

import pytest

from modelwrap.cli.load.generators import read_h2load, read_wrk
from modelwrap.cli.load.measured import Measured
from modelwrap.errors import ModelwrapError

SUMMARY = """\
finished in 2.00s, 2.00 req/s, 1.0KB/s
requests: 4 total, 4 started, 4 done, {good} succeeded, {failed} failed, 0 errored, 0 timeout
status codes: {good} 2xx, 0 3xx, 0 4xx, {failed} 5xx
traffic: 1KB (1024) total, 100B (100) headers (space savings 0.00%), 200B (200) data
"""
LOG = "1700000000\t200\t1000\n1700000001\t200\t2000\n1700000002\t200\t3000\n1700000003\t{status}\t4000\n"


def test_wrk_is_read_in_requests_a_second_and_milliseconds() -> None:
    output = "Running 2s test\nmeasured 5000 2500000 1500.0 9000.0 0\nRequests/sec: 1\n"
    assert read_wrk(output) == Measured(2000.0, 1.5, 9.0)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("measured 5000 2500000 1500.0 9000.0 3", "3 were not good"),
        ("measured 0 10 0.0 0.0 0", "no answer"),
        ("", "no"),
    ],
)
def test_a_bad_answer_to_wrk_is_a_failure(line: str, told: str) -> None:
    with pytest.raises(ModelwrapError, match=told):
        read_wrk(line)


def test_h2load_is_read_by_its_log() -> None:
    assert read_h2load(SUMMARY.format(good=4, failed=0), LOG.format(status=200), 2) == Measured(2.0, 3.0, 4.0)


@pytest.mark.parametrize(("good", "failed", "status"), [(3, 1, 500), (4, 0, 503)])
def test_a_bad_answer_to_h2load_is_a_failure(good: int, failed: int, status: int) -> None:
    with pytest.raises(ModelwrapError, match="not good"):
        read_h2load(SUMMARY.format(good=good, failed=failed), LOG.format(status=status), 2)


def test_h2load_without_an_answer_is_a_failure() -> None:
    with pytest.raises(ModelwrapError, match="no answer"):
        read_h2load(SUMMARY.format(good=0, failed=0), "", 2)
