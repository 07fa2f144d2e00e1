"""A graph in a small file: what it says becomes nodes, and a slip is named with its node and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwrap.contract import Role
from modelwrap.deploy.graph import Logger, LoggerMode, Size, nodes_of
from modelwrap.deploy.graph_file import read_graph
from modelwrap.errors import DeployError, ModelwrapError

GRAPH = """\
name: bandit
graph:
  name: router
  type: ROUTER
  image: registry.example/router:0.1
  parameters: {n_branches: 2}
  env: {MODELWRAP_WORKERS: 2}
  persistence: true
  logger: {mode: request, url: "http://logger.example"}
  children:
  - {name: a, image: registry.example/a:0.1, logger: all}
  - {name: b, image: registry.example/b:0.1, apart: true, cpu: 2, memory: 2Gi}
"""


def read(folder: Path, text: str) -> object:
    (folder / "graph.yaml").write_text(text)
    return read_graph(folder / "graph.yaml", Size())


def test_a_file_becomes_a_graph(tmp_path: Path) -> None:
    (tmp_path / "graph.yaml").write_text(GRAPH)
    name, root = read_graph(tmp_path / "graph.yaml", Size("1", "1Gi"))
    router, a, b = nodes_of(root)
    assert name == "bandit"
    assert (router.role, router.keeps_state, router.environment) == (Role.ROUTER, True, {"MODELWRAP_WORKERS": "2"})
    assert router.logger == Logger(LoggerMode.REQUEST, "http://logger.example")
    assert (a.role, a.logger, a.size, a.is_apart) == (Role.MODEL, Logger(LoggerMode.ALL), Size("1", "1Gi"), False)
    assert (b.size, b.is_apart) == (Size("2", "2Gi"), True)


def test_a_name_that_is_not_given_is_the_files(tmp_path: Path) -> None:
    (tmp_path / "my-graph.yaml").write_text(GRAPH.replace("name: bandit\n", ""))
    assert read_graph(tmp_path / "my-graph.yaml", Size())[0] == "my-graph"


@pytest.mark.parametrize(
    ("right", "slip", "words"),
    [
        ("type: ROUTER", "tpye: ROUTER", "did you mean type?"),
        ("type: ROUTER", "type: ROTER", "type is 'ROTER'; it may be MODEL, ROUTER"),
        ("persistence: true", "persistence: maybe", "router: persistence is 'maybe', not true or false"),
        ("mode: request", "mode: some", "router: logger mode is 'some'"),
        ("n_branches: 2", "n_branches: [2]", "no number, text, true or false"),
        ("name: a, image: registry.example/a:0.1", "name: a", "a needs an image, or the folder of one"),
        ("name: a,", "", "has no name"),
        ("name: bandit", "name: [bandit]", "not text"),
        ("  name: router", "  name: [router", "graph.yaml:4 is no YAML"),
        ("graph:", "grahp:", "did you mean graph?"),
        ("registry.example/a:0.1", "Registry/A:0.1", "can't be the name of an image"),
    ],
)
def test_a_slip_is_named(right: str, slip: str, words: str, tmp_path: Path) -> None:
    assert right in GRAPH
    with pytest.raises(ModelwrapError) as refused:
        read(tmp_path, GRAPH.replace(right, slip, 1))
    assert words in refused.value.message


def test_a_file_that_is_not_there_or_no_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="can't be read"):
        read_graph(tmp_path / "none.yaml", Size())
    with pytest.raises(DeployError, match="has no graph"):
        read(tmp_path, "name: x\n")
    with pytest.raises(DeployError, match="is no mapping of name, graph"):
        read(tmp_path, "- 1\n")
