"""The table of ports: who asks for what, and where each port then is."""

from __future__ import annotations

import pytest

from modelwrap.errors import SettingsError
from modelwrap.runtime.settings import ports
from modelwrap.runtime.settings.sources import Sources

HTTP, GRPC = "PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "PREDICTIVE_UNIT_GRPC_SERVICE_PORT"
METRICS, SERVICE = "PREDICTIVE_UNIT_METRICS_SERVICE_PORT", "PREDICTIVE_UNIT_SERVICE_PORT"


def numbers(flags: dict[str, str] | None = None, /, **environment: str) -> tuple[int, int | None, int]:
    chosen = ports.choose(Sources(flags or {}, environment))
    return chosen.http.number, chosen.grpc.number if chosen.grpc else None, chosen.metrics.number


def test_a_component_listens_on_9000_5000_and_6000() -> None:
    assert numbers() == (9000, 5000, 6000)
    assert numbers({"service-type": "ROUTER"}) == (9000, 5000, 6000)


def test_the_2018_arguments_give_port_5000_to_the_named_api() -> None:
    assert numbers({"api": "REST"}) == (5000, 9500, 6000)
    assert numbers({"api": "GRPC"}) == (9000, 5000, 6000)


def test_an_image_wrapped_for_one_api_has_the_usual_ports() -> None:
    assert numbers(API_TYPE="REST") == (9000, 5000, 6000)
    assert numbers(API_TYPE="GRPC") == (9000, 5000, 6000)


def test_the_operator_gives_all_three() -> None:
    given = {HTTP: "9003", GRPC: "9503", METRICS: "6003", SERVICE: "9003"}
    assert numbers(**given) == (9003, 9503, 6003)
    assert numbers({"api": "REST"}, **given) == (9003, 9503, 6003)


def test_the_one_port_of_old_is_rests() -> None:
    assert numbers(**{SERVICE: "9001"}) == (9001, 5000, 6000)
    assert numbers({"api": "REST"}, **{SERVICE: "9001"}) == (9001, 9500, 6000)


def test_the_one_port_of_old_is_grpcs_where_it_was_wrapped_for_grpc() -> None:
    assert numbers({"api": "GRPC"}, **{SERVICE: "9001"}) == (9000, 9001, 6000)
    assert numbers(API_TYPE="GRPC", **{SERVICE: "9001"}) == (9000, 9001, 6000)


def test_the_one_port_of_old_is_not_read_beside_a_new_one() -> None:
    assert numbers(**{SERVICE: "9001", HTTP: "9002"}) == (9002, 5000, 6000)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({SERVICE: "5000"}, (5000, 9500, 6000)),
        ({SERVICE: "9000", "API_TYPE": "GRPC"}, (5000, 9000, 6000)),
        ({HTTP: "6000"}, (6000, 5000, 6001)),
        ({METRICS: "9000"}, (5000, 9500, 9000)),
        ({HTTP: "5000", GRPC: "9000"}, (5000, 9000, 6000)),
    ],
)
def test_a_default_gives_way_to_a_port_that_was_asked_for(
    given: dict[str, str], expected: tuple[int, int, int]
) -> None:
    assert numbers(**given) == expected


def test_a_flag_beats_the_operator() -> None:
    assert numbers({"http-port": "8080"}, **{HTTP: "9003", GRPC: "9503"}) == (8080, 9503, 6000)


def test_no_grpc_workers_is_no_grpc_port() -> None:
    assert numbers({"grpc-workers": "0"}) == (9000, None, 6000)
    assert numbers(GRPC_WORKERS="0") == (9000, None, 6000)


def test_both_apis_may_share_one_port() -> None:
    assert numbers({"http-port": "8080", "grpc-port": "8080"}) == (8080, 8080, 6000)


def test_the_system_may_choose_every_port() -> None:
    assert numbers({"http-port": "0", "grpc-port": "0", "metrics-port": "0"}) == (0, 0, 0)


def test_metrics_can_not_share_a_port_and_both_settings_are_named() -> None:
    with pytest.raises(SettingsError, match=f"port 7000 .* {GRPC} .* --metrics-port"):
        numbers({"metrics-port": "7000"}, **{GRPC: "7000"})


def test_each_port_tells_what_chose_it() -> None:
    chosen = ports.choose(Sources({"http-port": "8080"}, {GRPC: "9503"}))
    assert chosen.grpc is not None
    assert (chosen.http.setting, chosen.grpc.setting, chosen.metrics.setting) == (
        "--http-port",
        GRPC,
        "--metrics-port",
    )
