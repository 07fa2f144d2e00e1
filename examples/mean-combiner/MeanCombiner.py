import numpy as np


class MeanCombiner:
    """Answers with the mean of what its children answered; the columns keep the names that the first gave them."""

    class_names = None

    def aggregate(self, Xs, names):
        self.class_names = names[0] or None
        return np.mean(Xs, axis=0)
