"""The reference page tells every setting of the runtime, as the runtime's table has it."""

from __future__ import annotations

from house.settings_page import PAGE, settings_page


def test_the_page_of_settings_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), "run `python -m house.settings_page` in tests"
