"""Seldon's protobuf messages as classes of the protobuf package that is installed, whichever it is.

They are made when this module is first imported, from the schema that the wire codecs are tested against. Generated
code would be tied to the versions of protobuf that its generator knew.
"""

from __future__ import annotations

from .declared import fill

DESCRIPTOR = fill(globals())


def __getattr__(name: str) -> object:
    raise AttributeError(f"{DESCRIPTOR.name}, which declares Seldon's messages here, has no {name}")
