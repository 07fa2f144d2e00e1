"""What a class answers when it is called directly: run by the interpreter of its own environment, in its own folder.

    python direct.py CLASS QUESTIONS.npz ANSWERS.npz

Nothing of modelwrap or of this folder is imported, since neither is in that environment.
"""

from __future__ import annotations

import importlib
import sys

import numpy as np


def main(name: str, questions: str, answers: str) -> None:
    """Asks the class for every array of one file and writes the answers, by the same names, to another."""
    sys.path.insert(0, "")
    model = getattr(importlib.import_module(name), name)()
    with np.load(questions) as asked:
        found = {key: np.asarray(model.predict(asked[key], [])) for key in asked.files}
    np.savez(answers, **found)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*sys.argv[1:])
