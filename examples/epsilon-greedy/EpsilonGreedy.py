import numpy as np


class EpsilonGreedy:
    """Sends a request to the branch that earned most so far, and now and then to any, to learn of the others."""

    mergeable = ("tries", "rewards")  # with --persistence, what all workers and replicas count is added up

    def __init__(self, n_branches=2, epsilon=0.1, seed=None):
        self.n_branches = n_branches
        self.epsilon = epsilon
        self.random = np.random.default_rng(seed)
        self.tries = np.zeros(n_branches, dtype=int)
        self.rewards = np.zeros(n_branches)

    def route(self, X, names):
        if self.random.random() < self.epsilon:
            return self.random.integers(self.n_branches)
        return np.argmax(self.mean_rewards())

    def send_feedback(self, X, names, reward, truth, routing=None):
        if routing in range(self.n_branches):
            self.tries[routing] += 1
            self.rewards[routing] += reward

    def mean_rewards(self):
        return self.rewards / np.maximum(self.tries, 1)

    def metrics(self):
        means = enumerate(self.mean_rewards())
        return [{"type": "GAUGE", "key": f"branch_{branch}_reward", "value": mean} for branch, mean in means]
