"""The Open Inference Protocol's messages and service, and the older service of MLServer's for the repository alone.

Source: Open Inference Protocol facts, section 2.
"""

from __future__ import annotations

from modelwrap.runtime.codecs.schema.model import Field, File, MessageType, Method, Scalar, Service, map_of, repeated

__all__ = ["INFERENCE", "MODEL_REPOSITORY"]

_PARAMETER = "inference.InferParameter"
_REPOSITORY_PARAMETER = "inference.ModelRepositoryParameter"
_NAME, _VERSION = Field(1, "name", Scalar.STRING), Field(2, "version", Scalar.STRING)


def _tensor(name: str) -> MessageType:
    return MessageType(
        name,
        (
            _NAME,
            Field(2, "datatype", Scalar.STRING),
            repeated(3, "shape", Scalar.INT64),
            map_of(4, "parameters", _PARAMETER),
            Field(5, "contents", "inference.InferTensorContents"),
        ),
    )


def _parameter(name: str, *, last: Scalar, more: tuple[Field, ...] = ()) -> MessageType:
    choices = (
        Field(1, "bool_param", Scalar.BOOL, oneof="parameter_choice"),
        Field(2, "int64_param", Scalar.INT64, oneof="parameter_choice"),
        Field(3, "string_param", Scalar.STRING, oneof="parameter_choice"),
        Field(4, "double_param" if last is Scalar.DOUBLE else "bytes_param", last, oneof="parameter_choice"),
    )
    return MessageType(name, (*choices, *more))


_CONTENTS = MessageType(
    "InferTensorContents",
    (
        repeated(1, "bool_contents", Scalar.BOOL),
        repeated(2, "int_contents", Scalar.INT32),
        repeated(3, "int64_contents", Scalar.INT64),
        repeated(4, "uint_contents", Scalar.UINT32),
        repeated(5, "uint64_contents", Scalar.UINT64),
        repeated(6, "fp32_contents", Scalar.FLOAT),
        repeated(7, "fp64_contents", Scalar.DOUBLE),
        repeated(8, "bytes_contents", Scalar.BYTES),
    ),
)
_UINT64_PARAM = Field(5, "uint64_param", Scalar.UINT64, oneof="parameter_choice")
_HEALTH = (
    MessageType("ServerLiveRequest"),
    MessageType("ServerLiveResponse", (Field(1, "live", Scalar.BOOL),)),
    MessageType("ServerReadyRequest"),
    MessageType("ServerReadyResponse", (Field(1, "ready", Scalar.BOOL),)),
    MessageType("ModelReadyRequest", (_NAME, _VERSION)),
    MessageType("ModelReadyResponse", (Field(1, "ready", Scalar.BOOL),)),
)
_METADATA = (
    MessageType("ServerMetadataRequest"),
    MessageType("ServerMetadataResponse", (_NAME, _VERSION, repeated(3, "extensions", Scalar.STRING))),
    MessageType("ModelMetadataRequest", (_NAME, _VERSION)),
    MessageType(
        "ModelMetadataResponse",
        (
            _NAME,
            repeated(2, "versions", Scalar.STRING),
            Field(3, "platform", Scalar.STRING),
            repeated(4, "inputs", "inference.ModelMetadataResponse.TensorMetadata"),
            repeated(5, "outputs", "inference.ModelMetadataResponse.TensorMetadata"),
        ),
        messages=(
            MessageType(
                "TensorMetadata",
                (_NAME, Field(2, "datatype", Scalar.STRING), repeated(3, "shape", Scalar.INT64)),
            ),
        ),
    ),
)
_INFER = (
    MessageType(
        "ModelInferRequest",
        (
            Field(1, "model_name", Scalar.STRING),
            Field(2, "model_version", Scalar.STRING),
            Field(3, "id", Scalar.STRING),
            map_of(4, "parameters", _PARAMETER),
            repeated(5, "inputs", "inference.ModelInferRequest.InferInputTensor"),
            repeated(6, "outputs", "inference.ModelInferRequest.InferRequestedOutputTensor"),
            repeated(7, "raw_input_contents", Scalar.BYTES),
        ),
        messages=(
            _tensor("InferInputTensor"),
            MessageType("InferRequestedOutputTensor", (_NAME, map_of(2, "parameters", _PARAMETER))),
        ),
    ),
    MessageType(
        "ModelInferResponse",
        (
            Field(1, "model_name", Scalar.STRING),
            Field(2, "model_version", Scalar.STRING),
            Field(3, "id", Scalar.STRING),
            map_of(4, "parameters", _PARAMETER),
            repeated(5, "outputs", "inference.ModelInferResponse.InferOutputTensor"),
            repeated(6, "raw_output_contents", Scalar.BYTES),
        ),
        messages=(_tensor("InferOutputTensor"),),
    ),
    _parameter("InferParameter", last=Scalar.DOUBLE, more=(_UINT64_PARAM,)),
    _CONTENTS,
)
_PACKAGE, _OWN_PACKAGE = "inference", "inference.model_repository"


def _repository(package: str, *more: Field) -> tuple[MessageType, ...]:
    """The messages about the repository, which either service has in its own package.

    Args:
        package: Whose.
        more: What is told of a model to load or unload beside its name.
    """
    repository = Field(1, "repository_name", Scalar.STRING)
    model = (repository, Field(2, "model_name", Scalar.STRING), *more)
    state = (_NAME, _VERSION, Field(3, "state", Scalar.STRING), Field(4, "reason", Scalar.STRING))
    return (
        MessageType("RepositoryIndexRequest", (repository, Field(2, "ready", Scalar.BOOL))),
        MessageType(
            "RepositoryIndexResponse",
            (repeated(1, "models", f"{package}.RepositoryIndexResponse.ModelIndex"),),
            messages=(MessageType("ModelIndex", state),),
        ),
        MessageType("RepositoryModelLoadRequest", model),
        MessageType("RepositoryModelLoadResponse"),
        MessageType("RepositoryModelUnloadRequest", model),
        MessageType("RepositoryModelUnloadResponse"),
    )


def _service(name: str, package: str, *methods: str) -> Service:
    return Service(
        name, tuple(Method(each, f"{package}.{each}Request", f"{package}.{each}Response") for each in methods)
    )


_REPOSITORY_METHODS = ("RepositoryIndex", "RepositoryModelLoad", "RepositoryModelUnload")
_REPOSITORY = (
    _parameter("ModelRepositoryParameter", last=Scalar.BYTES),
    *_repository(_PACKAGE, map_of(3, "parameters", _REPOSITORY_PARAMETER)),
)

INFERENCE = File(
    "open_inference_grpc.proto",
    _PACKAGE,
    messages=_HEALTH + _METADATA + _INFER + _REPOSITORY,
    services=(
        _service(
            "GRPCInferenceService",
            _PACKAGE,
            "ServerLive",
            "ServerReady",
            "ModelReady",
            "ServerMetadata",
            "ModelMetadata",
            "ModelInfer",
            *_REPOSITORY_METHODS,
        ),
    ),
)
MODEL_REPOSITORY = File(
    "model_repository.proto",
    _OWN_PACKAGE,
    messages=_repository(_OWN_PACKAGE),
    services=(_service("ModelRepositoryService", _OWN_PACKAGE, *_REPOSITORY_METHODS),),
)
