"""Trains on Fisher's iris data, which scikit-learn brings, and writes iris.joblib beside this file."""

from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_iris(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)

model = make_pipeline(StandardScaler(), LogisticRegression())
model.fit(X_train, y_train)

path = Path(__file__).with_name("iris.joblib")
joblib.dump(model, path)
share = model.score(X_test, y_test)
print(f"{len(X_train)} flowers learnt, {share:.0%} of {len(X_test)} others recognised: {path.name}")
