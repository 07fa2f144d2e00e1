import numpy as np
import onnxruntime


class DigitClassifier:
    """Reads a digit from an image of 28 x 28 pixels, from 0 for paper to 1 for ink."""

    class_names = [str(digit) for digit in range(10)]

    def __init__(self):
        self.session = onnxruntime.InferenceSession("digits.onnx", providers=["CPUExecutionProvider"])

    def predict(self, X, feature_names):
        (answer,) = self.session.run(["probabilities"], {"X": np.asarray(X, np.float32)})
        return answer
