"""A wrapped folder as a container, without a container engine: the image's own start, and a pod's conditions.

Where this user may (root on Linux), the process gets a root of its own that holds what the image would: the model under
`/microservice`, the runtime under `/opt/modelwrap`, the interpreter with its packages, and nothing of modelwrap beside;
all of it read-only but for `/tmp`, with `/etc/podinfo/annotations`, as a user who is not in any list, without a
capability. Elsewhere the same process runs as it is.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGTERM
from types import TracebackType
from typing import Self

from conformance.operator import Given, Probe
from serving import PATIENCE, request

__all__ = ["Container", "is_content", "may_confine"]

#: Builds a root below $1 and becomes the program in it. The mounts are gone with the process.
_ENTER = """
set -e
root=$1 model=$2 runtime=$3 annotations=$4 prefix=$5 base=$6 user=$7
shift 7
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$root"
bind() { mkdir -p "$root$2"; mount --bind "$1" "$root$2"; mount -o remount,bind,ro "$root$2"; }
copy() { [ ! -e "$1" ] || cp -a --parents "$1" "$root"; }
mkdir "$root/tmp" "$root/etc" "$root/etc/podinfo"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
bind /usr /usr
for place in /bin /sbin /lib /lib64; do
    if [ -L $place ]; then cp -a $place "$root"; elif [ -e $place ]; then bind $place $place; fi
done
for file in /etc/ld.so.cache /etc/hosts /etc/nsswitch.conf /etc/passwd /etc/localtime; do copy $file; done
cp "$annotations" "$root/etc/podinfo/annotations"
bind "$base" "$base"
bind "$prefix" "$prefix"
bind "$model" /microservice
bind "$runtime" /opt/modelwrap
mkdir "$root/proc" "$root/dev"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,ro "$root"
exec chroot "$root" \\
    setpriv --reuid="$user" --regid=0 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs \\
    sh -c 'cd /microservice && exec "$@"' sh "$@"
"""
_START = ("python", "-P", "-u", "-m", "modelwrap.runtime")


@functools.cache
def may_confine() -> bool:
    """Whether this user may give a process a root of its own."""
    tools = all(map(shutil.which, ("unshare", "nsenter", "setpriv", "chroot", "mount")))
    if not tools or os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "--mount", "mount", "--make-rprivate", "/"], check=False).returncode == 0


def is_content(probe: Probe) -> bool:
    """Whether a probe succeeds now, by the kubelet's rules but for its haste."""
    try:
        if probe.path is None:
            with socket.create_connection(("127.0.0.1", probe.port), timeout=PATIENCE):
                return True
        return 200 <= request("GET", probe.port, probe.path).status < 400
    except (OSError, http.client.HTTPException):
        return False


class Container:
    """One container; it runs while its block lasts.

    Args:
        wrapped: The folder that `modelwrap wrap` wrote.
        image_env: What its image sets.
        given: What the operator gives.
    """

    def __init__(self, wrapped: Path, image_env: Mapping[str, str], given: Given) -> None:
        self.given = given
        self.wrapped = wrapped
        self._stack = contextlib.ExitStack()
        path = f"{Path(sys.executable).parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        runtime = "/opt/modelwrap" if may_confine() else str(wrapped / "runtime")
        self._env = {**image_env, "PATH": path, "PYTHONPATH": runtime, **given.env}

    def __enter__(self) -> Self:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._output = self._stack.enter_context((folder / "output").open("w+b"))
        (folder / "annotations").write_text(self.given.annotations)
        (folder / "root").mkdir()
        self.process = subprocess.Popen(
            [*self._entering(folder), *_START],
            cwd=self.wrapped / "model",
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if error is not None:
            sys.stderr.write(f"--- what {self.given.name} wrote\n{self.output}\n")
        self._stack.close()

    def _entering(self, folder: Path) -> Sequence[str]:
        if not may_confine():
            return ()
        places = (
            folder / "root",
            self.wrapped / "model",
            self.wrapped / "runtime",
            folder / "annotations",
            sys.prefix,
            Path(sys.base_prefix).resolve(),
            self.given.user,
        )
        return ("unshare", "--mount", "sh", "-c", _ENTER, "sh", *map(str, places))

    @property
    def output(self) -> str:
        """All that it wrote so far."""
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode(errors="replace")

    # -- the kubelet -----------------------------------------------------------------------------------------------

    def passes(self, probe: Probe) -> bool:
        """Whether the kubelet would be content. An end of the container is an error, not an answer."""
        assert self.process.poll() is None, f"{self.given.name} ended:\n{self.output}"
        return is_content(probe)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs a command in the container, as its user."""
        inside: Sequence[str] = ()
        if may_confine():
            identity = (f"--reuid={self.given.user}", "--regid=0", "--clear-groups")
            inside = ("nsenter", f"--target={self.process.pid}", "--mount", "--root", "setpriv", *identity)
        return subprocess.run([*inside, *words], check=False, capture_output=True, text=True, env=self._env)

    def stop(self) -> int:
        """What happens to a pod that is deleted: the hook, then SIGTERM. Returns the exit status."""
        hook = self.run(*self.given.pre_stop)
        assert hook.returncode == 0, hook.stderr
        self.process.send_signal(SIGTERM)
        return self.process.wait(PATIENCE)
