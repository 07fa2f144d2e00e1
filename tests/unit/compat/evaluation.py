"""Expressions over the modules of `seldon_core`, evaluated and shown as JSON.

Run with the reference package installed, this file records what it answers:

    python evaluation.py < recorded.jsonl > recorded-again.jsonl
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from importlib import import_module
from typing import Any

import numpy as np

__all__ = ["evaluate"]


def evaluate(expression: str) -> Any:
    """What an expression comes to, as JSON: its value, or the exception it raises."""
    try:
        return _shown(eval(expression, _words()))
    except Exception as error:  # noqa: BLE001 - whatever it raises is what it comes to
        return {"raises": [cls.__name__ for cls in type(error).__mro__[:-2]], "says": getattr(error, "message", None)}


def _words() -> dict[str, Any]:
    words: dict[str, Any] = {"np": np, "U": _user, "env": _env}
    for short, name in (("su", "utils"), ("um", "user_model"), ("mx", "metrics"), ("fu", "flask_utils")):
        words[short] = import_module(f"seldon_core.{name}")
    words["eu"] = import_module("seldon_core.env_utils")
    words["pb"] = import_module("seldon_core.proto.prediction_pb2")
    words["pg"] = import_module("seldon_core.proto.prediction_pb2_grpc")
    words["pickle"] = pickle
    words["any_pb2"] = import_module("google.protobuf.any_pb2")
    words["struct"] = import_module("google.protobuf.struct_pb2")
    words["msg"] = words["su"].json_to_seldon_message
    return words


def _user(**members: Any) -> Any:
    return type("User", (), members)()


def _env(variables: dict[str, str], call: Any, *arguments: Any, **keywords: Any) -> Any:
    """What a call returns with these environment variables."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        return call(*arguments, **keywords)
    finally:
        os.environ.clear()
        os.environ.update(before)


def _shown(value: Any) -> Any:
    if hasattr(value, "DESCRIPTOR"):
        json_format = import_module("google.protobuf.json_format")
        return {"message": value.DESCRIPTOR.full_name, "json": json_format.MessageToDict(value)}
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.name.rstrip("0123456789") or value.dtype.name}
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    if isinstance(value, tuple):
        return {"tuple": [_shown(each) for each in value]}
    if isinstance(value, list):
        return [_shown(each) for each in value]
    if isinstance(value, dict):
        return {key: _shown(each) for key, each in value.items()}
    if type(value).__name__ == "SeldonResponse":
        return {"SeldonResponse": _shown(vars(value))}
    return value if isinstance(value, str | int | float | None) else {"type": type(value).__name__}


if __name__ == "__main__":
    for line in sys.stdin:
        case = json.loads(line)
        sys.stdout.write(json.dumps({**case, "outcome": evaluate(case["expression"])}) + "\n")
