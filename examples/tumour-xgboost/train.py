"""Trains on the tumours that scikit-learn brings (Wisconsin, 1993); writes tumour.ubj beside this file."""

from pathlib import Path

import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)

settings = {"objective": "binary:logistic", "max_depth": 3, "eta": 0.1}
model = xgboost.train(settings, xgboost.DMatrix(X_train, y_train), num_boost_round=100)

path = Path(__file__).with_name("tumour.ubj")
model.save_model(path)
share = ((model.inplace_predict(X_test) > 0.5) == y_test).mean()
print(f"{len(X_train)} tumours learnt, {share:.0%} of {len(X_test)} others recognised: {path.name}")
