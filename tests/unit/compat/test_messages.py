"""Message classes of whichever protobuf is there, beside whatever has been declared before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from unit.compat.conftest import Run

ROOT = Path(__file__).parents[3]

ROUND_TRIP = """
    import numpy as np
    from google.protobuf import __version__, json_format
    from google.protobuf.struct_pb2 import ListValue, Value
    from seldon_core.proto import prediction_pb2 as pb

    tensor = pb.DefaultData(names=["a"], tensor=pb.Tensor(shape=(2, 1), values=np.array([9, 9])))
    metric = pb.Metric(key="k", type=pb.Metric.TIMER, value=1.5)
    meta = pb.Meta(tags={"a": Value(number_value=1)}, metrics=[metric])
    sent = pb.SeldonMessage(data=tensor, meta=meta)
    read = pb.SeldonMessage.FromString(sent.SerializeToString())
    assert read == sent and type(read).__module__ == "seldon_core.proto.prediction_pb2"
    assert json_format.MessageToDict(read) == {
        "meta": {"tags": {"a": 1.0}, "metrics": [{"key": "k", "type": "TIMER", "value": 1.5}]},
        "data": {"names": ["a"], "tensor": {"shape": [2, 1], "values": [9.0, 9.0]}},
    }
    nested = pb.DefaultData(ndarray=ListValue(values=[Value(string_value="x")]))
    assert json_format.ParseDict({"ndarray": ["x"]}, pb.DefaultData()) == nested
    feedback = pb.Feedback(request=sent, reward=0.5)
    assert pb.SeldonMessageList(seldonMessages=[feedback.request]).seldonMessages[0].data.names == ["a"]
    print(__version__)
"""


@pytest.mark.parametrize("implementation", ["upb", "python"])
def test_the_messages_work_in_every_implementation_of_the_newest_protobuf(run: Run, implementation: str) -> None:
    assert run(ROUND_TRIP, PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=implementation)


@pytest.fixture(scope="session")
def oldest_protobuf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the oldest protobuf that serves."""
    folder = tmp_path_factory.mktemp("protobuf")
    lock = ROOT / "requirements" / "protobuf-oldest.txt"
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes", "--python", sys.executable]
    result = subprocess.run([*command, "--target", folder, "-r", lock], check=False, capture_output=True, text=True)
    if result.returncode and not os.environ.get("CI"):
        pytest.skip(f"protobuf 3.20 can't be fetched here: {result.stderr.strip()[-200:]}")
    assert result.returncode == 0, result.stderr
    return folder


def test_the_messages_work_with_the_oldest_protobuf(run: Run, oldest_protobuf: Path) -> None:
    assert run(ROUND_TRIP, oldest_protobuf, PYTHONWARNINGS="default").startswith("3.20.")


def test_the_recorded_expressions_come_to_the_same_with_the_oldest_protobuf(run: Run, oldest_protobuf: Path) -> None:
    here = Path(__file__).parent
    wrong = run(
        f"""
        import json, sys
        from pathlib import Path
        sys.path.insert(0, {str(here)!r})
        from evaluation import evaluate
        lines = Path({str(here / "recorded.jsonl")!r}).read_text().splitlines()
        cases = [json.loads(line) for line in lines if "Invalid JSON" not in line]
        came = [json.loads(json.dumps(evaluate(case["expression"]))) for case in cases]
        print([case for case, each in zip(cases, came) if each != case.get("ours", case["outcome"])])
        """,
        oldest_protobuf,
        PYTHONWARNINGS="default",
    )
    assert wrong == "[]"


USERS_OWN = """
    from google.protobuf import any_pb2, descriptor_pool, empty_pb2, struct_pb2
    from modelwrap.runtime.codecs.schema import FILES, file_descriptor
    pool = descriptor_pool.Default()
    for file in FILES[3:7]:  # as code generated from the model's own copy of the file does
        pool.AddSerializedFile(file_descriptor(file))
    theirs = pool.FindMessageTypeByName("seldon.protos.SeldonMessage")
"""


def test_messages_that_the_models_own_code_has_declared_are_taken_as_they_are(run: Run) -> None:
    assert (
        run(
            USERS_OWN
            + """
    from seldon_core.proto import prediction_pb2
    print(prediction_pb2.SeldonMessage.DESCRIPTOR is theirs, prediction_pb2.DESCRIPTOR.name)
        """
        )
        == "True prediction.proto"
    )


def test_an_older_copy_of_the_messages_lacks_what_it_lacks_by_name(run: Run) -> None:
    assert (
        run(
            """
        from dataclasses import replace
        from google.protobuf import any_pb2, descriptor_pool, empty_pb2, struct_pb2
        from modelwrap.runtime.codecs.schema import file_descriptor
        from modelwrap.runtime.codecs.schema.seldon import PREDICTION
        from modelwrap.runtime.codecs.schema.tensorflow import TENSOR, TENSOR_SHAPE, TYPES
        older = replace(PREDICTION, name="old.proto", messages=PREDICTION.messages[:9], services=())
        for file in (TYPES, TENSOR_SHAPE, TENSOR, older):
            descriptor_pool.Default().AddSerializedFile(file_descriptor(file))
        from seldon_core.proto import prediction_pb2
        print(prediction_pb2.SeldonMessage(strData="s").strData)
        try:
            prediction_pb2.SeldonModelMetadata
        except AttributeError as error:
            print(error)
        """
        )
        == "s\nold.proto, which declares Seldon's messages here, has no SeldonModelMetadata"
    )


#: TensorFlow as far as it matters: its own file of tensors, which has more in it than ours.
TENSORFLOW = """
from dataclasses import replace
from google.protobuf import descriptor_pool
from modelwrap.runtime.codecs.schema import file_descriptor
from modelwrap.runtime.codecs.schema.model import MessageType
from modelwrap.runtime.codecs.schema.tensorflow import TENSOR, TENSOR_SHAPE, TYPES
own = replace(TENSOR, messages=(*TENSOR.messages, MessageType("VariantTensorDataProto")))
for file in (TYPES, TENSOR_SHAPE, own):
    descriptor_pool.Default().AddSerializedFile(file_descriptor(file))
"""


@pytest.mark.parametrize("first", ["tensorflow.core.framework.tensor_pb2", "seldon_core.proto.prediction_pb2"])
def test_tensorflow_declares_its_tensors_itself_whichever_is_imported_first(
    run: Run, tmp_path: Path, first: str
) -> None:
    framework = tmp_path / "tensorflow" / "core" / "framework"
    framework.mkdir(parents=True)
    (framework / "tensor_pb2.py").write_text(TENSORFLOW)
    assert (
        run(
            f"""
        import {first}
        import tensorflow.core.framework.tensor_pb2
        from seldon_core.proto import prediction_pb2
        tensor = prediction_pb2.DefaultData.DESCRIPTOR.fields_by_name["tftensor"].message_type
        print(sorted(tensor.file.message_types_by_name))
        """,
            tmp_path,
        )
        == "['TensorProto', 'VariantTensorDataProto']"
    )


def test_a_tensorflow_that_cannot_be_imported_is_done_without(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text("raise ImportError('no such library')")
    assert (
        run(
            "from seldon_core.proto import prediction_pb2; print(prediction_pb2.SeldonMessage(strData='s').strData)",
            tmp_path,
        )
        == "s"
    )


def test_a_stub_calls_a_servicer_of_the_same_service(run: Run) -> None:
    assert (
        run(
            """
        from concurrent.futures import ThreadPoolExecutor
        import grpc
        from google.protobuf.empty_pb2 import Empty
        from seldon_core.proto import prediction_pb2, prediction_pb2_grpc

        class Model(prediction_pb2_grpc.ModelServicer):
            def Predict(self, request, context):
                return prediction_pb2.SeldonMessage(strData=request.strData.upper())

        server = grpc.server(ThreadPoolExecutor(1))
        prediction_pb2_grpc.add_ModelServicer_to_server(Model(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = prediction_pb2_grpc.ModelStub(channel)
            print(stub.Predict(prediction_pb2.SeldonMessage(strData="s"), timeout=100).strData)
            try:
                stub.Metadata(Empty(), timeout=100)
            except grpc.RpcError as error:
                print(error.code().name)
        server.stop(None).wait()
        """
        )
        == "S\nUNIMPLEMENTED"
    )
