"""What outlives a container and what does not, by tables of mounts as container tools make them."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwrap.cli.mounts import mount_of, parse_mounts, read_mounts

#: As `docker run -v /srv/ann/mnist:/my_model -v "a b:/my output" --tmpfs /scratch` shows it, in part.
DOCKER = r"""
650 540 0:59 / / ro,relatime - overlay overlay ro,lowerdir=/a:/b,upperdir=/c,workdir=/d
651 650 0:62 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
652 650 0:63 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755
653 652 0:65 / /dev/shm rw,nosuid,nodev,noexec,relatime - tmpfs shm rw,size=65536k
654 650 0:66 / /sys ro,nosuid,nodev,noexec,relatime - sysfs sysfs ro
655 650 0:70 / /scratch rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw
656 650 254:0 /srv/ann/mnist /my_model rw,relatime master:1 - ext4 /dev/vda rw
657 650 254:0 /srv/ann/a\040b /my\040output rw,relatime - ext4 /dev/vda rw
658 650 0:45 /ann/models /quick rw,nosuid,nodev - tmpfs tmpfs rw
659 650 254:0 /var/lib/docker/containers/1/hosts /etc/hosts rw,relatime - ext4 /dev/vda rw
660 656 254:0 /srv/cache /my_model/cache rw,relatime - ext4 /dev/vda rw
""".strip()
MOUNTS = list(parse_mounts(DOCKER))


@pytest.mark.parametrize(
    ("path", "point", "stays"),
    [
        ("/my_model/build", "/my_model", True),
        ("/my_model/cache/build", "/my_model/cache", True),
        ("/my_models/build", "/", False),
        ("/my output/x", "/my output", True),
        ("/opt/build", "/", False),
        ("/scratch/build", "/scratch", False),
        ("/dev/shm/build", "/dev/shm", False),
        ("/proc/1", "/proc", False),
        ("/quick/build", "/quick", True),
    ],
)
def test_only_what_lies_on_a_mount_from_outside_stays(path: str, point: str, stays: bool) -> None:
    mount = mount_of(Path(path), MOUNTS)
    assert (mount.point, mount.outlives_the_container) == (Path(point), stays)


def test_a_later_mount_covers_an_earlier_one_at_the_same_place() -> None:
    covering = "661 656 0:71 / /my_model rw - tmpfs tmpfs rw"
    mounts = list(parse_mounts(f"{DOCKER}\n{covering}"))
    assert not mount_of(Path("/my_model/build"), mounts).outlives_the_container


def test_the_table_of_this_system_can_be_read() -> None:
    assert mount_of(Path(__file__), read_mounts()).point in {Path("/"), *Path(__file__).parents}
