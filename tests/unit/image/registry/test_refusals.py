"""What is said of a registry that can't be reached."""

from __future__ import annotations

from modelwrap.image.registry.exchanges import ping
from modelwrap.image.registry.refusals import unreachable


def test_a_registry_that_is_not_there_is_told_with_what_was_begun() -> None:
    error = unreachable("registry.example", ping(), ConnectionRefusedError("connection refused"))
    assert str(error).startswith("registry.example can't be reached to begin a session (the first request, /v2/): ")
