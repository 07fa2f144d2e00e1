import os

# Keras runs on one of several backends; JAX is the smallest where there is no GPU.
os.environ.setdefault("KERAS_BACKEND", "jax")

from keras.models import load_model


class MnistClassifier(object):
    def __init__(self):
        self.model = load_model("MnistClassifier.h5")

    def predict(self, X, feature_names):
        return self.model.predict(X)
