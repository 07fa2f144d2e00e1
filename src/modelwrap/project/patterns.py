"""The rules of a `.dockerignore` file: which paths they leave out and which they take back in.

Patterns mean what they mean to Docker: `*` and `?` stay within one name, `**` spans any number of folders, `!` takes
back in, the last rule that matches decides, and a rule that matches a folder holds for all in it.
"""

from __future__ import annotations

import posixpath
import re
from functools import cached_property

from modelwrap.value import Value

__all__ = ["Pattern", "read_patterns"]


class Pattern(Value):
    """One rule.

    Attributes:
        text: The cleaned pattern, without `!` and without slashes at its ends.
        takes_back: Whether it begins with `!`.
        source: Where it stands, for messages: `.dockerignore:3`.
    """

    text: str
    takes_back: bool
    source: str

    __slots__ = ("__dict__", "source", "takes_back", "text")

    def matches(self, path: str) -> bool:
        """Whether it matches this relative path or a folder that the path lies in."""
        return any(self._regex.fullmatch(part) for part in _with_parents(path))

    def may_match_below(self, folder: str) -> bool:
        """Whether a rule that takes back in could reach into a folder that is left out."""
        literal = re.split(r"[*?\[\\]", self.text, maxsplit=1)[0]
        return self.text.startswith(f"{folder}/") or f"{folder}/".startswith(literal) or not literal

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(_translate(self.text), re.DOTALL)


def read_patterns(text: str, source: str) -> list[Pattern]:
    """Reads the rules of a `.dockerignore` file; blank lines and comments are passed over."""
    patterns = []
    for number, line in enumerate(text.lstrip("\N{BYTE ORDER MARK}").splitlines(), start=1):
        rule = line.strip()
        if not rule or line.startswith("#"):
            continue
        takes_back = rule.startswith("!")
        cleaned = posixpath.normpath(rule.removeprefix("!").strip() or ".").strip("/")
        if cleaned not in ("", "."):
            patterns.append(Pattern(cleaned, takes_back, f"{source}:{number}"))
    return patterns


def _with_parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


_PART = re.compile(r"\*\*/?|\*|\?|\[[^\]]+\]|\\.|.", re.DOTALL)


def _translate(pattern: str) -> str:
    return "".join(map(_translate_token, _PART.findall(pattern)))


def _translate_token(part: str) -> str:
    match part:
        case "**/":
            return "(?:.*/)?"
        case "**":
            return ".*"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
    if part.startswith("[") and len(part) > 1:
        return part.replace("[!", "[^", 1)
    return re.escape(part.removeprefix("\\") or "\\")
