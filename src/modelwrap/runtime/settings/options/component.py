"""What the component is: its class, its metrics, its place in a graph."""

from __future__ import annotations

from modelwrap.contract import METRICS_PATH as DEFAULT_METRICS_PATH
from modelwrap.contract import Env, Role
from modelwrap.runtime.settings import kinds
from modelwrap.runtime.settings.option import Group, Option, Variable

__all__ = [
    "API",
    "DEPLOYMENT_ID",
    "EXECUTOR_ENABLED",
    "METRICS_IN_RESPONSE",
    "METRICS_PATH",
    "MODEL_METADATA",
    "MODEL_NAMES",
    "NAME",
    "PARAMETERS",
    "PAYLOAD_PASSTHROUGH",
    "PERSISTENCE",
    "PREDICTOR_ID",
    "PREDICTOR_LABELS",
    "SERVICE_TYPE",
    "UNIT_ID",
    "UNIT_IMAGE",
]

NAME: Option[str] = Option(
    name="name",
    kind=kinds.TEXT,
    default="",
    help="The class: Foo for class Foo of Foo.py, or package.module.Class.",
    group=Group.COMPONENT,
    historical=(Variable(Env.MODEL_NAME),),
    positional=True,
    default_text="required",
)
API: Option[str | None] = Option(
    name="api",
    kind=kinds.choice("REST", "GRPC", "FBS"),
    default=None,
    help="The 2018 arguments: which API takes port 5000. Both APIs are always served; FBS is not.",
    group=Group.COMPONENT,
    historical=(Variable(Env.API_TYPE),),
    positional=True,
    default_text="none",
)
SERVICE_TYPE: Option[str] = Option(
    name="service-type",
    kind=kinds.choice(*Role),
    default=Role.MODEL,
    help="What the component is in its graph.",
    group=Group.COMPONENT,
    historical=(Variable(Env.SERVICE_TYPE),),
)
PERSISTENCE: Option[int] = Option(
    name="persistence",
    kind=kinds.whole(0, 1),
    default=0,
    help="1 to keep the object's state over restarts; one thread then calls the model.",
    group=Group.COMPONENT,
    historical=(Variable(Env.PERSISTENCE),),
    bare="1",
)
PARAMETERS: Option[str] = Option(
    name="parameters",
    kind=kinds.TEXT,
    default="[]",
    help='Constructor arguments, a JSON list of {"name", "value", "type"}; type is INT, FLOAT, DOUBLE, STRING or BOOL.',
    group=Group.COMPONENT,
    historical=(Variable(Env.PARAMETERS),),
)
MODEL_METADATA: Option[str] = Option(
    name="model-metadata",
    kind=kinds.TEXT,
    default="",
    help="Metadata, as JSON, that goes over what the class's init_metadata() returns.",
    group=Group.COMPONENT,
    historical=(Variable(Env.MODEL_METADATA),),
    default_text="none",
)
MODEL_NAMES: Option[str] = Option(
    name="model-names",
    kind=kinds.TEXT,
    default="",
    help="Further names of the model in V2 and V1 paths, with commas between them.",
    group=Group.COMPONENT,
    historical=(Variable(Env.MLSERVER_MODEL_NAME),),
    default_text="its class and its node in the graph",
)
PAYLOAD_PASSTHROUGH: Option[bool] = Option(
    name="payload-passthrough",
    kind=kinds.BOOLEAN,
    default=False,
    help="Hand /predict's body to the class as bytes and return its bytes untouched.",
    group=Group.COMPONENT,
    historical=(Variable(Env.PAYLOAD_PASSTHROUGH, kinds.HISTORICAL_BOOLEAN),),
    bare="true",
)

METRICS_PATH: Option[str] = Option(
    name="metrics-path",
    kind=kinds.URL_PATH,
    default=DEFAULT_METRICS_PATH,
    help="The path of the metrics; /metrics and /prometheus answer too.",
    group=Group.METRICS,
    historical=(Variable(Env.METRICS_PATH),),
)
METRICS_IN_RESPONSE: Option[bool] = Option(
    name="metrics-in-response",
    kind=kinds.BOOLEAN,
    default=True,
    help="Custom metrics also travel in the response's meta.",
    group=Group.METRICS,
    historical=(Variable(Env.METRICS_IN_RESPONSE, kinds.ONLY_TRUE),),
    bare="true",
)

UNIT_ID: Option[str] = Option(
    name="unit-id",
    kind=kinds.TEXT,
    default="",
    help="The graph node's name.",
    group=Group.IDENTITY,
    historical=(Variable(Env.UNIT_ID),),
    flagged=False,
    default_text="none",
)
UNIT_IMAGE: Option[str] = Option(
    name="unit-image",
    kind=kinds.TEXT,
    default="",
    help="The container's image.",
    group=Group.IDENTITY,
    historical=(Variable(Env.UNIT_IMAGE),),
    flagged=False,
    default_text="none",
)
PREDICTOR_ID: Option[str] = Option(
    name="predictor-id",
    kind=kinds.TEXT,
    default="",
    help="The predictor's name.",
    group=Group.IDENTITY,
    historical=(Variable(Env.PREDICTOR_ID),),
    flagged=False,
    default_text="none",
)
PREDICTOR_LABELS = Option(
    name="predictor-labels",
    kind=kinds.LABELS,
    default=kinds.NO_LABELS,
    help="The predictor's labels, a JSON object; `version` becomes a label of the metrics.",
    group=Group.IDENTITY,
    historical=(Variable(Env.PREDICTOR_LABELS),),
    flagged=False,
    default_text="none",
)
DEPLOYMENT_ID: Option[str] = Option(
    name="deployment-id",
    kind=kinds.TEXT,
    default="",
    help="The SeldonDeployment's name.",
    group=Group.IDENTITY,
    historical=(Variable(Env.DEPLOYMENT_ID),),
    flagged=False,
    default_text="none",
)
EXECUTOR_ENABLED: Option[bool] = Option(
    name="executor-enabled",
    kind=kinds.BOOLEAN,
    default=True,
    help="false, under the first orchestrator, counts no rewards of feedback.",
    group=Group.IDENTITY,
    historical=(Variable(Env.EXECUTOR_ENABLED, kinds.NOT_FALSE),),
    flagged=False,
)
