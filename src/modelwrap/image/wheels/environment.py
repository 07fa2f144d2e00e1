"""Where a virtual environment keeps what wheels bring, as paths inside an image."""

from __future__ import annotations

from modelwrap.contract import ENVIRONMENT_DIR
from modelwrap.value import Value

__all__ = ["Environment"]


class Environment(Value):
    """A virtual environment's folders, without a leading slash. Source: Python's `venv` scheme of `sysconfig`.

    Attributes:
        minor: The version of its Python: `3.11`.
    """

    minor: str

    @property
    def root(self) -> str:
        """The environment itself, and where a wheel's `data` goes."""
        return ENVIRONMENT_DIR.lstrip("/")

    @property
    def programs(self) -> str:
        """What PATH finds."""
        return f"{self.root}/bin"

    @property
    def packages(self) -> str:
        """What Python imports."""
        return f"{self.root}/lib/python{self.minor}/site-packages"

    def headers(self, distribution: str) -> str:
        """The C headers of a distribution, which pip and uv keep apart from each other's."""
        return f"{self.root}/include/site/python{self.minor}/{distribution}"

    @property
    def interpreter(self) -> str:
        """What scripts name in their first line."""
        return f"{ENVIRONMENT_DIR}/bin/python"
