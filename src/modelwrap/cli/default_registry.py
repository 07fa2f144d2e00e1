"""What is said of names that are pushed where nobody has typed to: to the default registry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelwrap.image.reference import names_registry, parse_reference

__all__ = ["default_registry_notes"]


def default_registry_notes(typed: Sequence[str]) -> Iterator[str]:
    """A note for each name without a registry: where it goes, and what to write where that can't go well.

    Args:
        typed: Names of images, as they were typed.

    Raises:
        ProjectError: One is no name of an image.
    """
    for text in typed:
        if names_registry(text):
            continue
        name = parse_reference(text)
        yield f"{text} names no registry: it is pushed to {name.registry}, as {name}" + (
            ""
            if name.has_account
            else f"\nnames without an account are that registry's own: write ACCOUNT/{name.short}, or "
            f"REGISTRY/{name.short}"
        )
