"""The catalogue of behaviours that make up "compatible": each line, and the tests that hold us to it.

Lines 1 to 105 are what the reference wrapper's own tests assert, 106 to 114 what the orchestrator's tests expect of a
component, 115 to 133 what was seen beyond both. A `*` in the name of a test stands for anything; `test_lines.py` makes
sure that every name is that of a test. A test that says in its own name which line it is for, `test_line_45_...` or
`[line 45: ...]`, counts for that line beside those that are listed here. A line without any test says why.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LINES", "Line"]


@dataclass(frozen=True)
class Line:
    """One behaviour.

    Attributes:
        promise: What it is, in short.
        tests: Node ids of tests that would fail without it, beside those that name the line themselves.
        reason: Why there is no test.
    """

    promise: str
    tests: tuple[str, ...] = ()
    reason: str = ""


_HERE = "tests/conformance"
_UNIT = "tests/unit/*"  # whichever room it lies in
_SERVICE = f"{_UNIT}/test_service.py"
_METRICS = f"{_UNIT}/metrics/test_metrics.py"
_METADATA = f"{_UNIT}/component/test_metadata.py"
_GRAPH = f"{_HERE}/test_graph.py"
_DROPIN = f"{_HERE}/test_dropin.py"
_RECORDED = "tests/unit/compat/test_recorded.py::test_an_expression_comes_to_what_the_reference_made_of_it"
_JSON = f"{_UNIT}/codecs/seldon_json"
_PROTO = f"{_UNIT}/codecs/test_seldon_proto.py"


def _catalogue(number: int, *more: str) -> tuple[str, ...]:
    return (f"{_HERE}/test_catalogue.py::*line {number}: *", *more)


def _rest(*cases: str) -> tuple[str, ...]:
    return tuple(f"{_HERE}/test_golden_rest.py::*-{case}]" for case in cases)


def _grpc(*cases: str) -> tuple[str, ...]:
    return tuple(f"{_HERE}/test_golden_grpc.py::*-{case}]" for case in cases)


def _process(*numbers: str) -> tuple[str, ...]:
    return tuple(f"{_HERE}/test_process_lines.py::test_line{number}" for number in numbers)


def _routing(number: int, *more: str) -> tuple[str, ...]:
    return (f"{_HERE}/test_routing.py::test_line_{number}_*", *more)


LINES = {
    # The model, REST
    1: Line("a message in the query of a GET is predicted on", _catalogue(1)),
    2: Line("/api/v0.1/predictions is /predict", _catalogue(2)),
    3: Line("/api/v1.0/predictions is /predict", _catalogue(3)),
    4: Line("the puid of the request is the answer's", _catalogue(4)),
    5: Line("requestPath names this node and its image", _catalogue(5)),
    6: Line("requestPath keeps the earlier nodes", _catalogue(6)),
    7: Line("requestPath over gRPC", (f"{_HERE}/test_catalogue.py::*line 5: *-gRPC]", *_catalogue(6))),
    8: Line("a reply of predict_rest is sent as it is", _rest("raw: predict_rest beats raw", "raw: predict_raw dict")),
    9: Line("multipart: bytes and meta reach a raw method", _rest("transport: multipart binData file")),
    10: Line("multipart: a binary file stays intact",
             (f"{_UNIT}/codecs/test_rest_body.py::test_a_binary_file_is_intact",
              f"{_UNIT}/codecs/test_multipart.py::test_a_binary_file_arrives_byte_by_byte")),
    11: Line("multipart: text in a file", _rest("transport: multipart strData file")),
    12: Line("the status code of a raw reply is the HTTP status", _rest("raw: predict_raw status code")),
    13: Line("multipart: JSON in a text field", _rest("transport: multipart data field")),
    14: Line("feedback in the query of a GET reaches the class", _catalogue(14)),
    15: Line("/api/v1.0/feedback and /api/v0.1/feedback are /send-feedback", _catalogue(15)),
    16: Line("a feedback method that returns nothing is answered for", _catalogue(16)),
    17: Line("a raw method is asked even where there is no data",
             (f"{_SERVICE}::test_a_message_without_payload_is_refused_unless_a_raw_method_takes_it",)),
    18: Line("a tftensor is answered with the same tftensor",
             (f"{_UNIT}/codecs/test_tftensor.py::test_any_numbers_survive_json_in_their_dtype*",
              f"{_SERVICE}::test_an_array_is_answered_in_the_form_it_came_in_if_it_is_numeric*",
              *_rest("payload: tftensor no tf"))),
    19: Line("binary data is answered in kind, with tags and metrics", _catalogue(19)),
    20: Line("an array for binary data or text is a tensor", _catalogue(20)),
    21: Line("text is answered in kind", _catalogue(19)),
    22: Line("a GET without a payload is refused in JSON",
             (f"{_HERE}/test_catalogue.py::test_line_22_*", *_rest("transport: no payload GET"))),
    23: Line("a metric of an unknown type is a 500 in JSON", _catalogue(23, *_rest("meta: bad metric"))),
    24: Line("the class's own exception chooses the status", _catalogue(24)),
    25: Line("predict is given the request's meta", _catalogue(25)),
    26: Line("the request's tags and the class's own are joined", _catalogue(26)),
    27: Line("the request's metrics come before the class's own", _catalogue(27)),
    28: Line("/seldon.json is an OpenAPI document", _process("_28_*")),
    29: Line("/health/ping is pong", (f"{_HERE}/test_catalogue.py::test_line_29_*", *_rest("health: ping"))),
    30: Line("/health/status is what health_status() says", _catalogue(30)),
    31: Line("a reply of health_status_raw() is sent as it is", _rest("health: status raw")),
    32: Line("/metadata is what init_metadata() says", _rest("metadata: init_metadata ok")),
    33: Line("a stub of the base class falls to predict, and no base class is needed", _catalogue(33)),
    34: Line("a class without feedback is content", _catalogue(34)),
    # The model, gRPC
    35: Line("a tensor is answered with a tensor", _catalogue(35)),
    36: Line("tags, metrics and meta over gRPC",
             tuple(f"{_HERE}/test_catalogue.py::*line {number}: *-gRPC]" for number in (25, 26, 27))),
    37: Line("a reply of predict_grpc is sent as it is",
             (f"{_PROTO}::test_a_raw_reply_of_bytes_or_a_protobuf_message_is_sent_as_it_is*",)),
    38: Line("SendFeedback, also with the deprecated method",
             (f"{_HERE}/test_catalogue.py::*line 14: *-gRPC]", *_grpc("feedback: send_feedback"))),
    39: Line("a tftensor over gRPC",
             (f"{_PROTO}::test_a_tftensor_keeps_its_dtype*",
              f"{_UNIT}/codecs/test_tftensor.py::test_any_numbers_survive_the_wire_in_their_dtype*")),
    40: Line("binary data in kind, or an array for it", _catalogue(40)),
    41: Line("a server can be made for any object", _grpc("errors: no predict")),
    # The router
    42: Line("a choice, with tags and metrics", _catalogue(42)),
    43: Line("route with meta and without", _catalogue(43)),
    44: Line("no route: Route not defined", _catalogue(44)),
    45: Line("replies of route_rest and route_raw are sent as they are", _rest("router: route_raw")),
    46: Line("no payload is 400, a bad metric 500", _catalogue(46)),
    47: Line("feedback with routing", _catalogue(47)),
    48: Line("a tensor over gRPC is answered with a tensor", _catalogue(48)),
    49: Line("the stub of the base class falls to route", _catalogue(49)),
    # The combiner
    50: Line("a list of messages, bare or named", _catalogue(50)),
    51: Line("tags are joined, the later wins", _catalogue(51)),
    52: Line("paths are joined", _catalogue(52)),
    53: Line("metrics in the order of the inputs", _catalogue(53)),
    54: Line("no aggregate: Aggregate not defined", _catalogue(54)),
    55: Line("what is no list of messages is refused", _catalogue(55)),
    56: Line("each kind is answered in kind", _catalogue(56)),
    57: Line("bad metrics, raw replies, the stub of the base class", _catalogue(57)),
    58: Line("the same over gRPC", (f"{_HERE}/test_catalogue.py::*line 51: *-gRPC]", *_catalogue(58))),
    # The transformers
    59: Line("both transformations with tags and metrics", _catalogue(59)),
    60: Line("raw replies are sent as they are",
             (f"{_SERVICE}::test_a_raw_method_gets_the_whole_message_and_its_answer_is_sent_as_it_is*",
              f"{_SERVICE}::test_the_deprecated_raw_methods_are_tried_in_the_references_order*")),
    61: Line("binary data in kind, arrays as tensors", _catalogue(61)),
    62: Line("no payload, bad metrics, meta, tags, metrics", _catalogue(62)),
    63: Line("the same over gRPC", _catalogue(63)),
    64: Line("the stub of the base class falls to the plain method", _catalogue(64)),
    # Errors and names
    65: Line("a Blueprint of error handlers answers the class's own exceptions",
             (f"{_DROPIN}::test_the_classs_own_error_handler_answers[line 65: *",)),
    66: Line("class_names as attribute, as method, or t:0, t:1",
             (f"{_SERVICE}::test_class_names_may_be_stated_in_any_way*", *_rest("class-names: attribute"))),
    # Conversions
    67: Line("which form an array goes out in",
             (f"{_SERVICE}::test_an_array_is_answered_in_the_form_it_came_in_if_it_is_numeric*",)),
    68: Line("text, dicts, bytes, messages, lists of text go out in kind",
             (f"{_SERVICE}::test_other_values_have_a_payload_of_their_own*",
              *_rest("return-type: list str <- tensor"))),
    69: Line("JSON data survives JSON and protobuf",
             (f"{_UNIT}/codecs/test_struct_values.py::test_what_protobuf_wrote_is_read",
              f"{_UNIT}/codecs/test_struct_values.py::test_what_is_written_protobuf_reads")),
    70: Line("every payload is extracted; unknown members of feedback are refused",
             (f"{_JSON}/test_decoding.py::test_each_payload_is_read_in_the_order_of_precedence*",
              *_rest("feedback: send_feedback unknown field"))),
    71: Line("arrays from tensor, ndarray and tftensor, and back",
             (f"{_UNIT}/codecs/test_tftensor.py::test_a_list_of_every_datatype_is_read*",
              f"{_JSON}/test_encoding.py::test_an_array_comes_back_as_it_went_out*")),
    72: Line("what counts as true in the environment",
             (f"{_UNIT}/test_settings.py::test_a_variable_sets_what_it_always_set*",)),
    73: Line("deployment, model, image and predictor from the environment",
             (f"{_UNIT}/test_settings.py::test_a_variable_sets_what_it_always_set*",)),
    74: Line("compact JSON with a newline",
             (f"{_JSON}/test_encoding.py::test_an_answer_has_sorted_keys_no_spaces_and_a_newline*",)),
    # Metadata
    75: Line("defaults, and name and version of the image",
             (f"{_METADATA}::test_name_and_version_default_to_the_images*", *_rest("metadata: default"))),
    76: Line("V1 entries", (f"{_METADATA}::test_every_form_of_entry_is_accepted*",)),
    77: Line("V2 entries", (f"{_METADATA}::test_every_form_of_entry_is_accepted*",
                            f"{_PROTO}::test_metadata_says_what_its_document_says*")),
    78: Line("what is refused", (f"{_METADATA}::test_a_broken_rule_makes_the_metadata_unavailable*",)),
    79: Line("MODEL_METADATA overrides, as JSON or YAML",
             (f"{_METADATA}::test_the_override_is_json_or_yaml*",
              f"{_METADATA}::test_the_class_overrides_the_defaults_and_the_operator_overrides_the_class")),
    80: Line("bad metadata is a 500 there and nowhere else",
             (f"{_METADATA}::test_a_broken_rule_makes_the_metadata_unavailable*",)),
    81: Line("metadata over gRPC", _grpc("services: Model/Metadata", "services: Seldon/ModelMetadata")),
    # Metrics
    82: Line("an image is split at its last colon",
             (f"{_METADATA}::test_name_and_version_default_to_the_images*",
              f"{_RECORDED}[metrics: [mx.split_image_tag*")),
    83: Line("create_counter, create_gauge, create_timer",
             tuple(f"{_RECORDED}[metrics: mx.create_{kind}*" for kind in ("counter", "gauge", "timer"))),
    84: Line("what is no valid metric", (f"{_METRICS}::test_metrics_that_cannot_be_counted_are_refused_whole*",)),
    85: Line("every verb counts, each kind in its way",
             (f"{_METRICS}::test_each_kind_is_counted_as_the_reference_does*",
              f"{_METRICS}::test_every_verb_has_its_own_series*",
              f"{_METRICS}::test_series_differ_by_tags_and_not_by_their_order*")),
    86: Line("metrics can be kept out of answers",
             (f"{_SERVICE}::test_own_metrics_can_be_kept_out_of_answers_and_are_recorded_all_the_same",)),
    87: Line("rewards are counted",
             (f"{_METRICS}::test_a_reward_is_counted_and_none_takes_anything_back_or_all_others_away*",)),
    88: Line("a result may bring tags and metrics",
             (f"{_SERVICE}::test_the_answers_metadata_joins_the_requests_the_classs_and_the_results",)),
    89: Line("the order of tags does not matter",
             (f"{_METRICS}::test_series_differ_by_tags_and_not_by_their_order*",)),
    90: Line("the metrics page",
             (f"{_HERE}/test_golden_rest.py::test_the_exposition_after_two_predictions_and_one_feedback_is*",
              f"{_METRICS}::test_nothing_counted_is_nothing_shown_of_the_users*")),
    91: Line("a worker's series go with it",
             ("tests/process/test_replace.py::test_counters_go_on_where_the_dead_worker_stopped",
              f"{_METRICS}::test_a_new_worker_of_a_slot_goes_on_where_the_last_one_stopped*")),
    # The process
    92: Line("all ports open where the environment says", (*_process("s_92_*"),
             "tests/process/test_start.py::test_each_form_opens_the_ports_of_the_table[operator]")),
    93: Line("a prediction of a started process", _process("_93_*")),
    94: Line("feedback of a started process", _process("_94_*")),
    95: Line("tags and metrics of the request come back", _process("_95_*")),
    96: Line("the metrics port, and dotted names", (*_process("s_92_96_*"),
             "tests/process/test_start.py::test_a_class_may_be_named_with_its_package")),
    97: Line("gRPC of a started process", (*_process("_97_*"), f"{_GRAPH}::test_rewards_reach*gRPC]")),
    98: Line("--tracing serves normally",
             (*_process("s_98_*"),
              f"{_UNIT}/test_settings.py::test_a_setting_that_does_less_than_it_says_is_noted*")),
    99: Line("bad parameters are refused",
             (f"{_UNIT}/component/test_parameters.py::test_a_bad_parameter_is_named_with_what_is_wrong*",)),
    100: Line("lines of the annotations",
              (f"{_UNIT}/test_annotations.py::test_lines_are_split_at_the_first_equals_sign*",)),
    101: Line("health of a started process, and PERSISTENCE=1", _process("s_98_and_101_*")),
    102: Line("the package's version is the repository's",
              ("tests/cli/test_help.py::test_the_version_is_told",)),
    # Tester and storage
    103: Line("the tester: names and values from the contract, feedback, refused contracts",
              ("tests/cli/test_test.py::test_a_good_model_is_good_by_every_way",
               "tests/cli/test_test.py::test_feedback_is_tried_where_it_is_asked_for",
               "tests/cli/test_test.py::test_text_goes_where_the_contract_has_categories",
               "tests/cli/test_test.py::test_a_bad_contract_is_refused_before_anything_starts*")),
    104: Line("a client of the gateway", reason="a client of whole deployments, which is no part of modelwrap"),
    105: Line("Storage.download",
              ("tests/unit/compat/test_storage.py::test_a_path_that_exists_is_returned_without_its_scheme*",
               "tests/unit/compat/test_storage.py::test_files_elsewhere_are_refused_with_the_way_to_get_them*",
               f"{_DROPIN}::test_line_105_*")),
    # The orchestrator
    106: Line("POST, the client's own Content-Type, answers as bytes", _routing(106)),
    107: Line("a choice is read from the reply", _routing(107)),
    108: Line("an error keeps its code and body",
              _routing(108, f"{_GRAPH}::test_the_first_failure_stops_the_graph_and_its_body_reaches_the_client")),
    109: Line("a combiner gets a bare list in the order of the children", _routing(109)),
    110: Line("-1, -2, or the index of a child", _routing(110)),
    111: Line("feedback reaches models and routers along the routing", _routing(111)),
    112: Line("every answer has a meta object", _routing(112)),
    113: Line("request and response events", reason="the orchestrator's alone: nothing reaches the component"),
    114: Line("Seldon-Puid is taken from the client or made", _routing(
        114, f"{_GRAPH}::test_every_node_adds_itself_to_the_path_and_hears_the_request_id*")),
    # Seen beyond
    115: Line("media types", _rest("transport: text/plain body", "transport: octet-stream body",
                                   "transport: application/vnd+json", "transport: bad json body")),
    116: Line("JSON that is no message", _rest("transport: empty object", "payload: status only")),
    117: Line("unknown paths, wrong methods, OPTIONS",
              _rest("transport: PUT predict", "transport: OPTIONS predict", "health: status POST")),
    118: Line("tensors that contradict themselves", _rest("payload: tensor no shape", "payload: data null",
                                                          "payload: data empty", "meta: meta string")),
    119: Line("which member counts",
              (f"{_JSON}/test_decoding.py::test_each_payload_is_read_in_the_order_of_precedence*",
               *_rest("payload: unknown field"))),
    120: Line("text beside numbers, nulls, booleans", _rest("payload: ndarray mixed", "input-dtype: bool")),
    121: Line("JSON data that is no object", _rest("payload: jsonData list", "payload: jsonData string")),
    122: Line("empty text, bad base64", _rest("payload: strData empty", "payload: binData number")),
    123: Line("every return type", _rest("return-type: None <- tensor", "return-type: tuple <- strData")),
    124: Line("lists of NumPy values, dates, NaN",
              _rest("return-type: list of np float32 <- ndarray", "return-type: np datetime <- ndarray",
                    "return-type: np nan <- tensor")),
    125: Line("signatures", _rest("signature: TypeError inside predict", "signature: predict(X,names)")),
    126: Line("class_names and feature_names of every type",
              _rest("class-names: method returns tuple", "transformer: transform-input class_names()",
                    "transformer: transform-input feature_names()")),
    127: Line("tags and metrics that are None or attributes", _rest("meta: metrics None", "meta: tags attribute")),
    128: Line("what a router may return",
              (*_rest("router: route returns np.int64", "router: route returns True", "router: route returns float"),
               f"{_SERVICE}::test_a_choice_that_no_child_can_have_is_refused_before_an_orchestrator_sees_it*")),
    129: Line("feedback: floats, empty arrays, signatures",
              _rest("feedback: send_feedback no request data", "feedback: send_feedback 4 args (no routing)")),
    130: Line("metadata that is no dict or has unknown keys",
              (*_rest("metadata: init_metadata not dict"),
               f"{_METADATA}::test_a_broken_rule_makes_the_metadata_unavailable*")),
    131: Line("gRPC: errors, limits, reflection, health",
              (*_grpc("errors: ValueError", "limits: 4.8MB request default", "predict: empty message"),
               f"{_HERE}/test_grpc_transport.py::test_a_status_chosen_by_user_code_has_its_counterpart*")),
    132: Line("exit statuses and signals",
              ("tests/process/test_start.py::test_wrong_usage_exits_with_2*",
               "tests/process/test_stop.py::test_a_request_in_progress_is_answered_and_new_ones_are_refused*")),
    133: Line("the metrics port: other paths, and labels from the environment", (*_process("s_92_96_and_133_*"),
              f"{_HERE}/test_golden_rest.py::test_the_exposition_after_two_predictions_and_one_feedback_is*")),
}  # fmt: skip
