"""What each verb means, from message to message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from modelwrap.contract import Role
from modelwrap.errors import ComponentFailed, InvalidRequest
from modelwrap.runtime.component.invoke import Component
from modelwrap.runtime.datatypes import Datatype
from modelwrap.runtime.message import Feedback, Message, Meta, Metric
from modelwrap.runtime.payload import Array, Binary, Custom, Form, Json, Payload, Raw, Tensor, Tensors, Text
from modelwrap.runtime.service import Node, Request, Service
from modelwrap.runtime.verb import Verb

ROW = Array(np.array([[1, 2]]), ["a", "b"], Form.NDARRAY)


def user(**members: Any) -> Any:
    """An object whose class has these members."""
    return type("User", (), members)()


def do(user_object: Any, verb: Verb, request: Request, **options: Any) -> Message:
    return Service(Component(user_object), **options).doer(verb)(request)


def ask(user_object: Any, payload: Payload = ROW, verb: Verb = Verb.PREDICT, **options: Any) -> Payload | None:
    return do(user_object, verb, Message(payload), **options).payload


def values(payload: Payload | None) -> Any:
    assert isinstance(payload, Array)
    return payload.values.tolist()


class Recorded:
    """Remembers what was recorded."""

    def __init__(self) -> None:
        self.metrics: list[tuple[Verb, list[Metric]]] = []
        self.rewards: list[float] = []

    def custom(self, verb: Verb, metrics: Sequence[Metric]) -> None:
        self.metrics.append((verb, list(metrics)))

    def reward(self, value: float) -> None:
        self.rewards.append(value)


@pytest.mark.parametrize(
    ("members", "verb", "told"),
    [
        ({"class_names": 3}, Verb.PREDICT, "class_names of the class is 3: it must be a list of names"),
        ({"feature_names": 3}, Verb.TRANSFORM_INPUT, "feature_names of the class is 3: it must be a list of names"),
        ({"tags": lambda self: 5}, Verb.PREDICT, r"tags\(\) of the class returned 5: it must return a dict"),
        (
            {"tags": lambda self: ["new"]},
            Verb.PREDICT,
            r"tags\(\) of the class returned \['new'\]: it must return a dict",
        ),
    ],
)
def test_names_and_tags_of_a_wrong_type_are_the_classes_fault(members: dict[str, Any], verb: Verb, told: str) -> None:
    with pytest.raises(ComponentFailed, match=told):
        ask(user(**{verb.value: lambda self, X, names: X}, **members), verb=verb)


def test_predict_gets_the_array_and_the_names_and_answers_in_kind() -> None:
    received: list[Any] = []

    def predict(self: Any, X: np.ndarray, names: list[str]) -> np.ndarray:
        received.append((X.tolist(), names))
        return np.array([[0.5, 0.5]])

    answer = ask(user(predict=predict))
    assert received == [([[1, 2]], ["a", "b"])]
    assert isinstance(answer, Array)
    assert (answer.form, answer.names, values(answer)) == (Form.NDARRAY, ["t:0", "t:1"], [[0.5, 0.5]])


@pytest.mark.parametrize(
    ("returned", "asked", "form"),
    [
        (np.array([[1.0]]), Form.TENSOR, Form.TENSOR),
        (np.array([[1.0]]), Form.TFTENSOR, Form.TFTENSOR),
        (np.array([[1.0]]), Form.BARE, Form.NDARRAY),
        (np.array([["text"]]), Form.TENSOR, Form.NDARRAY),
        (np.array([[True]]), Form.TENSOR, Form.NDARRAY),
        ([[1, 2]], Form.TENSOR, Form.TENSOR),
    ],
)
def test_an_array_is_answered_in_the_form_it_came_in_if_it_is_numeric(returned: Any, asked: Form, form: Form) -> None:
    answer = ask(user(predict=lambda self, X, names: returned), Array(np.ones((1, 1)), [], asked))
    assert isinstance(answer, Array)
    assert answer.form is form


@pytest.mark.parametrize(
    ("returned", "answer"),
    [
        ("text", Text("text")),
        (b"bytes", Binary(b"bytes")),
        (bytearray(b"b"), Binary(b"b")),
        ({"a": 1}, Json({"a": 1})),
        (Custom("type", b"any"), Custom("type", b"any")),
    ],
)
def test_other_values_have_a_payload_of_their_own(returned: Any, answer: Payload) -> None:
    assert ask(user(predict=lambda self, X, names: returned)) == answer


@pytest.mark.parametrize("returned", [None, 1, 1.5, True, (1, 2), {1}, np.float64(1)])
def test_a_value_that_no_message_carries_is_refused(returned: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"Unknown data type returned as payload \(must be list or np array\)"):
        ask(user(predict=lambda self, X, names: returned))


def test_a_request_of_text_answered_with_numbers_becomes_a_tensor() -> None:
    answer = ask(user(predict=lambda self, X, names: np.array([1, 2, 3])), Text("x"))
    assert isinstance(answer, Array)
    assert (answer.form, answer.names) == (Form.TENSOR, [])


def test_one_named_tensor_reaches_the_class_as_its_array_with_its_dtype() -> None:
    got: list[Any] = []
    tensors = Tensors((Tensor("x", Datatype.FP32, np.ones((2, 3), np.float32)),))

    def predict(self: Any, X: Any, names: Any) -> Any:
        got.append((X, names))
        return X

    ask(user(predict=predict), tensors)
    ((X, names),) = got
    assert (X.dtype, X.shape, names) == (np.float32, (2, 3), [])


def test_several_named_tensors_reach_the_class_as_a_dict_of_arrays() -> None:
    got: list[Any] = []
    tensors = Tensors(
        (
            Tensor("ids", Datatype.INT64, np.array([1, 2])),
            Tensor("mask", Datatype.BOOL, np.array([True, False])),
        )
    )

    def predict(self: Any, X: Any, names: Any) -> Any:
        got.append((X, names))
        return X

    ask(user(predict=predict), tensors)
    ((X, names),) = got
    assert {name: X[name].tolist() for name in names} == {"ids": [1, 2], "mask": [True, False]}


@pytest.mark.parametrize(
    "class_names",
    [
        ["x", "y"],
        ("x", "y"),
        np.array(["x", "y"]),
        lambda self: ["x", "y"],
        property(lambda self: ["x", "y"]),
        staticmethod(lambda: ["x", "y"]),
    ],
    ids=["attribute", "tuple", "array", "method", "property", "static"],
)
def test_class_names_may_be_stated_in_any_way(class_names: Any) -> None:
    answer = ask(user(predict=lambda self, X, names: X, class_names=class_names))
    assert isinstance(answer, Array)
    assert answer.names == ["x", "y"]


def test_a_model_without_predict_says_so() -> None:
    with pytest.raises(InvalidRequest, match="Predict not defined"):
        ask(user())


@pytest.mark.parametrize("verb", [Verb.TRANSFORM_INPUT, Verb.TRANSFORM_OUTPUT])
def test_a_missing_transformation_passes_the_input_on(verb: Verb) -> None:
    assert values(ask(user(), verb=verb)) == [[1, 2]]
    assert ask(user(), Text("s"), verb) == Text("s")


def test_feature_names_as_an_attribute_name_the_columns_of_a_transformed_input_as_in_2018() -> None:
    answer = ask(user(transform_input=lambda self, X, names: X, feature_names=["f", "g"]), verb=Verb.TRANSFORM_INPUT)
    assert isinstance(answer, Array)
    assert answer.names == ["f", "g"]


def test_metadata_reaches_a_method_that_asks_for_it() -> None:
    message = Message(ROW, Meta(puid="p", given={"puid": "p", "foo": 1}))
    answer = do(user(predict=lambda self, X, names, meta: {"meta": meta}), Verb.PREDICT, message)
    assert answer.payload == Json({"meta": {"puid": "p", "foo": 1}})


def test_the_answers_metadata_joins_the_requests_the_classs_and_the_results() -> None:
    class SeldonResponse:
        def __init__(self, data: Any, tags: Any = None, metrics: Any = None) -> None:
            self.data, self.tags, self.metrics = data, tags, metrics

    gauge: Metric = {"key": "k", "type": "GAUGE", "value": 1}
    counter: Metric = {"key": "c", "type": "COUNTER", "value": 1}
    timer: Metric = {"key": "t", "type": "TIMER", "value": 1}
    recorded = Recorded()
    request = Message(
        ROW,
        Meta(
            puid="p1", tags={"in": 1, "shared": "request"}, routing={"r": 1}, request_path={"n0": "i0"}, metrics=[gauge]
        ),
    )
    answer = do(
        user(
            predict=lambda self, X, names: SeldonResponse(X, {"shared": "runtime"}, [timer]),
            tags=lambda self: {"static": 1, "shared": "static"},
            metrics=lambda self: [counter],
        ),
        Verb.PREDICT,
        request,
        node=Node(unit_id="me", image="image:1"),
        recorder=recorded,
    )
    assert answer.meta.puid == "p1"
    assert answer.meta.tags == {"in": 1, "static": 1, "shared": "runtime"}
    assert answer.meta.request_path == {"me": "image:1", "n0": "i0"}
    assert answer.meta.metrics == [gauge, counter, timer]
    assert answer.meta.routing == {}
    assert recorded.metrics == [(Verb.PREDICT, [counter, timer])]


def test_own_metrics_can_be_kept_out_of_answers_and_are_recorded_all_the_same() -> None:
    recorded = Recorded()
    answer = do(
        user(predict=lambda self, X, names: X, metrics=[{"key": "c", "type": "COUNTER", "value": 1}]),
        Verb.PREDICT,
        Message(ROW),
        recorder=recorded,
        metrics_in_response=False,
    )
    assert answer.meta.metrics == []
    assert len(recorded.metrics) == 1


@pytest.mark.parametrize(
    "reported", [None, {"key": "k"}, [{"type": "BAD", "key": "k", "value": 1}], [{"type": "GAUGE"}]]
)
def test_metrics_that_cannot_be_counted_are_the_classs_fault(reported: Any) -> None:
    with pytest.raises(ComponentFailed, match="Bad metric created during request") as caught:
        ask(user(predict=lambda self, X, names: X, metrics=lambda self: reported))
    assert caught.value.reason == "MICROSERVICE_BAD_METRIC"


def test_a_users_exception_carries_its_text_and_an_id() -> None:
    def predict(self: Any, X: Any, names: Any) -> None:
        raise ValueError("boom")

    with pytest.raises(ComponentFailed, match="boom") as caught:
        ask(user(predict=predict))
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.error_id


@pytest.mark.parametrize(("status", "expected"), [(None, 400), (403, 403), ("teapot", 500)])
def test_seldons_own_exception_chooses_status_and_reason(status: int | str | None, expected: int) -> None:
    class SeldonMicroserviceException(Exception):
        def __init__(self) -> None:
            self.message, self.status_code, self.reason = "msg", status, "MY_REASON"

    def predict(self: Any, X: Any, names: Any) -> None:
        raise SeldonMicroserviceException

    with pytest.raises(ComponentFailed, match="msg") as caught:
        ask(user(predict=predict))
    assert (caught.value.status, caught.value.reason) == (expected, "MY_REASON")


@pytest.mark.parametrize("child", [0, 1, -1, -2, np.int64(1), np.int8(0)])
def test_a_router_may_choose_with_any_integral_type(child: Any) -> None:
    answer = ask(user(route=lambda self, X, names: child), verb=Verb.ROUTE)
    assert isinstance(answer, Array)
    assert (answer.names, values(answer), answer.form) == (["t:0"], [[int(child)]], Form.NDARRAY)


@pytest.mark.parametrize("child", [True, 1.0, "1", [1], None])
def test_a_router_that_chooses_no_integer_is_told_so(child: Any) -> None:
    with pytest.raises(InvalidRequest, match="Routing response must be int but got"):
        ask(user(route=lambda self, X, names: child), verb=Verb.ROUTE)


def choice(child: Any, **members: Any) -> Any:
    return values(ask(user(route=lambda self, X, names: child, **members), verb=Verb.ROUTE))


@pytest.mark.parametrize("child", [-3, -(10**30), 2**31, 10**30])
def test_a_choice_that_no_child_can_have_is_refused_before_an_orchestrator_sees_it(child: int) -> None:
    with pytest.raises(ComponentFailed, match=rf"route chose {child}: it must return the index of a child"):
        choice(child)


@pytest.mark.parametrize("n_branches", [3, np.int64(3), property(lambda self: 3), lambda self: 3])
def test_a_choice_beyond_the_branches_that_the_class_states_is_refused(n_branches: Any) -> None:
    assert [choice(child, n_branches=n_branches) for child in (-2, -1, 0, 2)] == [[[-2]], [[-1]], [[0]], [[2]]]
    with pytest.raises(ComponentFailed, match=r"route chose 3, of 3 children \(n_branches\)"):
        choice(3, n_branches=n_branches)


@pytest.mark.parametrize("n_branches", [None, 0, -1, "3", [1, 2]])
def test_branches_that_are_no_number_state_nothing(n_branches: Any) -> None:
    assert choice(7, n_branches=n_branches) == [[7]]


def test_a_route_carries_the_puid_and_no_other_metadata_of_the_request() -> None:
    request = Message(ROW, Meta(puid="p", tags={"a": 1}, request_path={"n": "i"}))
    answer = do(user(route=lambda self, X, names: 0), Verb.ROUTE, request)
    assert (answer.meta.puid, answer.meta.tags, answer.meta.request_path) == ("p", {}, {})


def test_a_combiner_gets_all_inputs_and_answers_in_the_kind_of_the_first() -> None:
    other = Array(np.array([[3.0, 4.0]]), [], Form.NDARRAY)
    first = Array(np.array([[1.0, 2.0]]), ["a", "b"], Form.TENSOR)
    messages = [
        Message(first, Meta(puid="p", tags={"common": 1, "one": "yes"}, request_path={"x": "1"})),
        Message(other, Meta(puid="q", tags={"common": 2, "two": "yes"}, request_path={"y": "2"})),
    ]
    answer = do(user(aggregate=lambda self, Xs, names: sum(Xs) / len(Xs)), Verb.AGGREGATE, messages)
    assert values(answer.payload) == [[2.0, 3.0]]
    assert isinstance(answer.payload, Array)
    assert answer.payload.form is Form.TENSOR
    assert answer.meta.puid == "p"
    assert answer.meta.tags == {"common": 2, "one": "yes", "two": "yes"}
    assert answer.meta.request_path == {"x": "1", "y": "2"}


@pytest.mark.parametrize(
    ("verb", "request_", "told"),
    [(Verb.ROUTE, Message(ROW), "Route not defined"), (Verb.AGGREGATE, [Message(ROW)], "Aggregate not defined")],
)
def test_a_missing_router_or_combiner_says_so(verb: Verb, request_: Request, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        do(user(), verb, request_)


def feedback(reward: float = 0.5) -> Feedback:
    return Feedback(
        request=Message(Array(np.array([[1.0, 2.0]]), ["a", "b"], Form.NDARRAY), Meta(puid="p")),
        response=Message(None, Meta(routing={"0": 1, "router": 2})),
        truth=Message(Array(np.array([[1.0]]), [], Form.NDARRAY)),
        reward=reward,
    )


@pytest.mark.parametrize(("unit_id", "routing"), [("", 1), ("router", 2), ("elsewhere", None)])
def test_feedback_reaches_the_class_with_this_nodes_own_routing(unit_id: str, routing: int | None) -> None:
    received: list[Any] = []

    def send_feedback(self: Any, X: Any, names: Any, reward: float, truth: Any, routing: int | None = None) -> None:
        received.append((X.tolist(), names, reward, truth.tolist(), routing))

    recorded = Recorded()
    answer = do(
        user(send_feedback=send_feedback),
        Verb.SEND_FEEDBACK,
        feedback(),
        node=Node(unit_id=unit_id),
        recorder=recorded,
    )
    assert received == [([[1.0, 2.0]], ["a", "b"], 0.5, [[1.0]], routing)]
    assert values(answer.payload) == []
    assert answer.meta.puid == "p"
    assert recorded.rewards == [0.5]


def test_feedback_without_reward_counts_nothing_and_a_class_without_the_method_is_content() -> None:
    recorded = Recorded()
    do(user(), Verb.SEND_FEEDBACK, feedback(reward=0.0), recorder=recorded)
    assert recorded.rewards == []


def test_a_class_without_health_is_healthy_and_one_with_it_says_how() -> None:
    assert do(user(), Verb.HEALTH_STATUS, None).payload == Text("healthy")
    answer = do(user(health_status=lambda self: [0.123]), Verb.HEALTH_STATUS, None)
    assert isinstance(answer.payload, Array)
    assert (answer.payload.form, values(answer.payload)) == (Form.TENSOR, [0.123])


def test_an_outlier_detector_of_2018_tags_the_message_with_its_score() -> None:
    detector = user(score=lambda self, X, names: np.array([0.1, 0.9]))
    answer = do(detector, Verb.TRANSFORM_INPUT, Message(ROW), node=Node(role=Role.OUTLIER_DETECTOR))
    assert answer.payload is ROW
    assert answer.meta.tags == {"outlierScore": [0.1, 0.9]}


REPORTING = {
    "strData": "raw",
    "status": {"code": 418},
    "meta": {"puid": "p", "metrics": [{"key": "k", "type": "GAUGE", "value": 1}]},
}


def do_raw(user_object: Any, verb: Verb, whole: Any, *, on_grpc: bool = False, **options: Any) -> Message | None:
    return Service(Component(user_object), **options).do_raw(verb, whole, on_grpc=on_grpc)


def test_a_raw_method_gets_the_whole_message_and_its_answer_is_sent_as_it_is() -> None:
    recorded = Recorded()
    received: list[Any] = []

    def predict_raw(self: Any, message: Any) -> Any:
        received.append(message)
        return REPORTING

    answer = do_raw(user(predict_raw=predict_raw), Verb.PREDICT, {"x": 1}, recorder=recorded)
    assert received == [{"x": 1}]
    assert answer is not None
    assert answer.payload == Raw(REPORTING)
    assert answer.status is not None
    assert answer.status.code == 418
    assert recorded.metrics == [(Verb.PREDICT, [{"key": "k", "type": "GAUGE", "value": 1}])]


def test_metrics_of_a_raw_answer_can_be_kept_out_of_it_without_changing_what_the_class_returned() -> None:
    recorded = Recorded()
    returned = {**REPORTING}
    answer = do_raw(
        user(predict_raw=lambda self, message: returned),
        Verb.PREDICT,
        {},
        recorder=recorded,
        metrics_in_response=False,
    )
    assert answer is not None
    assert answer.payload == Raw({"strData": "raw", "status": {"code": 418}, "meta": {"puid": "p"}})
    assert returned == REPORTING
    assert len(recorded.metrics) == 1


def test_the_deprecated_methods_report_no_metrics_of_their_own() -> None:
    recorded = Recorded()
    do_raw(user(predict_rest=lambda self, message: REPORTING), Verb.PREDICT, {}, recorder=recorded)
    assert recorded.metrics == []


@pytest.mark.parametrize(
    ("verb", "chosen"), [(Verb.PREDICT, "rest"), (Verb.TRANSFORM_INPUT, "rest"), (Verb.AGGREGATE, "rest")]
)
def test_the_deprecated_raw_methods_are_tried_in_the_references_order(verb: Verb, chosen: str) -> None:
    members = {f"{verb.value}_{kind}": lambda self, message, kind=kind: kind for kind in ("rest", "grpc", "raw")}
    answer = do_raw(user(**members), verb, {})
    assert answer is not None
    assert answer.payload == Raw(chosen)


def test_raw_methods_that_say_not_implemented_leave_the_plain_one_its_turn() -> None:
    class SeldonNotImplementedError(Exception): ...

    def predict_raw(self: Any, message: Any) -> Any:
        raise SeldonNotImplementedError

    assert do_raw(user(predict_raw=predict_raw), Verb.PREDICT, {}) is None


def test_a_raw_feedback_counts_its_reward_and_may_answer_nothing() -> None:
    recorded = Recorded()
    whole = Feedback(Message(None), Message(None), Message(None), 2.0, {"reward": 2.0})
    received: list[Any] = []
    answer = do_raw(
        user(send_feedback_rest=lambda self, text: received.append(text)), Verb.SEND_FEEDBACK, whole, recorder=recorded
    )
    assert answer is not None
    assert answer.payload == Raw({})
    assert received == ['{\n  "reward": 2.0\n}']
    assert recorded.rewards == [2.0]


def test_a_message_without_payload_is_refused_unless_a_raw_method_takes_it() -> None:
    with pytest.raises(InvalidRequest, match="Invalid request data type"):
        do(user(predict=lambda self, X, names: X), Verb.PREDICT, Message(None, source={}))
    answer = do_raw(user(predict_raw=lambda self, message: {"got": message}), Verb.PREDICT, {})
    assert answer is not None
    assert answer.payload == Raw({"got": {}})


def test_a_document_that_is_refused_is_shown_in_bounds_however_deep_or_long() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    for source, shown in (({"a": deep}, "deeply nested"), ({"a": "x" * 10_000}, "xxx..."), (b"\x00", "no payload")):
        with pytest.raises(InvalidRequest, match="Invalid request data type") as caught:
            do(user(predict=lambda self, X, names: X), Verb.PREDICT, Message(None, source=source))
        assert shown in caught.value.message
        assert len(caught.value.message) < 600
