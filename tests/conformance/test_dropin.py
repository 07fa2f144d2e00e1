"""Classes written for Seldon's own wrapper run unchanged: the same ones over REST and over gRPC."""

from __future__ import annotations

import json
import struct
import sys
import zlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

import grpc
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from prometheus_client.parser import text_string_to_metric_families

from asking import Reply
from inprocess import Running
from modelwrap.compat import activate
from modelwrap.errors import LoadFailed
from modelwrap.runtime.component import loader
from serving import PATIENCE

ONE = {"data": {"ndarray": [1]}}
TENSOR = {"data": {"tensor": {"shape": [2, 1], "values": [1, 2]}}}
FEEDBACK = {"request": {"data": {"ndarray": [[1.0]]}}, "reward": 2.0}

REST_PATHS = {
    "predict": "/predict",
    "transform_input": "/transform-input",
    "transform_output": "/transform-output",
    "route": "/route",
    "aggregate": "/aggregate",
    "send_feedback": "/send-feedback",
}
#: Each verb's service, method and request on gRPC.
GRPC_METHODS = {
    "predict": ("Model", "Predict", "SeldonMessage"),
    "transform_input": ("Transformer", "TransformInput", "SeldonMessage"),
    "transform_output": ("OutputTransformer", "TransformOutput", "SeldonMessage"),
    "route": ("Router", "Route", "SeldonMessage"),
    "aggregate": ("Combiner", "Aggregate", "SeldonMessageList"),
    "send_feedback": ("Model", "SendFeedback", "Feedback"),
}
TRANSFORMATIONS = ["transform_input", "transform_output"]


@pytest.fixture(scope="module")
def classes() -> Any:
    activate()
    return import_module("conformance.existing_classes")


@pytest.fixture
def channel(server: Running) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as opened:
        yield opened


def sent_to(verb: str) -> Any:
    if verb == "aggregate":
        return {"seldonMessages": [ONE, {"data": {"ndarray": [2]}}]}
    return FEEDBACK if verb == "send_feedback" else ONE


def post(server: Running, verb: str, content: Any = None) -> Reply:
    body = json.dumps(sent_to(verb) if content is None else content).encode()
    return server.request("POST", REST_PATHS[verb], body, {"Content-Type": "application/json"})


def call(channel: grpc.Channel, verb: str, content: Any = None) -> Any:
    """A call by the stand-in's own client; returns the reply's JSON."""
    service, method, kind = GRPC_METHODS[verb]
    messages = import_module("seldon_core.proto.prediction_pb2")
    stub = getattr(import_module("seldon_core.proto.prediction_pb2_grpc"), f"{service}Stub")(channel)
    request = ParseDict(sent_to(verb) if content is None else content, getattr(messages, kind)())
    return MessageToDict(getattr(stub, method)(request, timeout=PATIENCE))


def multipart(fields: dict[str, str], files: dict[str, bytes]) -> tuple[bytes, dict[str, str]]:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in fields.items()
    ]
    for name, content in files.items():
        head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    return b"".join(parts) + b"--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}


def a_png() -> bytes:
    """One pixel, as a file that no text encoding survives."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\xff")) + chunk(b"IEND", b"")
    )


# -- whole messages ----------------------------------------------------------------------------------------------------


def test_line_8_a_reply_of_predict_rest_is_sent_as_it_is(any_engine: Running, classes: Any) -> None:
    any_engine.serve(classes.LowLevel())
    reply = post(any_engine, "predict")
    assert (reply.status, json.loads(reply.body)) == (200, {"data": {"ndarray": [9, 9]}})


@pytest.mark.parametrize("content", [b"just text", a_png()], ids=["line 9: text", "line 10: an image"])
def test_bytes_in_a_file_part_reach_a_raw_method_beside_the_meta(server: Running, classes: Any, content: bytes) -> None:
    server.serve(classes.Echo())
    body, headers = multipart({"meta": '{"puid":"1234"}'}, {"binData": content})
    echoed = json.loads(server.request("POST", "/predict", body, headers).body)
    assert echoed["meta"] == {"puid": "1234"}
    messages = import_module("seldon_core.proto.prediction_pb2")
    assert ParseDict(echoed, messages.SeldonMessage()).binData == content


def test_line_11_text_in_a_file_part_reaches_a_raw_method_as_text(server: Running, classes: Any) -> None:
    server.serve(classes.Echo())
    body, headers = multipart({}, {"strData": "häßlich".encode()})
    assert json.loads(server.request("POST", "/predict", body, headers).body) == {"strData": "häßlich"}


def test_line_13_json_in_a_text_field_is_predicted_on(server: Running, classes: Any) -> None:
    server.serve(classes.Stubs())
    body, headers = multipart({"data": '{"names":["a","b"],"ndarray":[[1,2]]}'}, {})
    reply = server.request("POST", "/predict", body, headers)
    expected = {"data": {"names": ["t:0", "t:1"], "ndarray": [[1, 2]]}, "meta": {}}
    assert (reply.status, json.loads(reply.body)) == (200, expected)


@pytest.mark.parametrize("content", [ONE, {}], ids=["line 12: with data", "line 17: without data"])
def test_the_status_in_a_raw_reply_is_the_http_status(any_engine: Running, classes: Any, content: Any) -> None:
    any_engine.serve(classes.WithStatus())
    reply = post(any_engine, "predict", content)
    assert reply.status == 400
    assert json.loads(reply.body) == {
        "data": {"ndarray": [9, 9]},
        "status": {"code": 400, "status": "FAILURE"},
    }


@pytest.mark.parametrize(
    "content", [{"message": {"data": "eA=="}, "data": [1, 2]}, [1, 2], {"data": {"ndarray": [[1], [1, 2]]}}, "text"]
)
def test_a_body_that_is_no_message_reaches_a_raw_method_untouched(server: Running, classes: Any, content: Any) -> None:
    server.serve(classes.Echo())
    reply = post(server, "predict", content)
    assert (reply.status, json.loads(reply.body)) == (200, content)


@pytest.mark.parametrize("path", ["/send-feedback", "/api/v1.0/feedback", "/api/v0.1/feedback"])
@pytest.mark.parametrize("name", ["LowLevel", "Plain", "Stubs"], ids=["line 16: rest", "line 15: raw", "line 34: none"])
def test_feedback_is_taken_by_whichever_method_there_is(server: Running, classes: Any, path: str, name: str) -> None:
    server.serve(getattr(classes, name)())
    assert server.request("POST", path, json.dumps(FEEDBACK).encode()).status == 200


def test_line_14_feedback_in_the_query_reaches_a_raw_method(server: Running, classes: Any) -> None:
    server.serve(classes.Plain())
    reply = server.request("GET", f"/send-feedback?json={quote(json.dumps(FEEDBACK))}")
    assert json.loads(reply.body)["strData"] == "reward 2.0"


def test_line_31_a_reply_of_health_status_raw_is_sent_as_it_is(server: Running, classes: Any) -> None:
    server.serve(classes.LowLevel())
    reply = server.request("GET", "/health/status")
    assert (reply.status, json.loads(reply.body)) == (200, {"data": {"ndarray": [123.456, 7.89]}})


def test_line_37_a_reply_of_predict_grpc_is_sent_as_it_is(server: Running, channel: grpc.Channel, classes: Any) -> None:
    server.serve(classes.LowLevel())
    assert call(channel, "predict") == {"data": {"tensor": {"shape": [2, 1], "values": [9.0, 9.0]}}}


def test_line_38_feedback_over_grpc_may_be_answered_with_nothing(
    server: Running, channel: grpc.Channel, classes: Any
) -> None:
    server.serve(classes.LowLevel())
    assert call(channel, "send_feedback") == {"meta": {}}


TAKEN = {"aggregate": ("dict", "SeldonMessageList")}


@pytest.mark.parametrize("name", ["Plain", "Derived"])
@pytest.mark.parametrize(
    "verb",
    [
        "predict",
        pytest.param("route", id="line 45: route"),
        pytest.param("aggregate", id="line 58: aggregate"),
        *(pytest.param(verb, id=f"line 60: {verb}") for verb in TRANSFORMATIONS),
    ],
)
def test_raw_methods_take_json_over_rest_and_protobuf_over_grpc(
    server: Running, channel: grpc.Channel, classes: Any, verb: str, name: str
) -> None:
    server.serve(getattr(classes, name)())
    over_rest, over_grpc = TAKEN.get(verb, ("dict", "SeldonMessage"))
    expected = {"strData": f"took {over_rest}", "meta": {"metrics": classes.METRICS}}
    assert json.loads(post(server, verb).body) == expected
    assert call(channel, verb)["strData"] == f"took {over_grpc}"


def test_line_57_a_combiners_raw_method_takes_the_bare_list_that_the_orchestrator_sends(
    server: Running, classes: Any
) -> None:
    server.serve(classes.Plain())
    assert json.loads(post(server, "aggregate", [ONE, ONE]).body)["strData"] == "took list"


@pytest.mark.parametrize("name", ["Plain", "Derived"])
def test_line_47_raw_feedback_is_protobuf_over_both_wires(
    server: Running, channel: grpc.Channel, classes: Any, name: str
) -> None:
    server.serve(getattr(classes, name)())
    assert json.loads(post(server, "send_feedback").body)["strData"] == "reward 2.0"
    assert call(channel, "send_feedback")["strData"] == "reward 2.0"


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        pytest.param("predict", {"ndarray": [1]}, id="line 33: predict"),
        pytest.param("route", {"names": ["t:0"], "ndarray": [[22]]}, id="line 49: route"),
        pytest.param("aggregate", {"ndarray": [6]}, id="line 57: aggregate"),
        *(pytest.param(verb, {"ndarray": [2]}, id=f"line 64: {verb}") for verb in TRANSFORMATIONS),
    ],
)
def test_stubs_of_the_base_class_leave_the_plain_methods_their_turn(
    server: Running, channel: grpc.Channel, classes: Any, verb: str, answer: Any
) -> None:
    server.serve(classes.Stubs())
    assert json.loads(post(server, verb).body) == {"data": {"names": [], **answer}, "meta": {}}
    assert call(channel, verb) == {"data": answer, "meta": {}}


def test_a_raw_method_that_says_not_implemented_leaves_the_plain_one_its_turn(
    server: Running, channel: grpc.Channel, classes: Any
) -> None:
    server.serve(classes.Declining())
    assert json.loads(post(server, "predict").body)["data"]["ndarray"] == [2]
    assert call(channel, "predict", TENSOR)["data"]["tensor"]["values"] == [2.0, 4.0]


def test_the_packages_functions_take_messages_apart_and_make_them(
    server: Running, channel: grpc.Channel, classes: Any
) -> None:
    server.serve(classes.ByHand())
    matrix = {"data": {"names": ["a"], "tensor": {"shape": [1, 2], "values": [1, 2]}}, "meta": {"puid": "p"}}
    assert json.loads(post(server, "predict", matrix).body) == {
        "data": {"names": ["t:0", "t:1"], "tensor": {"shape": [1, 2], "values": [2, 4]}},
        "meta": {"puid": "p"},
    }
    assert call(channel, "predict", matrix) == {
        "data": {"names": ["t:0"], "tensor": {"shape": [1, 2], "values": [2.0, 4.0]}}
    }


def test_a_raw_methods_own_error_is_answered_as_any_other(server: Running, channel: grpc.Channel, classes: Any) -> None:
    server.serve(classes.ByHand())
    assert post(server, "predict", {"meta": {}}).status == 400
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, "predict", {})
    refused: Any = caught.value
    assert (refused.code().name, refused.details()) == ("INVALID_ARGUMENT", "Unknown data in SeldonMessage")


def test_bytes_that_are_no_message_do_not_reach_a_raw_method(
    server: Running, channel: grpc.Channel, classes: Any
) -> None:
    server.serve(classes.Echo())
    predict: Any = channel.unary_unary("/seldon.protos.Model/Predict")
    with pytest.raises(grpc.RpcError) as caught:
        predict(b"\xff\xff\xff", timeout=PATIENCE)
    refused: Any = caught.value
    assert refused.code().name == "INVALID_ARGUMENT"


def test_without_protobuf_grpc_says_what_to_add_and_rest_works(
    server: Running, channel: grpc.Channel, classes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve(classes.Echo())
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "google.protobuf.internal.builder", None)
        without.delitem(sys.modules, "seldon_core.proto.prediction_pb2")
        predict: Any = channel.unary_unary("/seldon.protos.Model/Predict")
        with pytest.raises(grpc.RpcError) as caught:
            predict(b"", timeout=PATIENCE)
        assert post(server, "predict").status == 200
    refused: Any = caught.value
    assert refused.code().name == "UNIMPLEMENTED"
    assert refused.details() == "Echo.predict_raw takes protobuf messages: add protobuf to requirements.txt"


@pytest.mark.parametrize("body", [b"\x01\x02 no JSON", b'{"strData":"x"}', b""])
def test_line_74_with_passthrough_bodies_go_through_as_bytes(server: Running, classes: Any, body: bytes) -> None:
    server.serve(classes.Echo(), passthrough=True)
    reply = server.request("POST", "/predict", body, {"Content-Type": "application/octet-stream"})
    assert (reply.status, reply.body) == (200, body)


def test_line_74_with_passthrough_text_goes_out_as_it_is(server: Running, classes: Any) -> None:
    server.serve(classes.Saying(), passthrough=True)
    assert server.request("POST", "/predict", b"\x01").body == b"took 1 bytes"


def test_passthrough_changes_nothing_over_grpc_and_for_classes_without_raw_methods(
    server: Running, channel: grpc.Channel, classes: Any
) -> None:
    server.serve(classes.Plain(), passthrough=True)
    assert call(channel, "predict")["strData"] == "took SeldonMessage"
    server.serve(classes.Stubs(), passthrough=True)
    assert json.loads(post(server, "predict").body)["data"]["ndarray"] == [1]
    assert server.request("POST", "/predict", b"\x01").status == 400


# -- metrics of whole messages -----------------------------------------------------------------------------------------

LABELS = {
    "predict": "predict",
    "transform_input": "inputtransform",
    "transform_output": "outputtransform",
    "route": "router",
    "aggregate": "aggregate",
    "send_feedback": "feedback",
}


def counted(server: Running, method: str) -> dict[str, float]:
    """The class's samples of one method, by name, with the tag of those that have one."""
    samples = {}
    text = server.request("GET", "/metrics").body.decode()
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            if each.labels.get("method") == method and not each.name.endswith("_bucket"):
                samples[f"{each.name}{each.labels.get('mytag', '')}"] = each.value
    return samples


@pytest.mark.parametrize("wire", ["REST", "gRPC"])
@pytest.mark.parametrize("verb", [pytest.param(verb, id=f"line 85: {verb}") for verb in LABELS])
def test_metrics_in_raw_replies_are_counted(
    server: Running, channel: grpc.Channel, classes: Any, verb: str, wire: str
) -> None:
    server.serve(classes.Plain())
    for _ in range(2):
        if wire == "REST":
            post(server, verb)
        else:
            call(channel, verb)
    rewards = {"seldon_api_model_feedback_total": 2, "seldon_api_model_feedback_reward_total": 4}
    assert counted(server, LABELS[verb]) == pytest.approx(
        {
            "mycounter_total": 2,
            "mygauge": 100,
            "mytimer_count": 2,
            "mytimer_sum": 0.0404,
            "customtagmytagvalue": 200,
            **(rewards if verb == "send_feedback" else {}),
        }
    )


@pytest.mark.parametrize("shown", [True, False])
def test_line_86_metrics_can_be_kept_out_of_raw_replies(
    server: Running, channel: grpc.Channel, classes: Any, shown: bool
) -> None:
    server.serve(classes.Plain(), metrics_in_response=shown)
    assert ("metrics" in json.loads(post(server, "predict").body)["meta"]) is shown
    assert ("metrics" in call(channel, "predict").get("meta", {})) is shown
    assert counted(server, "predict")["mycounter_total"] == 2


# -- what the package brings -------------------------------------------------------------------------------------------


def test_line_88_a_result_with_tags_and_metrics_of_its_own(
    server: Running, channel: grpc.Channel, classes: Any
) -> None:
    server.serve(classes.Refusing())
    for meta in (json.loads(post(server, "predict").body)["meta"], call(channel, "predict")["meta"]):
        assert meta["tags"] == {"static": 1, "shared": "runtime"}
        assert [metric["key"] for metric in meta["metrics"]] == ["rows", "width", "took"]


def test_line_24_the_packages_exception_chooses_status_and_reason(
    server: Running, channel: grpc.Channel, classes: Any
) -> None:
    server.serve(classes.Refusing())
    reply = post(server, "predict", {"data": {"ndarray": []}})
    assert reply.status == 403
    assert json.loads(reply.body)["status"] == {"code": -1, "info": "no rows", "reason": "NO_ROWS", "status": 1}
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, "predict", {"data": {"ndarray": []}})
    refused: Any = caught.value
    assert (refused.code().name, refused.details()) == ("PERMISSION_DENIED", "no rows")


def test_line_105_a_model_is_loaded_from_where_the_platform_put_it(
    server: Running, classes: Any, tmp_path: Path
) -> None:
    loading = classes.Loading(f"file://{tmp_path}")
    loader.load(loading)
    server.serve(loading)
    assert json.loads(post(server, "predict").body)["strData"] == str(tmp_path)
    with pytest.raises(
        LoadFailed, match=r"Loading\.load\(\) failed: RuntimeError: Cannot recognize storage type for s3"
    ):
        loader.load(classes.Loading("s3://bucket/model"))


CUSTOM = {"status": {"status": 402, "message": "Test-Error-Msg", "app_code": 1402}}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("CustomError", id="line 65: predict"),
        pytest.param("CustomErrorLowLevel", id="line 65: predict_rest"),
        pytest.param("CustomErrorWithoutFlask", id="without Flask"),
    ],
)
def test_the_classs_own_error_handler_answers(server: Running, channel: grpc.Channel, classes: Any, name: str) -> None:
    server.serve(getattr(classes, name)())
    reply = post(server, "predict")
    assert (reply.status, json.loads(reply.body)) == (402, CUSTOM)
    assert reply.headers["content-type"] == "application/json"
    assert int(reply.headers["content-length"]) == len(reply.body)
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, "predict")
    refused: Any = caught.value
    assert refused.code().name == "INVALID_ARGUMENT"
    assert json.loads(refused.details()) == CUSTOM


def test_line_66_class_names_as_an_attribute_name_the_columns(server: Running, classes: Any) -> None:
    server.serve(classes.ClassNames())
    answer = json.loads(post(server, "predict", {"data": {"ndarray": [[1, 2]]}}).body)
    assert answer["data"]["names"] == ["yes", "no"]


@pytest.mark.parametrize("joined", [0, 8], ids=["alone", "joined"])
def test_async_methods_answer_over_both_wires(
    server: Running, channel: grpc.Channel, classes: Any, joined: int
) -> None:
    server.serve(classes.Waiting(), max_batch_size=joined)
    expected = {"data": {"ndarray": [1]}, "meta": {"tags": {"loop": True}}}
    assert json.loads(post(server, "predict").body) == {**expected, "data": {"names": [], "ndarray": [1]}}
    assert call(channel, "predict") == expected
    assert json.loads(server.request("GET", "/health/status").body)["strData"] == "fine"


def test_async_methods_are_refused_where_calls_are_made_on_the_loop(server: Running, classes: Any) -> None:
    with pytest.raises(LoadFailed, match=r"Waiting\.predict is an async method"):
        server.serve(classes.Waiting(), inline=True)
