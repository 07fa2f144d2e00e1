"""The forms that one requirement may have, as patterns."""

from __future__ import annotations

import re

__all__ = [
    "ARCHIVE",
    "CONDA",
    "HASH",
    "NAMED",
    "PASSWORD",
    "URL",
    "VARIABLE",
    "is_archive",
    "is_remote",
    "looks_like_path",
    "normalized",
]

#: A package by its name, with extras, versions or an address, and a marker.
NAMED = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*"
    r"(?:@\s*(?P<url>\S+)|(?P<versions>\(?\s*(?:===|~=|==|!=|<=|>=|<|>)[^;]+))?\s*(?P<marker>;.*)?"
)
#: What `conda list` writes.
CONDA = re.compile(r"[A-Za-z0-9._-]+=[^=].*")
#: A file that pip installs, by its name; extras may follow.
ARCHIVE = re.compile(r".+\.(?:whl|zip|tar\.gz|tgz|tar\.bz2|tar\.xz|tar)(?:\[[^\]]*\])?")
#: An address, of a file or of a repository: `git+https://…`.
URL = re.compile(r"(?:(?P<vcs>git|hg|svn|bzr)\+)?(?P<scheme>[a-z][a-z0-9+.-]*):(?P<rest>.*)", re.IGNORECASE)
#: A password in an address, or a name so long that it is a token; one that pip fills in is neither.
PASSWORD = re.compile(r"//(?:[^/@\s:]*:(?!\$\{)[^/@\s]+|[^/@\s:$]{20,})@")
#: A variable that pip fills in from the environment.
VARIABLE = re.compile(r"\$\{([A-Z_][A-Z0-9_]*)\}")
#: A hash that pins a file.
HASH = re.compile(r"\s--hash[= ]")


def normalized(name: str) -> str:
    """The name of a package as indexes compare it: `Scikit_Learn` is `scikit-learn`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_archive(path: str) -> bool:
    """Whether a file is one that pip installs: a wheel or a source archive."""
    return ARCHIVE.fullmatch(path) is not None


def is_remote(value: str) -> bool:
    """Whether pip would fetch it."""
    return re.match(r"https?://", value) is not None


def looks_like_path(target: str) -> bool:
    """Whether pip would look for a file or folder."""
    return target.startswith((".", "~")) or "/" in target or "\\" in target or ARCHIVE.fullmatch(target) is not None
