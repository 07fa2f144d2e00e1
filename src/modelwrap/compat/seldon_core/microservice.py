"""What older classes imported from here, and where the parameters are."""

from __future__ import annotations

import json
from typing import Any

from modelwrap.errors import SettingsError
from modelwrap.runtime.component import parameters

from .flask_utils import SeldonMicroserviceException

__all__ = ["PARAMETERS_ENV_NAME", "SeldonMicroserviceException", "parse_parameters"]

PARAMETERS_ENV_NAME = "PREDICTIVE_UNIT_PARAMETERS"


def parse_parameters(parameters_: list[dict[str, Any]]) -> dict[str, Any]:
    """The graph's typed parameters by name.

    Raises:
        SeldonMicroserviceException: A type is unknown, or a value can't be read as its type.

    Source: component API section 3.
    """
    try:
        return parameters.parse(json.dumps(parameters_))
    except SettingsError as error:
        raise SeldonMicroserviceException(error.message, reason="MICROSERVICE_BAD_PARAMETER") from error
