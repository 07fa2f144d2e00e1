"""Dates as text, as the reference writes them: `Wed, 01 Jan 2020 00:00:00 GMT`.

Source: component API section 7, with the recorded answers to dates; RFC 9110 section 5.6.7.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from modelwrap.runtime.payload import UserValue

__all__ = ["date_texts", "text_of_date"]

# English whatever the locale, which `strftime` follows.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def text_of_date(moment: dt.date) -> str | None:
    """A date, or a date and time, which is UTC where it has no time zone; None for another library's NaT."""
    if moment != moment:  # noqa: PLR0124 - a missing date is a date that does not equal itself
        return None
    time = "00:00:00"
    if isinstance(moment, dt.datetime):
        moment = moment.astimezone(dt.UTC) if moment.tzinfo else moment
        time = f"{moment:%H:%M:%S}"
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment.year:04} {time} GMT"


def date_texts(values: np.ndarray) -> UserValue:
    """The dates of a `datetime64` array in nested lists; NaT is None, and ISO 8601 where Python's calendar ends."""
    moments = values.astype("datetime64[s]").astype(object)
    return np.vectorize(_text_of_moment, otypes=[object])(moments, np.datetime_as_string(values)).tolist()


def _text_of_moment(moment: dt.datetime | int | None, iso: str) -> str | None:
    if isinstance(moment, int):  # seconds, of a year before 1 or after 9999
        return iso
    return None if moment is None else text_of_date(moment)
