"""Trains on the handwritten digits that scikit-learn brings, enlarged to 28 x 28 pixels; writes digits.pt2."""

from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn


def digits():
    """Images of shape (1797, 784), from 0 for paper to 1 for ink, and the digits that they show."""
    small = load_digits()
    large = np.kron(small.images, np.ones((1, 3, 3)))
    framed = np.pad(large, ((0, 0), (2, 2), (2, 2)))
    return framed.reshape(-1, 784) / 16, small.target


if __name__ == "__main__":
    X, y = digits()
    X = torch.tensor(X, dtype=torch.float32)
    X_train, X_test, y_train, y_test = train_test_split(X, torch.tensor(y), test_size=0.2, random_state=0, stratify=y)

    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.Adam(layers.parameters())
    for _ in range(10):
        for rows in torch.randperm(len(X_train)).split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(layers(X_train[rows]), y_train[rows]).backward()
            optimizer.step()

    model = nn.Sequential(layers, nn.Softmax(dim=1)).eval()
    # Without a dynamic first dimension the exported model would take batches of the example's length only.
    exported = torch.export.export(model, (X_train[:2],), dynamic_shapes=({0: torch.export.Dim("rows")},))
    path = Path(__file__).with_name("digits.pt2")
    torch.export.save(exported, path)
    share = (model(X_test).argmax(dim=1) == y_test).float().mean()
    print(f"{len(X_train)} digits learnt, {share:.0%} of {len(X_test)} others recognised: {path.name}")
