"""What `*_raw` methods and clients use to take messages apart and to make them."""

from __future__ import annotations

from .arrays import array_to_grpc_datadef, array_to_list_value, array_to_rest_datadef, grpc_datadef_to_array
from .env_utils import (
    ENV_MODEL_IMAGE,
    ENV_MODEL_NAME,
    NONIMPLEMENTED_IMAGE_MSG,
    NONIMPLEMENTED_MSG,
    getenv,
    getenv_as_bool,
)
from .flask_utils import SeldonMicroserviceException
from .json_messages import (
    feedback_to_json,
    json_to_feedback,
    json_to_seldon_message,
    json_to_seldon_messages,
    json_to_seldon_model_metadata,
    seldon_message_to_json,
    seldon_messages_to_json,
)
from .parts import (
    construct_response,
    construct_response_json,
    extract_feedback_request_parts,
    extract_request_parts,
    extract_request_parts_json,
    get_data_from_proto,
    get_meta_from_proto,
    get_request_path,
)
from .user_model import SeldonComponent

__all__ = [
    "ENV_MODEL_IMAGE",
    "ENV_MODEL_NAME",
    "NONIMPLEMENTED_IMAGE_MSG",
    "NONIMPLEMENTED_MSG",
    "SeldonComponent",
    "SeldonMicroserviceException",
    "array_to_grpc_datadef",
    "array_to_list_value",
    "array_to_rest_datadef",
    "construct_response",
    "construct_response_json",
    "extract_feedback_request_parts",
    "extract_request_parts",
    "extract_request_parts_json",
    "feedback_to_json",
    "get_data_from_proto",
    "get_meta_from_proto",
    "get_request_path",
    "getenv",
    "getenv_as_bool",
    "grpc_datadef_to_array",
    "json_to_feedback",
    "json_to_seldon_message",
    "json_to_seldon_messages",
    "json_to_seldon_model_metadata",
    "seldon_message_to_json",
    "seldon_messages_to_json",
]
