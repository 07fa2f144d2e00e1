class IrisScaler:
    """Turns measures of another unit into centimetres, which the iris model learnt."""

    feature_names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]

    def __init__(self, centimetres=0.1):
        self.centimetres = centimetres  # of one unit: 0.1 for millimetres, 2.54 for inches

    def transform_input(self, X, names):
        return X * self.centimetres
