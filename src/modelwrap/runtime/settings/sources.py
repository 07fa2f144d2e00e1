"""Where a setting's value comes from, and which source beats which.

Flags beat environment variables beat annotations beat defaults; a variable marked `first` beats the flag too. An
empty variable is as good as none. This room reads no environment itself: it is given what others read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from modelwrap.errors import SettingsError
from modelwrap.runtime.settings.kinds import Kind
from modelwrap.runtime.settings.option import Option
from modelwrap.value import Value, field

__all__ = ["Said", "Sources"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Said(Value, Generic[T_co]):
    """A setting's value and who said so.

    Attributes:
        value: The value.
        by: The flag, the variable or the annotation; empty for a default.
    """

    value: T_co
    by: str = ""


class Sources(Value):
    """What was given from outside, all as text.

    Attributes:
        flags: By setting's name, what the command line said.
        environment: Environment variables.
        annotations: The pod's annotations.
    """

    flags: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    def value(self, option: Option[T]) -> T:
        """The setting's value.

        Raises:
            SettingsError: The strongest source says something that can't be read.
        """
        return self.said(option).value

    def said(self, option: Option[T]) -> Said[T]:
        """The setting's value with its source.

        Raises:
            SettingsError: The strongest source says something that can't be read.
        """
        for name, kind, text in self._texts(option):
            return Said(_read(name, kind, text), name)
        return Said(option.default)

    def _texts(self, option: Option[T]) -> Iterator[tuple[str, Kind[T], str]]:
        """Each source that says something about a setting, strongest first: name, kind, text."""
        for variable in option.variables:
            if variable.first and self.environment.get(variable.name):
                yield variable.name, variable.kind or option.kind, self.environment[variable.name]
        if option.name in self.flags:
            yield option.flag, option.kind, self.flags[option.name]
        for variable in option.variables:
            if self.environment.get(variable.name):
                yield variable.name, variable.kind or option.kind, self.environment[variable.name]
        annotation = option.annotation
        if annotation is not None and self.annotations.get(annotation.name):
            yield annotation.name, annotation.kind or option.kind, self.annotations[annotation.name]


def _read(name: str, kind: Kind[T], text: str) -> T:
    try:
        return kind.read(text)
    except (ValueError, OverflowError):
        raise SettingsError(f"{name} is {text!r}: expected {kind.expected}") from None
