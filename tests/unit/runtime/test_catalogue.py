"""The names that the model goes by, told to others and heard from them."""

from __future__ import annotations

from typing import Any

import pytest

from modelwrap.errors import ComponentFailed, InvalidRequest, UnknownName
from modelwrap.runtime.catalogue import Asked, Catalogue

METADATA: dict[str, Any] = {"name": "", "versions": [""], "platform": "", "inputs": [], "outputs": [], "custom": {}}


def catalogue(*names: str, **members: Any) -> Catalogue:
    return Catalogue(names or ("Model",), lambda: {**METADATA, **members})


def test_names_come_once_and_empty_ones_not_at_all() -> None:
    assert catalogue("", "a", "b", "a").models(Asked()) == {"models": ["a", "b"]}
    assert catalogue("", "a").name == "a"


def test_a_model_that_states_no_version_takes_any() -> None:
    catalogue().admit("Model", "7")
    with pytest.raises(UnknownName, match="it has 1"):
        catalogue(versions=["1"]).admit("Model", "7")


def test_what_is_loaded_here_is_told_to_others_and_what_others_loaded_is_not() -> None:
    told: list[Any] = []
    here = Catalogue(["Model"], lambda: METADATA, announce=lambda came, went: told.append((came, went)))
    here.load(Asked("a"))
    here.load(Asked("a"))
    here.heard(["b", "Model"], ["unknown", "Model"])
    assert here.models(Asked()) == {"models": ["Model", "a", "b"]}
    here.unload(Asked("b"))
    assert told == [(["a"], []), ([], ["b"])]


def test_names_are_bounded_and_not_empty() -> None:
    full = catalogue()
    with pytest.raises(InvalidRequest, match="its name is empty"):
        full.load(Asked(""))
    for number in range(1000):
        full.load(Asked(str(number)))
    with pytest.raises(InvalidRequest, match="unload some"):
        full.load(Asked("one more"))


def test_a_model_that_cant_say_what_it_is_has_names_all_the_same() -> None:
    def broken() -> Any:
        raise ComponentFailed("Model metadata unavailable")

    unable = Catalogue(["Model"], broken)
    unable.admit("Model", "")
    with pytest.raises(ComponentFailed):
        unable.model(Asked("Model"))


def test_tensors_in_seldons_way_are_told_in_the_protocols() -> None:
    inputs = [
        {"messagetype": "ndarray", "schema": {"names": ["a", "b"]}},
        {"messagetype": "tensor", "schema": {"shape": [-1, 3]}},
        {"messagetype": "jsonData", "schema": {"type": "object"}},
        {"messagetype": "tftensor", "schema": {}},
    ]
    shapes = [(each["name"], each["datatype"], each["shape"]) for each in _inputs(catalogue(inputs=inputs))]
    assert shapes == [
        ("input-0", "FP64", [-1, 2]),
        ("input-1", "FP64", [-1, 3]),
        ("input-2", "BYTES", [1]),
        ("input-3", "FP64", [-1]),
    ]


def _inputs(of: Catalogue) -> Any:
    return of.model(Asked("Model"))["inputs"]
