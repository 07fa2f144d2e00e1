"""What an orchestrator would refuse in a graph is refused here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modelwrap.contract import Role
from modelwrap.deploy.graph import Node, check_graph
from modelwrap.errors import DeployError

MODEL = Node(name="model", image="registry.example/iris:0.1")


def chain(length: int) -> Node:
    """A chain of so many nodes below its root."""
    root = replace(MODEL, name=f"node-{length}")
    for number in reversed(range(length)):
        root = replace(MODEL, name=f"node-{number}", role=Role.TRANSFORMER, children=(root,))
    return root


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        (replace(MODEL, children=(MODEL,)), "2 nodes are called model"),
        (replace(MODEL, name="step_one"), "step-one would do"),
        (replace(MODEL, name="seldon-container-engine"), "orchestrator's own container"),
        (replace(MODEL, name="a" * 60), "at most 59 characters"),
        (chain(11), "11 levels below the root"),
    ],
)
def test_it_names_the_node_and_the_reason(root: Node, reason: str) -> None:
    with pytest.raises(DeployError, match=reason):
        check_graph(root)


def test_ten_levels_below_the_root_are_taken() -> None:
    check_graph(chain(10))
