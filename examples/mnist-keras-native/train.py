"""Trains on the handwritten digits that scikit-learn brings, enlarged to 28 x 28 pixels; writes digits.keras."""

import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def digits():
    """Images of shape (1797, 784), from 0 for paper to 1 for ink, and the digits that they show."""
    small = load_digits()
    large = np.kron(small.images, np.ones((1, 3, 3)))
    framed = np.pad(large, ((0, 0), (2, 2), (2, 2)))
    return framed.reshape(-1, 784) / 16, small.target


if __name__ == "__main__":
    X, y = digits()
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Reshape((28, 28, 1)),
            keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
            keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X_train, y_train, epochs=10, verbose=0)

    path = Path(__file__).with_name("digits.keras")
    model.save(path)
    share = model.evaluate(X_test, y_test, verbose=0)[1]
    print(f"{len(X_train)} digits learnt, {share:.0%} of {len(X_test)} others recognised: {path.name}")
