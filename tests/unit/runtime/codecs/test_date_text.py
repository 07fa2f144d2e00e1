"""Dates as text, whatever brought them."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime, parsedate_to_datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.runtime.codecs.date_text import date_texts, text_of_date


@given(st.datetimes())
def test_a_moment_is_written_as_mail_and_http_write_it(moment: dt.datetime) -> None:
    assert text_of_date(moment) == format_datetime(moment.replace(tzinfo=dt.UTC), usegmt=True)


def test_a_date_is_its_midnight_and_a_time_zone_is_converted() -> None:
    assert text_of_date(dt.date(2020, 1, 2)) == "Thu, 02 Jan 2020 00:00:00 GMT"
    east = dt.timezone(dt.timedelta(hours=2))
    assert text_of_date(dt.datetime(2020, 1, 2, 1, 30, 5, 999, east)) == "Wed, 01 Jan 2020 23:30:05 GMT"


@pytest.mark.parametrize("unit", ["Y", "M", "D", "h", "s", "ms", "us", "ns"])
def test_every_unit_of_numpy_is_a_date(unit: str) -> None:
    texts = date_texts(np.array([["2020-01-01", "NaT"]], dtype=f"datetime64[{unit}]"))
    assert texts == [["Wed, 01 Jan 2020 00:00:00 GMT", None]]
    assert parsedate_to_datetime(texts[0][0]).year == 2020


def test_single_dates_and_none_at_all_are_written_too() -> None:
    assert date_texts(np.array("2020-01-01T10:00", dtype="datetime64[m]")) == "Wed, 01 Jan 2020 10:00:00 GMT"
    assert date_texts(np.array("NaT", dtype="datetime64[s]")) is None
    assert date_texts(np.array([], dtype="datetime64[s]")) == []


def test_a_year_that_python_has_no_date_for_is_iso_text() -> None:
    assert date_texts(np.array(["12020-01-01"], dtype="datetime64[D]")) == ["12020-01-01"]


class Missing(dt.datetime):
    """As pandas' NaT: a datetime that equals nothing."""

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    __hash__ = dt.datetime.__hash__


def test_the_missing_date_of_another_library_is_none() -> None:
    assert text_of_date(Missing(2020, 1, 1)) is None
