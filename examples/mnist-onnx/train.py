"""Trains on the handwritten digits that scikit-learn brings, enlarged to 28 x 28 pixels; writes digits.onnx."""

from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier


def digits():
    """Images of shape (1797, 784), from 0 for paper to 1 for ink, and the digits that they show."""
    small = load_digits()
    large = np.kron(small.images, np.ones((1, 3, 3)))
    framed = np.pad(large, ((0, 0), (2, 2), (2, 2)))
    return framed.reshape(-1, 784) / 16, small.target


if __name__ == "__main__":
    X, y = digits()
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)

    model = MLPClassifier(128, max_iter=60, random_state=0, early_stopping=True)
    model.fit(X_train, y_train)

    path = Path(__file__).with_name("digits.onnx")
    # Without zipmap=False the probabilities would be a list of dicts instead of an array.
    exported = to_onnx(model, X_train[:1].astype(np.float32), options={"zipmap": False})
    path.write_bytes(exported.SerializeToString())
    share = model.score(X_test, y_test)
    print(f"{len(X_train)} digits learnt, {share:.0%} of {len(X_test)} others recognised: {path.name}")
