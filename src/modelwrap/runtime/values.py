"""The types of what users' methods take and return, and of what JSON holds. No room below this one."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["JSONObject", "JSONValue", "UserValue"]

JSONValue: TypeAlias = "None | bool | int | float | str | list[JSONValue] | dict[str, JSONValue]"
JSONObject: TypeAlias = dict[str, JSONValue]
#: What the user's methods take and return: anything at all. The one place where Any has a name.
UserValue: TypeAlias = Any
