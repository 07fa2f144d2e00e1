"""What of a model folder stays out of its image: secrets, caches, environments, earlier builds, and by own rules."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from pathlib import Path

from modelwrap.project.marker import is_ours, is_staging
from modelwrap.project.patterns import Pattern
from modelwrap.value import Value

__all__ = ["Exclusions"]

#: Why a name is left out, by patterns of single names.
_NAMES = {
    "secret": (
        *(".env", ".env.*", "*.env", ".envrc", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.kdbx"),
        *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".netrc", "_netrc", ".pypirc", ".pgpass", ".htpasswd"),
        *(
            ".git-credentials",
            ".dockercfg",
            "pip.conf",
            "kubeconfig",
            ".ssh",
            ".aws",
            ".azure",
            ".gcloud",
            ".gnupg",
            ".kube",
        ),
    ),
    "version control": (".git", ".hg", ".svn", ".bzr", "CVS", ".gitattributes", ".gitignore", ".gitmodules"),
    "cache": (
        *("__pycache__", "*.pyc", "*.pyo", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".tox"),
        *(".nox", ".ipynb_checkpoints", ".cache", ".eggs", "node_modules", ".dvc"),
    ),
    "editor": (".idea", ".vscode", "*~", ".*.swp", ".DS_Store", "Thumbs.db", "desktop.ini"),
    "build rules": (".dockerignore",),
}
_ENVIRONMENTS = {"pyvenv.cfg": "virtual environment", "conda-meta": "conda environment"}
#: The file by which a folder written by the tool of 2018 is known. Source: wrapper page section 3.
_CLASSIC_BUILD = "seldon_requirements.txt"


class Exclusions(Value):
    """Decides about each path of one model folder.

    Attributes:
        rules: The user's own rules, in order; they are asked last and so have the last word.
        output: The real path of the folder that is being written; it is never read, whatever the rules say.
    """

    rules: Sequence[Pattern] = ()
    output: Path | None = None

    def reason(self, relative: str, path: Path, inherited: str | None = None) -> str | None:
        """Why this file or folder is left out, or None if it goes in.

        Args:
            relative: Its path in the model folder, with slashes.
            path: The path itself.
            inherited: Why the folder it lies in is left out, if it is.
        """
        reason = inherited or _reason_by_name(path.name) or _reason_by_content(path)
        for rule in self.rules:
            if rule.matches(relative):
                reason = None if rule.takes_back else rule.source
        return reason

    def is_final(self, path: Path) -> bool:
        """Whether a folder stays out whatever the user's rules say: an earlier output, or one in preparation."""
        return is_staging(path.name) or _is_build(path)

    def may_hold_more(self, relative: str) -> bool:
        """Whether the user's rules may take back something inside this folder, which itself is left out."""
        return any(rule.takes_back and rule.may_match_below(relative) for rule in self.rules)


def _reason_by_name(name: str) -> str | None:
    for reason, patterns in _NAMES.items():
        if any(_is_named(name, pattern) for pattern in patterns):
            return reason
    return None


def _is_named(name: str, pattern: str) -> bool:
    """Whether a pattern means this name. Most of them are plain names, and need not be made a regular expression."""
    return name == pattern or ("*" in pattern and fnmatch.fnmatchcase(name, pattern))


def _reason_by_content(path: Path) -> str | None:
    if path.is_symlink() or not path.is_dir():
        return None
    if _is_build(path):
        return "earlier build"
    return next(_environments(path), None)


def _environments(path: Path) -> Iterator[str]:
    return (reason for name, reason in _ENVIRONMENTS.items() if (path / name).exists())


def _is_build(path: Path) -> bool:
    return is_ours(path) or ((path / _CLASSIC_BUILD).is_file() and (path / "build_image.sh").is_file())
