"""Manifests: what a platform is told so that it runs an image, as data, and then as YAML.

A source (an image, a folder, a graph file) and what was asked for become a `Plan`; each platform makes its documents
of the plan. This room applies nothing, asks no cluster and prints nothing.
"""

from modelwrap.deploy.documents import Document, write_yaml
from modelwrap.deploy.graph import Logger, Node
from modelwrap.deploy.graph_file import read_graph
from modelwrap.deploy.names import read_variable
from modelwrap.deploy.parameters import Parameter, read_parameter
from modelwrap.deploy.plan import Plan, Protocol, Size
from modelwrap.deploy.platforms import PLATFORMS, Platform, Target, manifests
from modelwrap.deploy.source import Source, read_source

__all__ = [
    "PLATFORMS",
    "Document",
    "Logger",
    "Node",
    "Parameter",
    "Plan",
    "Platform",
    "Protocol",
    "Size",
    "Source",
    "Target",
    "manifests",
    "read_graph",
    "read_parameter",
    "read_source",
    "read_variable",
    "write_yaml",
]
