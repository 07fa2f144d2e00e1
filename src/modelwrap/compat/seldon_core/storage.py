"""Model files by URI: local paths only, since what downloads them is not the model's business."""

from __future__ import annotations

import tempfile
from pathlib import Path

__all__ = ["Storage"]

_LOCAL = "file://"


class Storage:
    """Where models are."""

    @staticmethod
    def download(uri: str, out_dir: str | None = None) -> str:
        """The local path of a model.

        Args:
            uri: A path that exists, or `file://` and one.
            out_dir: A folder in which links to the model's files are made; made if it is not there.

        Returns:
            The path without `file://`, or `out_dir`.

        Raises:
            RuntimeError: There is no such path, or it is on another machine.
        """
        path = Path(uri.removeprefix(_LOCAL))
        if not (uri and path.exists()):
            raise RuntimeError(_complaint(uri))
        return uri.removeprefix(_LOCAL) if out_dir is None else _link(path, out_dir)


def _complaint(uri: str) -> str:
    if uri.startswith(_LOCAL) or "://" not in uri:
        return f"Local path {uri} does not exist."
    return (
        f"Cannot recognize storage type for {uri}: only local paths and {_LOCAL} are read here. Add the files to the "
        "model folder, or have the platform put them into the container: with modelUri they are in /mnt/models."
    )


def _link(path: Path, out_dir: str) -> str:
    """Make links to a file, or to all in a folder; returns the folder they are in."""
    folder = Path(out_dir or tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    for source in path.iterdir() if path.is_dir() else (path,):
        link = folder / source.name
        if not link.exists():
            link.symlink_to(source.absolute())
    return out_dir
