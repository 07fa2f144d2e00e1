"""The tutorial's picture is the very digit that its reader sends."""

from __future__ import annotations

import numpy as np

from docs.picture import PICTURE, read, shown


def test_the_picture_of_the_tutorial_is_the_digit_that_is_sent() -> None:
    assert np.array_equal(read(PICTURE), shown()), "run `python -m docs.picture` in tests"
