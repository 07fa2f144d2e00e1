"""What a setting is: flag, environment variables, kind, default, and what it does. The table of them is `options`."""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

from modelwrap.contract import SETTING_PREFIX
from modelwrap.runtime.settings.kinds import Kind
from modelwrap.value import Value

__all__ = ["Group", "Option", "Variable"]

T_co = TypeVar("T_co", covariant=True)


class Group(StrEnum):
    """The headings under which settings are listed."""

    COMPONENT = "The component"
    PORTS = "Ports"
    CONCURRENCY = "Processes and threads"
    LIMITS = "Limits"
    TIMEOUTS = "Time limits"
    LOGGING = "Logs"
    METRICS = "Metrics"
    STATE = "State"
    LIFE = "Starting and stopping"
    IDENTITY = "Place in the graph"


class Variable(Value, Generic[T_co]):
    """A name that gives a setting its value from outside the command line.

    Attributes:
        name: The environment variable, or the annotation.
        kind: How it is read, where that differs from the flag.
        first: Whether it beats the flag.
    """

    name: str
    kind: Kind[T_co] | None = None
    first: bool = False


class Option(Value, Generic[T_co]):
    """One setting.

    Attributes:
        name: Its name in words joined by hyphens; the flag is `--name`.
        kind: How text becomes its value.
        default: Its value when nobody says anything.
        help: What it does, in one or two sentences.
        group: Its heading.
        historical: Environment variables of earlier wrappers and of the operator, strongest first.
        annotation: The pod annotation that sets it.
        bare: The text that the flag alone, without a value, stands for; None where a value must follow.
        default_text: How the default is told where the value does not tell it.
        flagged: Whether the command line has a flag for it; what only the operator says has none.
        positional: Whether it is given by position instead of by a flag.
    """

    name: str
    kind: Kind[T_co]
    default: T_co
    help: str
    group: Group
    historical: tuple[Variable[T_co], ...] = ()
    annotation: Variable[T_co] | None = None
    bare: str | None = None
    default_text: str | None = None
    flagged: bool = True
    positional: bool = False

    @property
    def flag(self) -> str:
        """The flag, such as `--queue-size`; the upper-case word in usage where it is positional."""
        return self.name.upper() if self.positional else f"--{self.name}"

    @property
    def variables(self) -> tuple[Variable[T_co], ...]:
        """The environment variables that set it, strongest first: modelwrap's own before the historical ones."""
        if not self.flagged:
            return self.historical
        return (Variable(SETTING_PREFIX + self.name.upper().replace("-", "_")), *self.historical)
