"""What is known of a base image once it was probed. Values only."""

from __future__ import annotations

from collections.abc import Mapping

from modelwrap.image.target import PythonTarget
from modelwrap.value import Value, field

__all__ = ["BaseFacts"]


class BaseFacts(Value):
    """What stands in a base image.

    Attributes:
        name: The image, as the user named it.
        python: Its Python and its system.
        libraries: File names of the shared libraries where its loader looks: `libgomp.so.1`.
        environment: The variables that its config sets.
        user: The user that its config names; empty for root.
        system: What it calls itself: `Debian GNU/Linux 12 (bookworm)`; empty where it does not.
        packages: Names of the system's packages it has; empty where it keeps no list.
        has_shell: Whether `/bin/sh` and `/bin/sleep` are there, which hooks of Kubernetes run.
    """

    name: str
    python: PythonTarget
    libraries: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    system: str = ""
    packages: frozenset[str] = frozenset()
    has_shell: bool = True

    @property
    def description(self) -> str:
        """In a few words: `Python 3.11.7, glibc 2.36, linux/amd64, Debian GNU/Linux 12 (bookworm)`."""
        libc = f"{self.python.libc} {'.'.join(map(str, self.python.libc_version))}"
        parts = (f"Python {self.python.version}", libc, str(self.python.platform), self.system)
        return ", ".join(filter(None, parts))
