"""What a config lets one think of a base: the truth for the official images, and nothing where it says nothing."""

from __future__ import annotations

import pytest

from modelwrap.image.base.guess import guess_target
from modelwrap.image.oci import JSONObject, JSONValue, Platform
from modelwrap.image.target import PythonTarget

ARM = Platform("linux", "arm64", "v8")


def config(*environment: str, history: str = "") -> JSONObject:
    words: list[JSONValue] = [*environment]
    return {"config": {"Env": words}, "history": [{"created_by": history}]}


@pytest.mark.parametrize(
    ("history", "libc", "version"),
    [
        ("# debian.sh --arch 'amd64' out/ 'bookworm' '@1729036800'", "glibc", (2, 36)),
        ("# debian.sh --arch 'amd64' out/ 'trixie' '@1754265600'", "glibc", (2, 41)),
        ("ADD alpine-minirootfs-3.20.3-x86_64.tar.gz / # buildkit", "musl", (1, 2)),
    ],
)
def test_official_images_are_known_by_variable_and_history(history: str, libc: str, version: tuple[int, int]) -> None:
    told = config("PATH=/usr/local/bin:/usr/bin", "PYTHON_VERSION=3.12.11", history=history)
    assert guess_target(told, ARM) == PythonTarget("3.12.11", "", ARM, libc, version)


def test_a_history_that_names_no_system_lets_one_think_of_this_machine() -> None:
    guess = guess_target(config("PYTHON_VERSION=3.11.7", history="imported"), ARM)
    assert guess is not None
    assert guess.libc == "glibc"
    assert guess.libc_version >= (2, 17)


@pytest.mark.parametrize(
    "told", [config("PATH=/usr/bin"), config("PYTHON_VERSION=3.15.0rc1"), {}, {"config": None}, {"config": {"Env": 7}}]
)
def test_a_config_that_does_not_tell_lets_one_think_nothing(told: JSONObject) -> None:
    assert guess_target(told, ARM) is None
