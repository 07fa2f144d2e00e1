import numpy as np
import xgboost


class TumourClassifier:
    """Tells how likely a tumour is malignant or benign, from thirty measures of its cells."""

    class_names = ["malignant", "benign"]

    def __init__(self):
        self.model = xgboost.Booster(model_file="tumour.ubj")

    def predict(self, X, feature_names):
        benign = self.model.inplace_predict(X)
        return np.column_stack([1 - benign, benign])
