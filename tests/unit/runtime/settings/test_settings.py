"""Settings: which source wins, what each historical variable means, and how a bad value is told."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from modelwrap.contract import Role
from modelwrap.errors import SettingsError
from modelwrap.runtime.settings import Settings, WrongUsage, options
from modelwrap.runtime.settings.options import OPTIONS
from modelwrap.runtime.settings.sources import Said, Sources


def settings(
    flags: dict[str, str] | None = None,
    environment: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
) -> Settings:
    return Settings.of(Sources({"name": "Foo", **(flags or {})}, environment or {}, annotations or {}))


SIZE = options.limits.MAX_MESSAGE_SIZE
FLAG, OWN, ANNOTATION = {"max-message-size": "1"}, {"MODELWRAP_MAX_MESSAGE_SIZE": "2"}, {SIZE.annotation.name: "3"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (Sources(FLAG, OWN, ANNOTATION), Said(1, "--max-message-size")),
        (Sources({}, OWN, ANNOTATION), Said(2, "MODELWRAP_MAX_MESSAGE_SIZE")),
        (Sources({}, {}, ANNOTATION), Said(3, "seldon.io/grpc-max-message-size")),
        (Sources(), Said(2**31 - 1)),
        (Sources({}, {"MODELWRAP_MAX_MESSAGE_SIZE": ""}, ANNOTATION), Said(3, "seldon.io/grpc-max-message-size")),
    ],
    ids=["flag", "variable", "annotation", "default", "an empty variable"],
)
def test_flags_beat_variables_beat_annotations_beat_defaults(sources: Sources, expected: Said[int]) -> None:
    assert sources.said(SIZE) == expected


def test_modelwraps_own_variable_beats_the_historical_one() -> None:
    both = {"MODELWRAP_WORKERS": "3", "GUNICORN_WORKERS": "2"}
    assert settings(environment=both).concurrency.workers == 3
    assert settings(environment={"GUNICORN_WORKERS": "2"}).concurrency.workers == 2


def test_the_operators_log_level_beats_even_the_flag() -> None:
    assert settings({"log-level": "ERROR"}, {"SELDON_LOG_LEVEL": "DEBUG"}).logging.level == "DEBUG"
    assert settings({"log-level": "ERROR"}, {"MODELWRAP_LOG_LEVEL": "DEBUG"}).logging.level == "ERROR"


@pytest.mark.parametrize(
    ("variable", "text", "path", "expected"),
    [
        ("MODEL_NAME", "Foo", "component.name", "Foo"),
        ("SERVICE_TYPE", "OUTPUT_TRANSFORMER", "component.role", Role.OUTPUT_TRANSFORMER),
        ("SERVICE_TYPE", "OUTLIER_DETECTOR", "component.role", Role.OUTLIER_DETECTOR),
        ("PERSISTENCE", "1", "component.persistence", True),
        ("PREDICTIVE_UNIT_PARAMETERS", "[1]", "component.parameters", "[1]"),
        ("MODEL_METADATA", "name: x", "component.metadata", "name: x"),
        ("PAYLOAD_PASSTHROUGH", "t", "component.passthrough", True),
        ("MODELWRAP_INLINE", "no", "component.inline", False),
        ("MODELWRAP_MAX_BATCH_SIZE", "64", "component.max_batch_size", 64),
        ("GUNICORN_WORKERS", "4", "concurrency.workers", 4),
        ("GUNICORN_THREADS", "10", "concurrency.threads", 10),
        ("GUNICORN_MAX_REQUESTS", "1000", "concurrency.max_requests", 1000),
        ("GUNICORN_MAX_REQUESTS_JITTER", "50", "concurrency.max_requests_jitter", 50),
        ("GUNICORN_KEEPALIVE", "2", "timeouts.keep_alive", 2.0),
        ("GUNICORN_ACCESS_LOG", "1", "logging.access", True),
        ("GUNICORN_ACCESS_LOG", "yes", "logging.access", False),
        ("SELDON_DEBUG", "TRUE", "logging.debug", True),
        ("SELDON_DEBUG", "1", "logging.level", "DEBUG"),
        ("SELDON_LOG_LEVEL", "warning", "logging.level", "WARNING"),
        ("FILTER_METRICS_ACCESS_LOGS", "0", "logging.hide_scrapes", False),
        ("MODELWRAP_LOG_FORMAT", "json", "logging.json", True),
        ("PREDICTIVE_UNIT_METRICS_ENDPOINT", "/prometheus", "metrics.path", "/prometheus"),
        ("INCLUDE_METRICS_IN_CLIENT_RESPONSE", "false", "metrics.in_response", False),
        ("INCLUDE_METRICS_IN_CLIENT_RESPONSE", "1", "metrics.in_response", False),
        ("INCLUDE_METRICS_IN_CLIENT_RESPONSE", "True", "metrics.in_response", True),
        ("SELDON_DEPLOYMENT_ID", "d", "identity.deployment", "d"),
        ("PREDICTOR_ID", "p", "identity.predictor", "p"),
        ("PREDICTIVE_UNIT_ID", "u", "identity.unit", "u"),
        ("PREDICTIVE_UNIT_IMAGE", "repo/u:1", "identity.image", "repo/u:1"),
        ("PREDICTOR_LABELS", '{"version": "v1"}', "identity.labels", {"version": "v1"}),
        ("SELDON_EXECUTOR_ENABLED", "false", "identity.executor_enabled", False),
        ("MODELWRAP_READY_FD", "5", "life.ready_fd", 5),
    ],
)
def test_a_variable_sets_what_it_always_set(variable: str, text: str, path: str, expected: object) -> None:
    value: Any = Settings.of(Sources({} if variable == "MODEL_NAME" else {"name": "Foo"}, {variable: text}))
    for part in path.split("."):
        value = getattr(value, part)
    assert value == expected


def test_a_bad_value_names_the_variable_the_value_and_what_was_expected() -> None:
    with pytest.raises(SettingsError) as caught:
        settings(environment={"GUNICORN_WORKERS": "many"})
    assert caught.value.message == "GUNICORN_WORKERS is 'many': expected a whole number from 1 to 256"


def test_a_bad_annotation_is_named_too() -> None:
    with pytest.raises(
        SettingsError, match=r"seldon\.io/rest-timeout is '5s': expected a whole number of milliseconds"
    ):
        settings(annotations={"seldon.io/rest-timeout": "5s"})


def test_a_request_timeout_holds_for_both_apis_and_the_rest_annotation_for_rest() -> None:
    assert settings().timeouts.rest is None
    both = settings({"request-timeout": "2.5"}).timeouts
    assert (both.rest, both.grpc) == (2.5, 2.5)
    rest = settings(annotations={"seldon.io/rest-timeout": "1500"}).timeouts
    assert (rest.rest, rest.grpc) == (1.5, None)


def test_single_threaded_is_one_thread() -> None:
    assert settings(environment={"FLASK_SINGLE_THREADED": "1", "GUNICORN_THREADS": "10"}).concurrency.threads == 1


def test_what_the_class_may_decide_is_left_open() -> None:
    component = settings().component
    assert (component.inline, component.max_batch_size) == (None, None)


def test_scrapes_are_hidden_unless_debugging() -> None:
    assert settings().logging.hide_scrapes
    assert not settings({"debug": "true"}).logging.hide_scrapes


def test_a_named_log_level_stands_beside_debug() -> None:
    assert settings({"debug": "true", "log-level": "ERROR"}).logging.level == "ERROR"


@pytest.mark.parametrize("flags", [{"api": "FBS"}, {}])
def test_flatbuffers_are_refused_with_a_sentence(flags: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="flatbuffers, is not served"):
        settings(flags, {} if flags else {"API_TYPE": "FBS"})


@pytest.mark.parametrize(
    ("flags", "says"),
    [({}, "no class is named"), ({"name": "Foo.py"}, "such as Foo$"), ({"name": "pkg/Foo.py"}, "such as Foo$")],
)
def test_a_missing_or_mistaken_name_is_wrong_usage(flags: dict[str, str], says: str) -> None:
    with pytest.raises(WrongUsage, match=says):
        Settings.of(Sources(flags))


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"TRACING": "1"}, "TRACING is set, but no spans are sent"),
        ({"PERSISTENCE": "1", "GUNICORN_THREADS": "4"}, "GUNICORN_THREADS changes nothing with PERSISTENCE"),
        ({"GRPC_THREADS": "10"}, "GRPC_THREADS changes nothing here"),
        (
            {"MODELWRAP_THREADS": "4", "MODELWRAP_INLINE": "1"},
            "MODELWRAP_THREADS changes nothing with MODELWRAP_INLINE",
        ),
        ({"MODELWRAP_STATE_STORE": "/data"}, "MODELWRAP_STATE_STORE is set, but no state is kept"),
    ],
)
def test_a_setting_that_does_less_than_it_says_is_noted(environment: dict[str, str], says: str) -> None:
    assert settings().notes == ()
    (note,) = settings(environment=environment).notes
    assert says in note


def test_settings_can_not_be_changed() -> None:
    with pytest.raises(AttributeError):
        settings().concurrency.workers = 2  # type: ignore[misc]


def test_every_setting_has_one_name_and_no_two_share_a_variable() -> None:
    assert len({option.name for option in OPTIONS}) == len(OPTIONS)
    variables = [variable.name for option in OPTIONS for variable in option.variables]
    assert len(set(variables)) == len(variables)


def test_every_flag_is_also_a_variable_of_modelwraps_own() -> None:
    lacking = [o.name for o in OPTIONS if o.flagged and not o.variables[0].name.startswith("MODELWRAP_")]
    assert lacking == []


def test_reading_settings_loads_no_numpy() -> None:
    program = (
        "import sys, modelwrap.runtime.settings, modelwrap.runtime.settings.arguments; sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
