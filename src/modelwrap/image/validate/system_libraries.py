"""Which Debian package has a shared library, which libraries the container's runtime brings, and which may be missing.

Tables only. A library that is in no table is still reported; only its package is not named.
"""

from __future__ import annotations

import re

__all__ = ["PACKAGES", "advice_for", "is_brought", "is_optional"]

#: Libraries that wheels are known to need from the system, and the Debian package of each.
PACKAGES = {
    "libGL.so.1": "libgl1",
    "libGLU.so.1": "libglu1-mesa",
    "libEGL.so.1": "libegl1",
    "libICE.so.6": "libice6",
    "libSM.so.6": "libsm6",
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
    "libatomic.so.1": "libatomic1",
    "libcairo.so.2": "libcairo2",
    "libfontconfig.so.1": "libfontconfig1",
    "libgcc_s.so.1": "libgcc-s1",
    "libgfortran.so.5": "libgfortran5",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libmariadb.so.3": "libmariadb3",
    "libnuma.so.1": "libnuma1",
    "libodbc.so.2": "unixodbc",
    "libopenblas.so.0": "libopenblas0",
    "libpq.so.5": "libpq5",
    "libquadmath.so.0": "libquadmath0",
    "libsndfile.so.1": "libsndfile1",
    "libspatialindex_c.so.6": "libspatialindex-c6",
    "libstdc++.so.6": "libstdc++6",
    "libtbb.so.12": "libtbb12",
    "libusb-1.0.so.0": "libusb-1.0-0",
    "libxcb.so.1": "libxcb1",
    "libz.so.1": "zlib1g",
}
#: Other packages that do without the library.
_INSTEAD = {"libGL.so.1": "opencv-python-headless instead of opencv-python needs no libGL"}
#: What the runtime of a machine with such a device puts into the container.
_BROUGHT = re.compile(
    r"libcuda\.so.*|libnvidia-.*|libnvcuvid\.so.*|libnvoptix\.so.*|libamdhip64\.so.*|libhsa-runtime.*"
)
#: Files that are loaded only where their library is there, by package: leaving it out breaks nothing.
_OPTIONAL = (
    ("numba", re.compile(r".*/(?:tbbpool|omppool)\..*")),
    ("nvidia-.*", re.compile(r".*(?:_rdma\.|nvshmem_(?:transport|bootstrap)_).*")),
    ("pyqt5.*|pyqt6.*|pyside6.*", re.compile(r".*/plugins/.*")),
    ("tensorflow.*", re.compile(r".*/(?:tpu_|.*_tpu)[^/]*")),
)


def is_brought(library: str) -> bool:
    """Whether a library comes into the container with its device, not with its image."""
    return _BROUGHT.fullmatch(library) is not None


def is_optional(package: str, path: str) -> bool:
    """Whether a file of a package is one that may fail to load."""
    return any(re.fullmatch(names, package) and files.fullmatch(path) for names, files in _OPTIONAL)


def advice_for(library: str) -> str:
    """What to do about a library that the base does not have."""
    package = PACKAGES.get(library)
    debian = (
        f"take a --base-image with Debian's {package} in it, or write {package} into apt.txt and build with Docker: "
        "modelwrap wrap"
        if package
        else "take a --base-image that has it, or build with Docker and name its Debian package in apt.txt"
    )
    return "; ".join(filter(None, (_INSTEAD.get(library), debian)))
