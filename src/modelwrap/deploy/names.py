"""Names and quantities as Kubernetes takes them, refused here with the reason, before a cluster does.

Source: Kubernetes, object names (RFC 1123 and RFC 1035 labels), labels, resource quantities.
"""

from __future__ import annotations

import re

from modelwrap.errors import DeployError

__all__ = [
    "bytes_of",
    "check_env_name",
    "check_label",
    "check_quantity",
    "check_secret_name",
    "is_label_value",
    "label_like",
    "processors_of",
    "read_variable",
]

_LABEL_LIMIT = 63
_SUBDOMAIN_LIMIT = 253
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_CPU = re.compile(r"(\d+(\.\d{1,3})?|\d+m)")
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T)?")
_QUANTITY = {
    "cpu": (_CPU, "a number of processors: 2, 0.5 or 500m"),
    "memory": (_MEMORY, "bytes, with a unit: 512Mi or 2Gi"),
}
_UNITS: dict[str | None, int] = {
    None: 1,
    **{unit: 1000**power for power, unit in enumerate(("k", "M", "G", "T"), 1)},
    **{unit: 1024**power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti"), 1)},
}


def check_label(name: str, what: str, *, limit: int = _LABEL_LIMIT, letter_first: bool = False) -> str:
    """Returns a name that Kubernetes takes for one object and for the host name that it makes of it.

    Args:
        name: The name.
        what: What it names, for the message.
        limit: Characters that it may have, where something is appended to it.
        letter_first: Whether it must begin with a letter, as the name of a Service must.

    Raises:
        DeployError: It would be refused; the message says why, and what would do.
    """
    if reason := _refusal(name, limit, letter_first=letter_first):
        near = label_like(name, limit, letter_first=letter_first)
        advice = f"\n{near} would do" if near else ""
        raise DeployError(f"{name!r} can't be the name of {what}: Kubernetes takes {reason}{advice}")
    return name


def _refusal(name: str, limit: int, *, letter_first: bool) -> str | None:
    if len(name) > limit:
        return f"at most {limit} characters there, and this has {len(name)}"
    if not _LABEL.fullmatch(name):
        return "lower-case letters, digits and -, with a letter or digit at both ends"
    if letter_first and not name[0].isalpha():
        return "a letter at the beginning there"
    return None


def label_like(name: str, limit: int = _LABEL_LIMIT, *, letter_first: bool = False) -> str:
    """The nearest name that would do; empty where nothing is left of it."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    near = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
    if letter_first:
        near = near.lstrip("-0123456789")
    return near[:limit].rstrip("-")


def check_secret_name(name: str) -> str:
    """Returns the name of a secret.

    Raises:
        DeployError: Kubernetes would refuse it.
    """
    if len(name) > _SUBDOMAIN_LIMIT or not _SUBDOMAIN.fullmatch(name):
        raise DeployError(f"{name!r} can't be the name of a secret: lower-case letters, digits, - and . between them")
    return name


def check_env_name(name: str) -> str:
    """Returns the name of an environment variable.

    Raises:
        DeployError: Kubernetes would refuse it.
    """
    if not _ENV_NAME.fullmatch(name):
        raise DeployError(f"{name!r} can't be the name of an environment variable: letters, digits, _, - and .")
    return name


def read_variable(text: str) -> tuple[str, str]:
    """Reads `NAME=VALUE`.

    Raises:
        DeployError: It is no such pair, or Kubernetes would refuse the name.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise DeployError(f"{text!r} is no environment variable\nwrite NAME=VALUE")
    return check_env_name(name), value


def check_quantity(kind: str, text: str) -> str:
    """Returns an amount of `cpu` or `memory`.

    Raises:
        DeployError: Kubernetes would refuse it, or it is nothing.
    """
    form, expected = _QUANTITY[kind]
    if not form.fullmatch(text) or not re.search("[1-9]", text):
        raise DeployError(f"{text!r} is no amount of {kind}: {expected}")
    return text


def bytes_of(memory: str) -> int:
    """The number of bytes that a checked amount of memory means."""
    number, unit = next(_MEMORY.finditer(memory)).groups()
    return int(float(number) * _UNITS[unit])


def processors_of(cpu: str) -> float:
    """The number of processors that a checked amount of them means."""
    return float(cpu[:-1]) / 1000 if cpu.endswith("m") else float(cpu)


def is_label_value(text: str) -> bool:
    """Whether a text can be the value of a label."""
    return len(text) <= _LABEL_LIMIT and _LABEL_VALUE.fullmatch(text) is not None
