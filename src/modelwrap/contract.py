"""What the image wing writes and the runtime reads: environment names, paths, ports, labels and file names.

Both wings import this page and never each other. It holds constants only.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Env", "Label", "Port", "Role"]


class Role(StrEnum):
    """What a component is in a graph: `--service-type`. Source: component API sections 1 and 9."""

    MODEL = "MODEL"
    ROUTER = "ROUTER"
    COMBINER = "COMBINER"
    TRANSFORMER = "TRANSFORMER"
    OUTPUT_TRANSFORMER = "OUTPUT_TRANSFORMER"
    OUTLIER_DETECTOR = "OUTLIER_DETECTOR"


class Env(StrEnum):
    """Environment variables of the process contract. Source: component API sections 1 and 2."""

    # Written into the image.
    MODEL_NAME = "MODEL_NAME"
    SERVICE_TYPE = "SERVICE_TYPE"
    PERSISTENCE = "PERSISTENCE"
    API_TYPE = "API_TYPE"
    # Given by the operator.
    HTTP_PORT = "PREDICTIVE_UNIT_HTTP_SERVICE_PORT"
    GRPC_PORT = "PREDICTIVE_UNIT_GRPC_SERVICE_PORT"
    SERVICE_PORT = "PREDICTIVE_UNIT_SERVICE_PORT"
    METRICS_PORT = "PREDICTIVE_UNIT_METRICS_SERVICE_PORT"
    METRICS_PATH = "PREDICTIVE_UNIT_METRICS_ENDPOINT"
    PARAMETERS = "PREDICTIVE_UNIT_PARAMETERS"
    UNIT_ID = "PREDICTIVE_UNIT_ID"
    UNIT_IMAGE = "PREDICTIVE_UNIT_IMAGE"
    PREDICTOR_ID = "PREDICTOR_ID"
    PREDICTOR_LABELS = "PREDICTOR_LABELS"
    DEPLOYMENT_ID = "SELDON_DEPLOYMENT_ID"
    EXECUTOR_ENABLED = "SELDON_EXECUTOR_ENABLED"
    MLSERVER_MODEL_NAME = "MLSERVER_MODEL_NAME"
    # Settings that users of the earlier wrappers know.
    LOG_LEVEL = "SELDON_LOG_LEVEL"
    DEBUG = "SELDON_DEBUG"
    WORKERS = "GUNICORN_WORKERS"
    THREADS = "GUNICORN_THREADS"
    KEEP_ALIVE = "GUNICORN_KEEPALIVE"
    MAX_REQUESTS = "GUNICORN_MAX_REQUESTS"
    MAX_REQUESTS_JITTER = "GUNICORN_MAX_REQUESTS_JITTER"
    ACCESS_LOG = "GUNICORN_ACCESS_LOG"
    GRPC_WORKERS = "GRPC_WORKERS"
    GRPC_THREADS = "GRPC_THREADS"
    METRICS_IN_RESPONSE = "INCLUDE_METRICS_IN_CLIENT_RESPONSE"
    PAYLOAD_PASSTHROUGH = "PAYLOAD_PASSTHROUGH"
    MODEL_METADATA = "MODEL_METADATA"
    REDIS_HOST = "REDIS_SERVICE_HOST"
    REDIS_PORT = "REDIS_SERVICE_PORT"
    STATE_HOME = "XDG_STATE_HOME"


#: The prefix of modelwrap's own settings: flag `--request-timeout` is also `MODELWRAP_REQUEST_TIMEOUT`.
SETTING_PREFIX = "MODELWRAP_"

#: Where the operator mounts the pod's annotations. Source: component API section 1.
ANNOTATIONS_FILE = "/etc/podinfo/annotations"


class Port:
    """Default ports. Source: design, table of ports; component API section 1."""

    HTTP = 9000
    GRPC = 5000
    METRICS = 6000
    #: The one API port of the 2018 wrapper, and the place its other protocol moves to.
    CLASSIC = 5000
    CLASSIC_HTTP_ASIDE = 9000
    CLASSIC_GRPC_ASIDE = 9500


#: The metrics path when the operator gives none.
METRICS_PATH = "/metrics"

#: Where the model folder lies in an image; also the working directory there.
MODEL_DIR = "/microservice"
#: Where the runtime's own files lie in an image.
RUNTIME_DIR = "/opt/modelwrap"
#: Where the virtual environment with all packages lies in an image.
ENVIRONMENT_DIR = "/opt/venv"
#: The user an image runs as: the operator's default UID, in group 0 so that any other UID works too.
IMAGE_USER = "8888:0"
#: The module that an image starts.
ENTRYPOINT_MODULE = "modelwrap.runtime"


#: Where a running server is asked, on its admin port and from its own machine, to save its state.
SAVE_PATH = "/state/save"


class Label(StrEnum):
    """Image labels that the guide's tool wrote, by its names. Source: wrapper page section 3."""

    DOCKER_REPO = "docker_repo"
    IMAGE_NAME = "docker_image_name"
    IMAGE_VERSION = "docker_image_version"
    SERVICE_TYPE = "service_type"
    BASE_IMAGE = "base_image"
    MODEL_NAME = "model_name"
    PERSISTENCE = "persistence"
    API_TYPE = "api_type"
