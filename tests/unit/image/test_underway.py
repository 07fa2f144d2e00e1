"""Packages on their way: what comes of them, what is told of them late, and how they are given up."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from modelwrap.errors import DamagedBlob, ImageError, RequirementsError
from modelwrap.image import underway
from modelwrap.image.cache import Cache
from modelwrap.image.dependencies.lock import Artifact, Lock, Package
from modelwrap.image.dependencies.obtaining import Packages, bring
from modelwrap.image.dependencies.resolution import Resolution, Wanted
from modelwrap.image.requirements import read_requirements
from modelwrap.image.steps import Silent, Step
from modelwrap.image.target import PythonTarget, WheelFile
from modelwrap.image.underway import Underway, Vanguard
from modelwrap.image.wheel_layers import wheel_layers
from steps import Told
from wheels import make_wheel

TARGET = PythonTarget(".".join(map(str, sys.version_info[:3])), "/usr/local/bin/python3")
#: Seconds until a test that waits for something gives it up.
PATIENCE = 100.0

Begin = Callable[..., Underway]


@pytest.fixture
def begin(tmp_path: Path) -> Begin:
    """Begins with wheels that lie on this machine."""

    def make(vanguard: Vanguard, *wheels: WheelFile) -> Underway:
        packages = (
            Package(wheel.name, wheel.version, (Artifact(wheel.path.name, path=wheel.path),)) for wheel in wheels
        )
        wanted = Wanted(tmp_path, read_requirements(tmp_path, frozenset(), ()), ())
        cache = Cache(tmp_path / "cache")
        return vanguard.begin(Resolution(Lock(tuple(packages))), wanted, TARGET, cache, bytecode=False)

    return make


def test_what_comes_is_what_each_step_alone_makes(tmp_path: Path, begin: Begin) -> None:
    wheels = [make_wheel(tmp_path, name, {f"{name}.py": "pass"}) for name in ("flower", "leaf")]
    with Vanguard() as vanguard:
        begun = begin(vanguard, *wheels)
        packages, layers = begun.packages(Silent()), begun.layers()
    assert [wheel.name for wheel in packages.wheels] == ["flower", "leaf"]
    alone = wheel_layers(packages.wheels, TARGET, Cache(tmp_path / "other"), bytecode=False)
    assert [layer.blob.descriptor for layer in layers] == [layer.blob.descriptor for layer in alone]


def test_bytes_that_came_before_anybody_looked_are_told_too(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    half, looked = threading.Event(), threading.Event()

    def held(_resolution: object, _wanted: object, _target: object, _cache: object, step: Step) -> Packages:
        step.expect(100)
        step.advance(40)
        half.set()
        assert looked.wait(PATIENCE)
        step.advance(60)
        return Packages((), Lock())

    monkeypatch.setattr(underway, "bring", held)
    told = Told()
    with Vanguard() as vanguard:
        begun = begin(vanguard)
        assert half.wait(PATIENCE)
        waiting = threading.Thread(target=begun.packages, args=(told,))
        waiting.start()
        while told.done < 40:
            waiting.join(0.01)
        looked.set()
        waiting.join(PATIENCE)
    assert (told.expected, told.done) == (100, 100)


def test_what_is_wrong_is_said_to_whoever_waits_for_it(tmp_path: Path, begin: Begin) -> None:
    wheel = make_wheel(tmp_path, "flower", {"flower.py": "pass"}, record=b"flower.py,sha256=no,4\n")
    missing = WheelFile("leaf", "1.0", tmp_path / "leaf-1.0-py3-none-any.whl", "")
    with Vanguard() as vanguard:
        damaged, absent = begin(vanguard, wheel), begin(vanguard, missing)
        assert damaged.packages(Silent()).wheels
        with pytest.raises(DamagedBlob, match=r"the wheel of flower 1\.0 can't be used"):
            damaged.layers()
        with pytest.raises(RequirementsError, match=r"the wheel of leaf 1\.0 can't be read"):
            absent.packages(Silent())


def test_only_what_is_kept_to_goes_on(tmp_path: Path, begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, decided = threading.Event(), threading.Event()

    def held(resolution: Resolution, wanted: Wanted, target: PythonTarget, cache: Cache, step: Step) -> Packages:
        under_way.set()
        assert decided.wait(PATIENCE)
        step.advance(1)
        return bring(resolution, wanted, target, cache, step)

    monkeypatch.setattr(underway, "bring", held)
    with Vanguard() as vanguard:
        wrong, right = (begin(vanguard, make_wheel(tmp_path, name, {f"{name}.py": ""})) for name in ("wrong", "right"))
        assert under_way.wait(PATIENCE)
        vanguard.keep_to(right)
        decided.set()
        with pytest.raises(ImageError, match="given up"):
            wrong.packages(Silent())
        assert [layer.title for layer in right.layers()] == ["right 1.0"]


def test_a_build_that_ends_before_its_packages_came_leaves_nothing_under_way(
    tmp_path: Path, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way = threading.Event()
    laid: list[object] = []

    def held(_resolution: object, _wanted: object, _target: object, _cache: object, step: Step) -> Packages:
        under_way.set()
        while True:
            step.advance(1)

    monkeypatch.setattr(underway, "bring", held)
    monkeypatch.setattr(underway, "wheel_layers", lambda *given, **_: laid.append(given))
    with Vanguard() as vanguard:
        begin(vanguard)
        assert under_way.wait(PATIENCE)
    assert laid == []
