"""Whose quota counts, in both versions of control groups."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelwrap.runtime.supervision.cores import machine_cores, usable_cores

BOUND = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else machine_cores()


def system(root: Path, groups: str, **files: str) -> Path:
    """A `/proc` and a `/sys` that say so; a file's name has `__` for `/`."""
    for name, text in {
        "proc/self/cgroup": groups,
        **{key.replace("__", "/"): text for key, text in files.items()},
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_without_a_quota_it_is_what_the_process_is_bound_to(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == BOUND
    assert 1 <= usable_cores() <= machine_cores()


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("100000 100000\n", 1),
        ("199999 100000", 1),
        ("50000 100000", 1),
        ("max 100000", BOUND),
        ("99000000 100000", BOUND),
    ],
)
def test_the_quota_of_version_two_is_rounded_down_and_never_below_one(quota: str, cores: int, tmp_path: Path) -> None:
    root = system(tmp_path, "0::/\n")
    (root / "sys/fs/cgroup").mkdir(parents=True)
    (root / "sys/fs/cgroup/cpu.max").write_text(quota)
    assert usable_cores(root) == cores


def test_the_narrowest_group_above_counts(tmp_path: Path) -> None:
    root = system(tmp_path, "0::/pod/container\n")
    for place, quota in (("", "max 100000"), ("pod", "100000 100000"), ("pod/container", "800000 100000")):
        (root / "sys/fs/cgroup" / place).mkdir(parents=True, exist_ok=True)
        (root / "sys/fs/cgroup" / place / "cpu.max").write_text(quota)
    assert usable_cores(root) == 1


@pytest.mark.parametrize("path", ["/", "/docker/4f1c"])
def test_the_quota_of_version_one_is_found_also_where_the_container_sees_itself_at_the_top(
    path: str, tmp_path: Path
) -> None:
    root = system(tmp_path, f"7:memory:/x\n4:cpu,cpuacct:{path}\n1:name=systemd:/init.scope\n0::/\n")
    (root / "sys/fs/cgroup/cpu").mkdir(parents=True)
    (root / "sys/fs/cgroup/cpu/cpu.cfs_quota_us").write_text("100000\n")
    (root / "sys/fs/cgroup/cpu/cpu.cfs_period_us").write_text("100000\n")
    assert usable_cores(root) == 1
    (root / "sys/fs/cgroup/cpu/cpu.cfs_quota_us").write_text("-1\n")
    assert usable_cores(root) == BOUND
