import statsmodels.api as sm


class GradeForecast:
    """Tells how likely a student's grade improves: grade point average, test score, taught by the new method or not."""

    class_names = ["improves"]

    def __init__(self):
        self.results = sm.load("grades.pickle")

    def predict(self, X, feature_names):
        return self.results.predict(sm.add_constant(X, has_constant="add")).reshape(-1, 1)
