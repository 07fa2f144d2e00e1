"""What the operator says of this node, read from the environment when it is asked. Source: component API section 2."""

from __future__ import annotations

import json
import os
from typing import Any

__all__ = [
    "ENV_MODEL_IMAGE",
    "ENV_MODEL_NAME",
    "ENV_PREDICTOR_LABELS",
    "ENV_PREDICTOR_NAME",
    "ENV_SELDON_DEPLOYMENT_NAME",
    "NONIMPLEMENTED_IMAGE_MSG",
    "NONIMPLEMENTED_MSG",
    "get_deployment_name",
    "get_image_name",
    "get_model_name",
    "get_predictor_name",
    "get_predictor_version",
    "getenv",
    "getenv_as_bool",
]

NONIMPLEMENTED_MSG = "NOT_IMPLEMENTED"
NONIMPLEMENTED_IMAGE_MSG = f"{NONIMPLEMENTED_MSG}:{NONIMPLEMENTED_MSG}"

ENV_SELDON_DEPLOYMENT_NAME = "SELDON_DEPLOYMENT_ID"
ENV_MODEL_NAME = "PREDICTIVE_UNIT_ID"
ENV_MODEL_IMAGE = "PREDICTIVE_UNIT_IMAGE"
ENV_PREDICTOR_NAME = "PREDICTOR_ID"
ENV_PREDICTOR_LABELS = "PREDICTOR_LABELS"


def getenv(*env_vars: str, default: Any = None) -> Any:
    """The value of the first variable that is set."""
    return next((os.environ[name] for name in env_vars if name in os.environ), default)


def getenv_as_bool(*env_vars: str, default: bool = False) -> bool:
    """Whether the first variable that is set says 1, true or t, in any case."""
    value = getenv(*env_vars)
    return default if value is None else value.lower() in {"1", "true", "t"}


def get_deployment_name(default_val: str = NONIMPLEMENTED_MSG) -> str:
    """The name of the SeldonDeployment."""
    return str(getenv(ENV_SELDON_DEPLOYMENT_NAME, default=default_val))


def get_model_name(default_val: str = NONIMPLEMENTED_MSG) -> str:
    """The name of this node."""
    return str(getenv(ENV_MODEL_NAME, default=default_val))


def get_image_name(default_val: str = NONIMPLEMENTED_IMAGE_MSG) -> str:
    """This node's image."""
    return str(getenv(ENV_MODEL_IMAGE, default=default_val))


def get_predictor_name(default_val: str = NONIMPLEMENTED_MSG) -> str:
    """The name of the predictor."""
    return str(getenv(ENV_PREDICTOR_NAME, default=default_val))


def get_predictor_version(default_val: str = NONIMPLEMENTED_MSG) -> str:
    """The label `version` of the predictor."""
    labels = json.loads(getenv(ENV_PREDICTOR_LABELS, default="{}"))
    return str(labels.get("version", default_val))
