"""Values put into the texts of other languages, and the texts that are kept as files."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from importlib import resources

__all__ = ["dockerfile_quote", "fill_template", "json_array", "shell_quote"]

shell_quote = shlex.quote


def dockerfile_quote(value: str) -> str:
    """A value in double quotes, as ENV and LABEL take it, with nothing left for the builder to expand."""
    return '"' + re.sub(r'([\\"$])', r"\\\1", value) + '"'


def json_array(*values: str) -> str:
    """The exec form of a Dockerfile instruction."""
    return json.dumps(values, ensure_ascii=False)


def fill_template(name: str, values: Mapping[str, str]) -> str:
    """The text of a template with each `@NAME@` replaced.

    Raises:
        KeyError: The template has a place that no value was given for.
    """
    text = resources.files("modelwrap.image").joinpath("templates", name).read_text(encoding="utf-8")
    return re.sub(r"@([A-Z_]+)@", lambda match: values[match[1]], text)
