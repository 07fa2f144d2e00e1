"""Counting over shared memory, and what Prometheus reads from it."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from modelwrap.errors import ComponentFailed
from modelwrap.runtime.message import Metric
from modelwrap.runtime.metrics.custom import check
from modelwrap.runtime.metrics.exposition import Exposition
from modelwrap.runtime.metrics.registry import TIMER_BOUNDS, CustomMetrics, Registry
from modelwrap.runtime.metrics.segment import Segment, allocate
from modelwrap.runtime.metrics.server import ServerMetrics
from modelwrap.runtime.verb import Verb


@pytest.fixture
def descriptors() -> Iterator[list[int]]:
    """Two slots' memory."""
    slots = [allocate(), allocate()]
    yield slots
    for descriptor in slots:
        os.close(descriptor)


def samples(exposition: Exposition) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample, by name and sorted labels, as Prometheus' own parser reads them."""
    families = text_string_to_metric_families(exposition.text().decode())
    return {
        (each.name, tuple(sorted(each.labels.items()))): each.value for family in families for each in family.samples
    }


def value(exposition: Exposition, name: str, **labels: str) -> float:
    return samples(exposition)[name, tuple(sorted(labels.items()))]


def metric(kind: str, number: float, **tags: str) -> Metric:
    return {"key": f"my{kind.lower()}", "type": kind, "value": number, "tags": tags}


def test_each_kind_is_counted_as_the_reference_does(descriptors: list[int]) -> None:
    segment = Segment(descriptors[0])
    custom = CustomMetrics(Registry(segment))
    for number in (1, 2):
        custom.custom(
            Verb.PREDICT,
            [metric("COUNTER", 1, tag="a"), metric("GAUGE", 100 * number), metric("TIMER", 20.2)],
        )
    shown = Exposition([segment], {"model_name": "m"})
    common = {"method": "predict", "model_name": "m", "worker_id": "0"}
    assert value(shown, "mycounter_total", tag="a", **common) == 2
    assert value(shown, "mygauge", **common) == 200
    assert value(shown, "mytimer_count", **common) == 2
    assert value(shown, "mytimer_sum", **common) == pytest.approx(0.0404)
    assert value(shown, "mytimer_bucket", le="+Inf", **common) == 2
    assert len([name for name, _ in samples(shown) if name == "mytimer_bucket"]) == 51


def test_timer_buckets_are_log_spaced_from_a_millisecond_to_thirty_seconds() -> None:
    assert (TIMER_BOUNDS[0], TIMER_BOUNDS[-1], len(TIMER_BOUNDS)) == (0.001, pytest.approx(30), 50)


@pytest.mark.parametrize("verb", list(Verb))
def test_every_verb_has_its_own_series(verb: Verb, descriptors: list[int]) -> None:
    segment = Segment(descriptors[0])
    CustomMetrics(Registry(segment)).custom(verb, [{"key": "k", "type": "COUNTER", "value": 1}])
    assert value(Exposition([segment], {}), "k_total", method=verb.metric_label, worker_id="0") == 1


def test_series_differ_by_tags_and_not_by_their_order(descriptors: list[int]) -> None:
    segment = Segment(descriptors[0])
    custom = CustomMetrics(Registry(segment))
    for tags in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}, {"a": "1", "b": "3"}):
        custom.custom(Verb.PREDICT, [metric("COUNTER", 1, **tags)])
    shown = Exposition([segment], {})
    assert value(shown, "mycounter_total", a="1", b="2", method="predict", worker_id="0") == 2
    assert value(shown, "mycounter_total", a="1", b="3", method="predict", worker_id="0") == 1


def test_a_reward_is_counted_and_none_takes_anything_back_or_all_others_away(descriptors: list[int]) -> None:
    segment = Segment(descriptors[0])
    custom = CustomMetrics(Registry(segment))
    for reward in (42, 42, -10, math.inf, math.nan, 1e308, 1e308):
        custom.reward(reward)
    shown = Exposition([segment], {})
    labels = {"method": "feedback", "worker_id": "0"}
    assert value(shown, "seldon_api_model_feedback_total", **labels) == 7
    assert value(shown, "seldon_api_model_feedback_reward_total", **labels) == 84


def test_rewards_are_left_to_an_engine_that_counts_them(descriptors: list[int]) -> None:
    segment = Segment(descriptors[0])
    CustomMetrics(Registry(segment), count_rewards=False).reward(1)
    assert not [name for name, _ in samples(Exposition([segment], {})) if "feedback" in name]


def test_a_new_worker_of_a_slot_goes_on_where_the_last_one_stopped(descriptors: list[int]) -> None:
    for _ in range(2):
        CustomMetrics(Registry(Segment(descriptors[0]))).custom(Verb.PREDICT, [metric("COUNTER", 1)])
    shown = Exposition([Segment(descriptors[0])], {})
    assert value(shown, "mycounter_total", method="predict", worker_id="0") == 2


def test_custom_series_are_shown_by_worker_and_the_servers_own_are_summed(descriptors: list[int]) -> None:
    segments = [Segment(descriptor) for descriptor in descriptors]
    for segment in segments:
        registry = Registry(segment)
        CustomMetrics(registry).custom(Verb.PREDICT, [metric("COUNTER", 1)])
        server = ServerMetrics(registry)
        server.exchanges("rest", "predict", 200)(0.003)
        server.in_flight(2)
        server.joined(8)
    shown = Exposition(segments, {}, lambda: {"modelwrap_worker_restarts": ("counter", 3.0)})
    assert value(shown, "mycounter_total", method="predict", worker_id="0") == 1
    assert value(shown, "mycounter_total", method="predict", worker_id="1") == 1
    assert value(shown, "modelwrap_requests_total", protocol="rest", operation="predict", status="200") == 2
    assert value(shown, "modelwrap_request_seconds_count", protocol="rest", operation="predict") == 2
    assert value(shown, "modelwrap_request_seconds_bucket", protocol="rest", operation="predict", le="0.0025") == 0
    assert value(shown, "modelwrap_request_seconds_bucket", protocol="rest", operation="predict", le="0.005") == 2
    assert value(shown, "modelwrap_requests_in_flight") == 4
    assert value(shown, "modelwrap_batch_rows_sum") == 16
    assert value(shown, "modelwrap_worker_restarts_total") == 3


def test_too_many_series_are_dropped_and_counted(descriptors: list[int]) -> None:
    segment = Segment(descriptors[0])
    custom = CustomMetrics(Registry(segment, limit=10))
    for user in range(100):
        custom.custom(Verb.PREDICT, [metric("COUNTER", 1, user=str(user))])
    shown = Exposition([segment], {})
    assert len([name for name, _ in samples(shown) if name == "mycounter_total"]) == 9
    assert value(shown, "modelwrap_series_dropped_total") == 91


def test_a_full_segment_is_told_too(descriptors: list[int]) -> None:
    segment = Segment(descriptors[0])
    registry = Registry(segment, limit=10**9)
    for number in range(100):
        registry.count(("COUNTER", "k", (("long", f"{number:050000}"),)))
    assert value(Exposition([segment], {}), "modelwrap_series_dropped_total") > 0


def test_names_that_prometheus_refuses_are_made_fit(descriptors: list[int]) -> None:
    segment = Segment(descriptors[0])
    CustomMetrics(Registry(segment)).custom(
        Verb.PREDICT, [{"key": "my counter/1", "type": "COUNTER", "value": 1, "tags": {"a-b": 'x"\n\\'}}]
    )
    shown = Exposition([segment], {})
    assert value(shown, "my_counter_1_total", a_b='x"\n\\', method="predict", worker_id="0") == 1


def test_threads_lose_no_update(descriptors: list[int]) -> None:
    segment = Segment(descriptors[0])
    registry = Registry(segment)

    def count() -> None:
        for _ in range(2000):
            registry.count(("counter", "modelwrap_requests", ()))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value(Exposition([segment], {}), "modelwrap_requests_total") == 8000


def test_nothing_counted_is_nothing_shown_of_the_users(descriptors: list[int]) -> None:
    assert Exposition([Segment(descriptors[0])], {}).text() == b""


@pytest.mark.parametrize(
    "bad",
    [
        None,
        {"key": "k", "type": "GAUGE", "value": 1},
        [{"key": "k", "type": "BAD", "value": 1}],
        [{"type": "GAUGE", "value": 1}],
        [{"key": "k", "type": "GAUGE"}],
        [{"key": "k", "type": "GAUGE", "value": "1"}],
        ["k"],
    ],
)
def test_metrics_that_cannot_be_counted_are_refused_whole(bad: object) -> None:
    with pytest.raises(ComponentFailed, match="Bad metric created during request: "):
        check(bad)


def test_exchanges_are_counted_by_protocol_operation_and_status(descriptors: list[int]) -> None:
    segment = Segment(descriptors[0])
    server = ServerMetrics(Registry(segment))
    for status, seconds in ((200, 0.003), (200, 0.2), (400, 0.003), (200, 99.0)):
        server.exchanges("rest", "predict", status)(seconds)
    server.exchanges("grpc", "predict", 0)(0.003)
    shown = Exposition([segment], {})
    rest = {"protocol": "rest", "operation": "predict"}
    assert value(shown, "modelwrap_requests_total", status="200", **rest) == 3
    assert value(shown, "modelwrap_requests_total", status="400", **rest) == 1
    assert value(shown, "modelwrap_requests_total", status="0", protocol="grpc", operation="predict") == 1
    assert value(shown, "modelwrap_request_seconds_count", **rest) == 4
    assert value(shown, "modelwrap_request_seconds_sum", **rest) == pytest.approx(99.206)
    assert value(shown, "modelwrap_request_seconds_bucket", le="0.005", **rest) == 2
    assert value(shown, "modelwrap_request_seconds_bucket", le="30.0", **rest) == 3


def test_every_exchange_that_finds_no_room_is_two_dropped_updates_the_first_one_too(descriptors: list[int]) -> None:
    segment = Segment(descriptors[0])
    server = ServerMetrics(Registry(segment, limit=1))
    for exchanges in (1, 2, 3):
        server.exchanges("rest", "predict", 200)(0.003)
        shown = Exposition([segment], {})
        assert value(shown, "modelwrap_series_dropped_total") == 2 * exchanges  # its count and its time
    assert not [name for name, _ in samples(Exposition([segment], {})) if name.startswith("modelwrap_request")]


def test_an_exchange_whose_time_alone_finds_no_room_is_counted_and_one_dropped_update(
    descriptors: list[int],
) -> None:
    segment = Segment(descriptors[0])
    server = ServerMetrics(Registry(segment, limit=2))
    server.exchanges("rest", "predict", 200)(0.003)
    shown = Exposition([segment], {})
    assert value(shown, "modelwrap_requests_total", protocol="rest", operation="predict", status="200") == 1
    assert value(shown, "modelwrap_series_dropped_total") == 1
