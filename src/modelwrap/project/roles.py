"""Which methods a class needs for each service type."""

from __future__ import annotations

from collections.abc import Iterable

from modelwrap.contract import Role

__all__ = ["fitting_roles", "methods_of", "wanted"]

#: The plain methods of each role. Source: component API sections 6 and 9.
_METHODS = {
    Role.MODEL: ("predict",),
    Role.ROUTER: ("route",),
    Role.COMBINER: ("aggregate",),
    Role.TRANSFORMER: ("transform_input", "transform_output"),
    Role.OUTPUT_TRANSFORMER: ("transform_output",),
    Role.OUTLIER_DETECTOR: ("score", "transform_input"),
}
#: A method may also come in a form that takes the whole message.
_SUFFIXES = ("", "_raw", "_rest", "_grpc")
#: `score` came with the 2018 wrapper and never had such a form.
_PLAIN_ONLY = {"score"}


def methods_of(role: Role) -> tuple[str, ...]:
    """The methods of which a class of this role must have at least one, as one would write them first."""
    return _METHODS[role]


def wanted(role: Role) -> frozenset[str]:
    """Every name, whole-message forms included, that makes a class fit this role."""
    return frozenset(
        f"{method}{suffix}"
        for method in _METHODS[role]
        for suffix in (_SUFFIXES if method not in _PLAIN_ONLY else ("",))
    )


def fitting_roles(methods: Iterable[str]) -> list[Role]:
    """The roles that a class with these methods can take."""
    found = set(methods)
    return [role for role in Role if wanted(role) & found]
