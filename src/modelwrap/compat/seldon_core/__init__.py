"""A stand-in for Seldon's Python package: what user classes import from it, and nothing of its server or client.

The version is that of the package whose answers it gives. A name that is not here comes with the real package: add
seldon-core to the model's requirements, and it is used instead of this one.
"""

from __future__ import annotations

from .storage import Storage

__all__ = ["Storage", "__version__"]

__version__ = "1.18.2+modelwrap"
