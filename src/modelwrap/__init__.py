"""modelwrap turns a folder with a plain Python class into a container image that serves the model.

The package has two wings that never import each other: `modelwrap.runtime`, which runs inside the container, and
`modelwrap.image`, which makes the container. They meet in a small hall (`errors`, `contract`, `project`). Importing
`modelwrap` itself opens no socket, reads no environment and loads no server.
"""

__all__ = ["__version__"]

__version__ = "0.1.0.dev0"
