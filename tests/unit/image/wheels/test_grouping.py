"""Which wheels share a layer: few enough layers, and few that change when a package is added."""

from __future__ import annotations

from pathlib import Path

from modelwrap.image.target import WheelFile
from modelwrap.image.wheels.grouping import group_wheels

Groups = tuple[tuple[WheelFile, ...], ...]


def sized(sizes: dict[str, int]) -> list[tuple[WheelFile, int]]:
    return [(WheelFile(name, "1", Path(name), name), size) for name, size in sizes.items()]


def small(count: int) -> dict[str, int]:
    return {f"small{number}": 50_000 for number in range(count)}


def names(groups: Groups) -> list[list[str]]:
    return [[wheel.name for wheel in group] for group in groups]


def test_as_long_as_there_are_few_each_has_its_own_and_the_large_come_first() -> None:
    groups = names(group_wheels(sized({"b": 10, "a": 20, "z": 5_000_000, "y": 1_000_000})))
    assert groups == [["y"], ["z"], ["a"], ["b"]]


def test_the_order_in_which_they_come_changes_nothing() -> None:
    sizes = {**small(99), "large": 3_000_000}
    assert group_wheels(sized(sizes)) == group_wheels(sized(dict(reversed(sizes.items()))))


def test_there_are_never_more_layers_than_an_image_may_have() -> None:
    for count in (60, 61, 500):
        for large in (0, 40, 41, 300):
            sizes = {**small(count), **{f"large{n}": 1_000_000 * (n + 1) for n in range(large)}}
            groups = group_wheels(sized(sizes))
            assert len(groups) <= 72
            assert sorted(wheel.name for group in groups for wheel in group) == sorted(sizes)


def test_one_more_small_package_changes_one_group() -> None:
    before = set(map(tuple, names(group_wheels(sized(small(200))))))
    after = set(map(tuple, names(group_wheels(sized({**small(200), "one-more": 9})))))
    assert len(after - before) == 1
