"""Makes a layer, or recalls the one that was made of the same things before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

from modelwrap.image.archive import LayerWriter, Written
from modelwrap.image.cache import Cache, Draft
from modelwrap.image.image import FileBlob, Layer, LayerKind
from modelwrap.image.oci import Descriptor, JSONObject, MediaType, canonical_json
from modelwrap.value import Value

__all__ = ["LayerRecipe", "make_layer"]

#: Part of every key; another number when the bytes of a layer change for the same inputs.
_FORM = 1


class LayerRecipe(Value):
    """What a layer is made of.

    Attributes:
        kind: What it holds.
        title: The same in a few words, for people.
        inputs: All that its bytes depend on.
        write: Puts the entries into an archive.
    """

    kind: LayerKind
    title: str
    inputs: JSONObject
    write: Callable[[LayerWriter], None]


def make_layer(recipe: LayerRecipe, cache: Cache, *, elsewhere: Callable[[Path], Written] | None = None) -> Layer:
    """The layer of a recipe, in the cache from now on.

    Args:
        recipe: What it is made of.
        cache: Keeps it.
        elsewhere: Writes the same archive to a file, in the place of the recipe's own way.

    Raises:
        ImageError: It can't be made.
    """
    key = canonical_json({"form": _FORM, **recipe.inputs}).decode()
    if (known := cache.recall("layers", key)) and (layer := _recalled(recipe, known, cache)):
        return layer
    with cache.draft() as draft:
        written = elsewhere(draft.path) if elsewhere else _written(recipe, draft)
        draft.keep(written.digest)
    cache.remember("layers", key, _document(written))
    return _layer(recipe, written, cache)


def _written(recipe: LayerRecipe, draft: Draft) -> Written:
    writer = LayerWriter(draft.file)
    recipe.write(writer)
    return writer.close()


def _document(written: Written) -> JSONObject:
    return {
        "digest": written.digest,
        "diff_id": written.diff_id,
        "size": written.size,
        "unpacked": written.unpacked,
    }


def _recalled(recipe: LayerRecipe, known: JSONObject, cache: Cache) -> Layer | None:
    written = Written(
        str(known["digest"]), str(known["diff_id"]), cast("int", known["size"]), cast("int", known["unpacked"])
    )
    return _layer(recipe, written, cache) if cache.blob(written.digest, written.size) else None


def _layer(recipe: LayerRecipe, written: Written, cache: Cache) -> Layer:
    descriptor = Descriptor(MediaType.OCI_LAYER_GZIP, written.digest, written.size)
    blob = FileBlob(descriptor, cache.place_of(written.digest))
    return Layer(blob, written.diff_id, recipe.kind, recipe.title, written.unpacked)
