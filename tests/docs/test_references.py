"""The pages of reference name what there is: every path, every method, every status, every series."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.tables import table, words
from modelwrap.contract import Role
from modelwrap.runtime.catalogue import Catalogue
from modelwrap.runtime.codecs.grpc_reflection import SERVICES
from modelwrap.runtime.endpoints import (
    GRPC_METHODS,
    INFER_METHOD,
    REST_PATHS,
    endpoint_templates,
    find_endpoint,
    rest_endpoints,
)
from modelwrap.runtime.metrics.exposition import HELP
from modelwrap.runtime.transports import status
from modelwrap.runtime.transports.grpc_services import conversations
from modelwrap.runtime.transports.readiness import Readiness
from rig.iris import ROOT
from serving import Served

REFERENCE = ROOT / "docs/reference"
REST, GRPC, METRICS, OIP = (
    REFERENCE / name for name in ("rest-api.md", "grpc-api.md", "metrics.md", "open-inference-protocol.md")
)


def documented_paths() -> dict[str, set[str]]:
    """Path to methods, as the page has them."""
    return {path: set(words(row[1])) for row in table(REST, "path") for path in words(row[0]) if path.startswith("/")}


def test_the_page_of_rest_has_every_path_of_the_component_with_its_methods() -> None:
    documented = {path: methods for path, methods in documented_paths().items() if path in REST_PATHS}
    assert documented == {path: set(methods) for path, (_, methods) in REST_PATHS.items()}


def test_the_page_of_rest_has_every_status() -> None:
    assert {int(row[0]) for row in table(REST, "status")} == set(status._HTTP.values())


def test_the_page_of_rest_tells_the_statuses_of_grpc_that_answer_alike() -> None:
    codes = {code: (number, status._GRPC[code].name) for code, number in status._HTTP.items()}
    told = {(int(row[0]), name) for row in table(REST, "status") for name in words(row[2])}
    assert told <= set(codes.values())


def test_the_page_of_grpc_has_every_method() -> None:
    documented = {f"/{words(row[0])[0]}/{words(row[1])[0]}" for row in table(GRPC, "service")}
    others = conversations(Readiness(), Catalogue(["Model"], dict))
    assert documented == {*GRPC_METHODS, INFER_METHOD, *others}
    assert {path.split("/")[1] for path in documented} == set(SERVICES)


def test_the_page_of_the_open_inference_protocol_has_every_path_with_its_method() -> None:
    rows = table(OIP, "path")
    documented = {(path.replace("NAME", "iris"), words(row[1])[0]) for row in rows for path in words(row[0])}
    for path, method in documented:
        endpoint = rest_endpoints().get(path) or find_endpoint(path, Role.MODEL)
        assert endpoint is not None, path
        assert endpoint.methods == (method,), path
    fixed = {(path, method) for path, each in rest_endpoints().items() for method in each.methods if path[:2] == "/v"}
    assert fixed <= documented
    named = {path for path, _ in documented if "iris" in path}
    assert len(named) == len(endpoint_templates())


def test_the_page_of_grpc_has_every_status() -> None:
    used = {number.name for code, number in status._GRPC.items() if code.name != "WRONG_METHOD"}
    assert {words(row[0])[0] for row in table(GRPC, "status")} == used | {"INTERNAL"}


def test_the_page_of_metrics_has_every_series_of_the_server() -> None:
    documented = {words(row[0])[0].removesuffix("_total"): row[2] for row in table(METRICS, "series")}
    lacking = [f"| `{name}` | ? | {text} |" for name, text in HELP.items() if documented.get(name) != text]
    assert documented == dict(HELP), "\n".join(["write into docs/reference/metrics.md:", *lacking])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    reporting = "class M:\n    def predict(self, X, names):\n        return X\n    def metrics(self):\n        return ["
    reporting += '{"type": "GAUGE", "key": "g", "value": 1, "tags": {"t": "x"}}]\n'
    folder: Path = tmp_path_factory.mktemp("reference")
    with Served(folder, "M", "--metrics-path", "/own", files={"M.py": reporting}) as served:
        yield served


@pytest.mark.parametrize("path", [*documented_paths(), "/own"])
def test_every_path_of_the_page_is_there(server: Served, path: str) -> None:
    methods = documented_paths().get(path, {"GET"})
    answer = server.get(path) if "GET" in methods else server.post(path, {"data": {"ndarray": [[1]]}})
    assert answer.status not in {404, 405, 500}


def test_the_labels_of_the_page_are_those_that_are_exposed(server: Served) -> None:
    server.post("/predict", {"data": {"ndarray": [[1]]}})
    (series,) = [name for name in server.series() if name.startswith("g{")]
    exposed = {pair.partition("=")[0] for pair in series[2:-1].split(",")} - {"t"}
    assert {label for row in table(METRICS, "label")[1:] for label in words(row[0])} == exposed


def test_the_types_of_the_page_are_those_that_are_exposed(server: Served) -> None:
    text = server.get("/metrics", port=server.metrics).body.decode()
    exposed = {line.split()[2]: line.split()[3] for line in text.splitlines() if line.startswith("# TYPE")}
    documented = {words(row[0])[0]: row[1] for row in table(METRICS, "series")}
    assert {name: kind for name, kind in documented.items() if name in exposed}.items() <= exposed.items()
    assert len(documented.keys() & exposed.keys()) >= 6


def test_the_index_leads_to_every_page() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    pages = {page for page in pages if not page.startswith("decisions/") and page != "README.md"}
    assert {page for page in pages if f"({page})" not in index} == set()
