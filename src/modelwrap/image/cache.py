"""What builds keep for the next one: blobs under their digests, and small documents under keys.

Nothing in it is ever changed. A file is written beside and renamed when it is whole, so that a killed build leaves
nothing half, and builds side by side at worst do the same work twice. All of it may be deleted at any time, except
under a running build.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from modelwrap.errors import ImageError
from modelwrap.image.loose_ends import half_made
from modelwrap.image.oci import Digest, JSONObject, canonical_json
from modelwrap.image.settings import default_cache_root

__all__ = ["BlobWriter", "Cache", "Draft"]

#: A file of a build that was killed is taken away when it is this old; no build writes one file for so long.
_ABANDONED_SECONDS = 24 * 3600


class Draft:
    """A file that is not in the cache yet.

    Attributes:
        path: Where it is, on the cache's own file system.
        file: It, open for writing and reading back.
    """

    def __init__(self, cache: Cache, path: Path, file: BinaryIO) -> None:
        self._cache = cache
        self.path = path
        self.file = file

    def keep(self, digest: Digest) -> Path:
        """Puts it under its digest, which the caller vouches for.

        Returns:
            Where the blob is now.
        """
        self.file.close()
        place = self._cache.place_of(digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        self.path.replace(place)
        return place


class BlobWriter:
    """A file whose digest is computed as it is written; it is in the cache once its `with` block has ended well."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, content: bytes | bytearray | memoryview) -> int:
        """Appends to it."""
        self._hash.update(content)
        self.size += len(content)
        return self._draft.file.write(content)

    @property
    def digest(self) -> Digest:
        """The digest of what was written so far."""
        return f"sha256:{self._hash.hexdigest()}"

    def discard(self) -> None:
        """Starts again from nothing, as after a broken connection."""
        self._draft.file.seek(0)
        self._draft.file.truncate()
        self._hash, self.size = hashlib.sha256(), 0


class Cache:
    """A cache in a folder, which need not exist yet."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._is_swept = False

    @classmethod
    def of_user(cls) -> Cache:
        """The cache that all builds of this user share."""
        return cls(default_cache_root())

    def place_of(self, digest: Digest) -> Path:
        """Where a blob lies, if it is there."""
        algorithm, _, value = digest.partition(":")
        return self._root / "blobs" / algorithm / value

    def blob(self, digest: Digest, size: int | None = None) -> Path | None:
        """A blob's file, or None where the cache has it not.

        Args:
            digest: The blob's.
            size: Its size in bytes where it is known: a file of another size, as a power failure may leave, is none.
        """
        place = self.place_of(digest)
        with contextlib.suppress(OSError):
            found = place.stat().st_size
            if size is None or size == found:
                return place
        return None

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """A file to write; it is gone after the `with` block unless it was kept.

        Raises:
            ImageError: The cache can't be written.
        """
        path, file = self._open_draft()
        try:
            with file, half_made(path):
                yield Draft(self, path, file)
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def writer(self) -> Iterator[BlobWriter]:
        """A blob to write, kept under the digest of what was written unless the `with` block raises.

        Raises:
            ImageError: The cache can't be written.
        """
        with self.draft() as draft:
            writer = BlobWriter(draft)
            yield writer
            draft.keep(writer.digest)

    def recall(self, kind: str, key: str) -> JSONObject | None:
        """The document that was remembered under a key, or None.

        Args:
            kind: What it is about, a word for each room: `layers`, `bases`.
            key: All that the document depends on, in any form.
        """
        try:
            document = json.loads(self._document(kind, key).read_bytes())
        except (OSError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    def remember(self, kind: str, key: str, document: JSONObject) -> None:
        """Keeps a document under a key.

        Raises:
            ImageError: The cache can't be written.
        """
        place = self._document(kind, key)
        with self.draft() as draft:
            draft.file.write(canonical_json(document))
            draft.file.close()
            place.parent.mkdir(parents=True, exist_ok=True)
            draft.path.replace(place)

    def _document(self, kind: str, key: str) -> Path:
        return self._root / kind / f"{hashlib.sha256(key.encode()).hexdigest()}.json"

    def _open_draft(self) -> tuple[Path, BinaryIO]:
        folder = self._root / "drafts"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._sweep(folder)
            handle, name = tempfile.mkstemp(dir=folder)
        except OSError as error:
            raise ImageError(
                f"the cache {self._root} can't be written: {error.strerror}\n"
                "set XDG_CACHE_HOME to a folder that can be, or make room"
            ) from error
        return Path(name), cast("BinaryIO", os.fdopen(handle, "w+b"))

    def _sweep(self, folder: Path) -> None:
        if self._is_swept:
            return
        self._is_swept = True
        oldest = time.time() - _ABANDONED_SECONDS
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()
