"""A small notation for what a manifest may hold, and a strict reading of documents by it: unknown fields fail.

    {"name!": str, "replicas": int, "labels": {ANY: str}, "steps": [{"name!": str}], "mode": frozenset({"all"})}

A name that ends in `!` must be there. `POD` is a pod's spec, and `INLINE_POD: POD` a place where its fields stand
beside others; both are left to a judge of pods, such as the schemas of Kubernetes itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import kubernetes_validate

__all__ = ["ANY", "INLINE_POD", "POD", "VERSIONS", "Form", "core_problems", "lacking", "pod_problems", "problems"]

#: A type, the values there are, a list of one form, a mapping, or `POD`.
Form: TypeAlias = Any
ANY = "*"
POD = "a pod's spec"
INLINE_POD = "a pod's spec, in line"
NUMBER_OR_TEXT = (int, str)
#: The oldest and the newest Kubernetes whose kinds the manifests use, as far as there are schemas.
VERSIONS = ("1.25.0", "1.37.0")


def problems(
    value: object, form: Form, judge: Callable[[object, str], Iterator[str]], place: str = ""
) -> Iterator[str]:
    """All that is wrong with a value."""
    if form == POD:
        yield from judge(value, place)
    elif isinstance(form, Mapping):
        yield from _of_mapping(value, form, judge, place)
    elif isinstance(form, list):
        for number, each in enumerate(value if isinstance(value, list) else ()):
            yield from problems(each, form[0], judge, f"{place}[{number}]")
        yield from () if isinstance(value, list) else (f"{place} is no list",)
    elif isinstance(form, frozenset):
        yield from () if value in form else (f"{place} is {value!r}, none of {sorted(form)}",)
    elif not isinstance(value, form) or (isinstance(value, bool) and form not in {bool, object}):
        yield f"{place} is {value!r}, not {form}"


def _of_mapping(
    value: object, form: Mapping[str, Form], judge: Callable[[object, str], Iterator[str]], place: str
) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{place} is no mapping"
        return
    fields = {name.removesuffix("!"): each for name, each in form.items()}
    yield from (f"{place}.{name} is missing" for name in _required(form) if name not in value)
    of_pod = {}
    for name, each in value.items():
        if name in fields:
            yield from problems(each, fields[name], judge, f"{place}.{name}")
        elif ANY in fields:
            yield from problems(each, fields[ANY], judge, f"{place}.{name}")
        elif INLINE_POD in fields:
            of_pod[name] = each
        else:
            yield f"{place}.{name} is unknown"
    if of_pod:
        yield from judge(of_pod, place)


def _required(form: Mapping[str, Form]) -> list[str]:
    return [name.removesuffix("!") for name in form if name.endswith("!")]


def lacking(form: Form, real: Form, place: str = "") -> Iterator[str]:
    """What a form has that the real one has not, or has of another kind; and what only the real one insists on."""
    if form == POD or real is object:
        return
    if isinstance(form, Mapping) and isinstance(real, Mapping):
        yield from _lacking_fields(form, real, place)
    elif isinstance(form, list) and isinstance(real, list):
        yield from lacking(form[0], real[0], f"{place}[]")
    elif not _admits(real, form):
        yield f"{place} is {real}, not {form}"


def _admits(real: Form, form: Form) -> bool:
    """Whether all values of a simple form are values of the real one."""
    if isinstance(form, frozenset):
        return real is str or (isinstance(real, frozenset) and form <= real)
    return bool(form == real or (isinstance(real, tuple) and form in real))


def _lacking_fields(form: Mapping[str, Form], real: Mapping[str, Form], place: str) -> Iterator[str]:
    fields = {name.removesuffix("!"): each for name, each in real.items()}
    yield from (f"{place}.{name} must be there" for name in _required(real) if f"{name}!" not in form)
    for name, each in form.items():
        bare = name.removesuffix("!")
        if bare in fields or ANY in fields:
            yield from lacking(each, fields.get(bare, fields.get(ANY)), f"{place}.{bare}")
        elif bare != INLINE_POD:
            yield f"{place}.{bare} is not there"


def core_problems(document: Mapping[str, Any]) -> Iterator[str]:
    """What the schemas of Kubernetes say against a document of one of its own kinds, in every version asked."""
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"Kubernetes {version}: {'.'.join(map(str, error.path))}: {error.message}"


def pod_problems(spec: object, place: str) -> Iterator[str]:
    """What the schemas of Kubernetes say against a pod's spec."""
    document = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "any"}, "spec": spec}
    yield from (f"{place}: {problem}" for problem in core_problems(document))
