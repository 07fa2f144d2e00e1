"""What libraries are told, and that the user is never overruled."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from modelwrap.runtime.settings import Settings
from modelwrap.runtime.settings.sources import Sources
from modelwrap.runtime.supervision.libraries import worker_environment


def told(flags: Mapping[str, str], inherited: Mapping[str, str], usable: int = 8, machine: int = 8) -> dict[str, str]:
    concurrency = Settings.of(Sources({"name": "Foo", **flags})).concurrency
    return worker_environment(inherited, concurrency, usable=usable, machine=machine)


@pytest.mark.parametrize(
    ("flags", "usable", "threads"),
    [
        ({}, 8, None),  # the whole machine: libraries know best
        ({}, 3, "3"),
        ({"workers": "2"}, 8, "4"),
        ({"workers": "3"}, 8, "2"),
        ({"workers": "2", "threads": "2"}, 8, "2"),
        ({"threads": "16"}, 8, "1"),
        ({"workers": "2", "library-threads": "6"}, 8, "6"),
        ({"workers": "2", "library-threads": "0"}, 8, None),
    ],
)
def test_the_cores_are_shared_out_among_all_who_call(flags: dict[str, str], usable: int, threads: str | None) -> None:
    environment = told(flags, {}, usable)
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "RAYON_NUM_THREADS"):
        assert environment.get(name) == threads


def test_one_core_is_shared_by_taking_turns() -> None:
    assert told({"workers": "4"}, {}, usable=1)["OMP_NUM_THREADS"] == "1"


def test_what_the_user_has_set_stays_and_an_empty_variable_is_none() -> None:
    own = {"OMP_NUM_THREADS": "7", "TF_CPP_MIN_LOG_LEVEL": "0", "POLARS_MAX_THREADS": "", "PATH": "/bin", "NOTHING": ""}
    environment = told({"workers": "2"}, own)
    assert environment["OMP_NUM_THREADS"] == "7"
    assert environment["TF_CPP_MIN_LOG_LEVEL"] == "0"
    assert environment["POLARS_MAX_THREADS"] == "4"
    assert (environment["PATH"], environment["NOTHING"]) == ("/bin", "")


def test_several_workers_do_not_take_a_gpu_from_one_another() -> None:
    assert "TF_FORCE_GPU_ALLOW_GROWTH" not in told({}, {})
    assert told({"workers": "2"}, {})["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert told({"workers": "2"}, {"TF_FORCE_GPU_ALLOW_GROWTH": "false"})["TF_FORCE_GPU_ALLOW_GROWTH"] == "false"


def test_memory_of_large_requests_is_kept_for_the_next_ones() -> None:
    assert told({}, {})["MALLOC_TRIM_THRESHOLD_"] == str(64 << 20)
    assert told({}, {"MALLOC_TRIM_THRESHOLD_": ""})["MALLOC_MMAP_THRESHOLD_"] == str(32 << 20)


@pytest.mark.parametrize("name", ["MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"])
def test_who_sets_one_bound_of_the_memory_gets_no_other_beside_it(name: str) -> None:
    environment = told({}, {name: "131072"})
    assert [(key, text) for key, text in environment.items() if key.startswith("MALLOC_")] == [(name, "131072")]
