"""A model folder read once into a frozen `Project`: its class, by reading the source, and its files.

This room never imports user code and never writes. It knows no image and no server; both wings' makers and the
command line start from what it says.
"""

from modelwrap.project.classes import ClassSource
from modelwrap.project.example import Example, make_example
from modelwrap.project.folder import Folder, LeftOut, ModelFile, ModelLink
from modelwrap.project.marker import MARKER, is_ours, staging_prefix
from modelwrap.project.reading import (
    Project,
    check_files,
    choose_model_name,
    open_folder,
    read_class,
    read_project,
    read_roles,
)

__all__ = [
    "MARKER",
    "ClassSource",
    "Example",
    "Folder",
    "LeftOut",
    "ModelFile",
    "ModelLink",
    "Project",
    "check_files",
    "choose_model_name",
    "is_ours",
    "make_example",
    "open_folder",
    "read_class",
    "read_project",
    "read_roles",
    "staging_prefix",
]
