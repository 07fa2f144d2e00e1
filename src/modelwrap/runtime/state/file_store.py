"""State in files: for a laptop, and for a node of its own with a disk.

    FOLDER/KEY/000000000012-a1b2c3d4.state    one file a version; a version is there when its name is
    FOLDER/KEY/lock, lease, fence             who is at it, who may write, and the number of the last lease

A version is written beside, synced, renamed into place, and the folder is synced: whatever moment the machine dies at,
the newest version is the one before or the one after. Locks are the kernel's and end with the process that held them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from modelwrap.errors import NotTheWriter, StateMoved, StoreUnavailable
from modelwrap.runtime.state.snapshot import HEAD_BYTES
from modelwrap.runtime.state.store import Kept, Version

__all__ = ["FileStore"]

_NAME = re.compile(r"\d{12}-\w+\.state")
#: Seconds to wait for another worker that is reading or writing.
_PATIENCE = 5.0
_LOOK = 0.005


def _nothing(_step: str) -> None: ...


class FileStore:
    """Keeps versions as files of one folder.

    Args:
        folder: Where; it is made.
        key: The component's key.
        keep: How many versions are kept.
        step: Called with the name of each step of a write, before it is taken.

    Attributes:
        place: The folder of this key.
        key: The component's key.
        private: Whether nobody but this user can write there.

    Raises:
        StoreUnavailable: The folder can't be made or written to.
    """

    def __init__(self, folder: Path, key: str, *, keep: int = 5, step: Callable[[str], None] = _nothing) -> None:
        self._folder = folder.absolute() / re.sub(r"[^\w.-]", lambda match: f"%{ord(match[0]):x}", key)
        self.place = str(self._folder)
        self.key = key
        self._keep = keep
        self._step = step
        self._lease = -1
        with self._failing():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            facts = self._folder.stat()
            if not os.access(self._folder, os.W_OK | os.X_OK):
                raise PermissionError(13, "not writable for this user")
        self.private = facts.st_uid == os.geteuid() and not facts.st_mode & 0o022

    # -- versions --------------------------------------------------------------------------------------------------

    def current(self) -> Version | None:
        """The newest version; None where nothing is kept."""
        with self._failing():
            names = self._names()
        return _version(names[0]) if names else None

    def read(self, version: Version | None = None) -> tuple[Version, bytes] | None:
        """A version's bytes, by default the newest's; None where it is not there."""
        with self._locked():
            version = version or self.current()
            path = None if version is None else self._folder / _name(version)
            if version is None or path is None or not path.exists():
                return None
            return version, path.read_bytes()

    def write(self, data: bytes, version: Version, *, after: Version | None, fence: int | None = None) -> None:
        """Keep bytes as a new version, whole and lasting, or not at all. See `Store`."""
        with self._locked():
            current = self.current()
            if current == version:
                return
            if current != after:
                raise StateMoved(f"{self.place} holds version {current}, not {after}")
            if fence is not None and self._fence() > fence:
                raise NotTheWriter(f"another writer has the lease on {self.place}")
            self._put(_name(version), data)
            self._step("pruned")
            for name in self._names()[self._keep :]:
                (self._folder / name).unlink(missing_ok=True)

    def _put(self, name: str, data: bytes) -> None:
        """A file that is there whole or not at all, also when the machine dies meanwhile."""
        partial = self._folder / f"{name}.part"
        for left in self._folder.glob("*.part"):  # of a writer that died; we hold the lock
            left.unlink(missing_ok=True)
        self._step("opened")
        with partial.open("wb") as file:
            half = len(data) // 2
            file.write(memoryview(data)[:half])
            file.flush()
            self._step("half written")
            file.write(memoryview(data)[half:])
            file.flush()
            self._step("written")
            os.fsync(file.fileno())
        self._step("synced")
        partial.rename(self._folder / name)
        self._step("renamed")
        self._sync_folder()
        self._step("folder synced")

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def versions(self) -> list[Kept]:
        """All versions, the newest first."""
        with self._locked():
            return [_kept(self._folder / name) for name in self._names()]

    def set_aside(self) -> str:
        """Move the newest version out of the way; returns where it lies now."""
        with self._locked():
            names = self._names()
            if not names:
                return ""
            aside = self._folder / f"{names[0]}.aside-{time.time_ns()}"
            (self._folder / names[0]).rename(aside)
            for name in names[1:]:  # an older version must not become the newest unasked
                (self._folder / name).rename(self._folder / f"{name}.aside-{time.time_ns()}")
            self._sync_folder()
            return str(aside)

    def forget(self) -> None:
        """Drop every version but the newest."""
        with self._locked():
            for name in self._names()[1:]:
                (self._folder / name).unlink(missing_ok=True)

    # -- the lease -------------------------------------------------------------------------------------------------

    def acquire(self, holder: str, seconds: float, *, patient: bool = False) -> int | None:  # noqa: ARG002
        """The number of a new lease on writing; None while another process holds it.

        The kernel's lock needs no time and no patience: it lasts as long as its process, and with it what is not saved.
        """
        with self._locked():
            if self._lease < 0 and not self._lock_lease():
                return None
            fence = self._fence() + 1
            self._put_plain("fence", str(fence))
            self._put_plain("holder", holder)
            return fence

    def _lock_lease(self) -> bool:
        descriptor = os.open(self._folder / "lease", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._lease = descriptor
        # A program that user code forks must not hold the lease when this process is gone.
        os.register_at_fork(after_in_child=self._forget_lease)
        return True

    def _forget_lease(self) -> None:
        if self._lease >= 0:
            os.close(self._lease)
            self._lease = -1

    def renew(self, holder: str, fence: int, seconds: float) -> bool:  # noqa: ARG002
        """Whether the lease is still held: it is until the process ends or gives it back."""
        with self._failing():
            return self._lease >= 0 and self._fence() == fence

    def release(self, holder: str) -> None:  # noqa: ARG002
        """Give the lease back."""
        self._forget_lease()

    def holder(self) -> str:
        """Who holds the lease; empty for nobody."""
        with self._failing():
            path = self._folder / "holder"
            if not path.exists() or (self._lease < 0 and self._lease_is_free()):
                return ""
            return path.read_text(encoding="utf-8")

    def _lease_is_free(self) -> bool:
        free = self._lock_lease()
        self._forget_lease()
        return free

    def _fence(self) -> int:
        try:
            return int((self._folder / "fence").read_text(encoding="ascii") or 0)
        except (FileNotFoundError, ValueError):
            return 0

    def _put_plain(self, name: str, text: str) -> None:
        partial = self._folder / f"{name}.new"
        partial.write_text(text, encoding="utf-8")
        partial.rename(self._folder / name)

    def close(self) -> None:
        """Give the lease back."""
        self._forget_lease()

    # -- files -----------------------------------------------------------------------------------------------------

    def _names(self) -> list[str]:
        """The files of versions, the newest first."""
        return sorted((path.name for path in self._folder.iterdir() if _NAME.fullmatch(path.name)), reverse=True)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone at the files, among all processes of this machine."""
        with self._failing():
            descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._wait_for(descriptor)
                yield
            finally:
                os.close(descriptor)

    def _wait_for(self, descriptor: int) -> None:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise StoreUnavailable(f"another process has held {self.place} for {_PATIENCE:g} s") from None
                time.sleep(_LOOK)
            else:
                return

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreUnavailable(f"state can't be kept in {self.place}: {error.strerror or error}") from error


def _name(version: Version) -> str:
    return f"{version.number:012d}-{version.mark}.state"


def _version(name: str) -> Version:
    return Version.parse(name.removesuffix(".state"))


def _kept(path: Path) -> Kept:
    with path.open("rb") as file:
        return Kept(_version(path.name), file.read(HEAD_BYTES), path.stat().st_size)
