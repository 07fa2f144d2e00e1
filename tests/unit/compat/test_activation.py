"""The stand-in is found where the real package is not, and only there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from modelwrap.compat import activate
from unit.compat.conftest import Run


def test_the_stand_in_is_found_by_seldons_name(run: Run) -> None:
    assert run("import seldon_core; print(seldon_core.__version__)") == "1.18.2+modelwrap"


def test_a_package_that_is_installed_wins(run: Run, tmp_path: Path) -> None:
    (tmp_path / "seldon_core").mkdir()
    (tmp_path / "seldon_core" / "__init__.py").write_text("__version__ = 'the real one'")
    assert run("import seldon_core; print(seldon_core.__version__)", tmp_path) == "the real one"


def test_activating_twice_changes_nothing_and_imports_nothing(run: Run) -> None:
    assert (
        run(
            """
        import sys
        path, modules = list(sys.path), set(sys.modules)
        activate()
        print(sys.path == path, sorted(set(sys.modules) - modules), "seldon_core" in sys.modules)
        """
        )
        == "True [] False"
    )


def test_it_comes_last_and_brings_no_other_name() -> None:
    activate()
    [folder] = [Path(entry) for entry in sys.path if Path(entry).name == "compat"]
    assert sys.path.index(str(folder)) == len(sys.path) - 1
    assert {each.name for each in folder.iterdir()} - {"__pycache__"} == {"__init__.py", "seldon_core"}


#: What public classes import, by how it is written there.
IMPORTS = [
    "import seldon_core",
    "from seldon_core import Storage, __version__",
    "from seldon_core.storage import Storage",
    "from seldon_core.user_model import SeldonComponent, SeldonNotImplementedError, SeldonResponse",
    "from seldon_core.user_model import client_class_names, client_custom_metrics, client_custom_tags, client_predict",
    "from seldon_core.flask_utils import SeldonMicroserviceException",
    "from seldon_core.microservice import PARAMETERS_ENV_NAME, SeldonMicroserviceException, parse_parameters",
    "from seldon_core.metrics import DEFAULT_LABELS, create_counter, create_gauge, create_timer, validate_metrics",
    "from seldon_core.env_utils import NONIMPLEMENTED_MSG, get_model_name",
    "from seldon_core.imports_helper import _TF_PRESENT",
    "from seldon_core.utils import getenv, getenv_as_bool, NONIMPLEMENTED_MSG",
    "from seldon_core.utils import array_to_grpc_datadef, array_to_list_value, array_to_rest_datadef",
    "from seldon_core.utils import extract_request_parts, extract_request_parts_json, get_data_from_proto",
    "from seldon_core.utils import feedback_to_json, json_to_feedback, json_to_seldon_message, seldon_message_to_json",
    "from seldon_core.utils import *\nfrom seldon_core.user_model import *\nclient_predict, construct_response_json",
    "from seldon_core.proto import prediction_pb2, prediction_pb2_grpc",
    "import seldon_core.utils as scu\nscu.grpc_datadef_to_array",
]


@pytest.mark.parametrize("statement", IMPORTS)
def test_what_existing_classes_import_is_there(statement: str) -> None:
    exec(statement, {})


def test_all_but_the_messages_does_without_protobuf(run: Run) -> None:
    assert (
        run(
            """
        import sys
        sys.modules["google.protobuf"] = None
        import seldon_core.metrics, seldon_core.microservice, seldon_core.user_model, seldon_core.utils
        print(seldon_core.utils.extract_request_parts_json({"data": {"ndarray": [[1, 2]]}})[0].tolist())
        """
        )
        == "[[1, 2]]"
    )


@pytest.mark.parametrize("statement", ["import seldon_core.proto.prediction_pb2", "utils.json_to_seldon_message({})"])
def test_the_messages_without_protobuf_say_what_to_add(run: Run, statement: str) -> None:
    assert (
        run(
            f"""
        import sys
        sys.modules["google.protobuf"] = None
        from seldon_core import utils
        try:
            {statement}
        except ImportError as error:
            print(error)
        """
        )
        == "seldon_core.proto needs protobuf, 3.20 or newer: add protobuf to requirements.txt"
    )
