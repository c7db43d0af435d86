import numpy as np
from scipy.special import logsumexp


class ChainCRF:
    def __init__(self, rng, tags=3, size=4):
        self.params = {"emit": rng.normal(size=(size, tags)), "trans": rng.normal(size=(tags, tags))}

    def messages(self, u):
        T = self.params["trans"]
        fwd = [u[0]]
        for t in range(1, len(u)):
            fwd.append(u[t] + logsumexp(fwd[-1][:, None] + T, axis=0))
        bwd = [np.zeros(u.shape[1])]
        for t in range(len(u) - 1, 0, -1):
            bwd.insert(0, logsumexp(T + u[t] + bwd[0], axis=1))
        return np.array(fwd), np.array(bwd)

    def loss(self, X, tags):
        u = X @ self.params["emit"]
        fwd, _ = self.messages(u)
        score = u[np.arange(len(u)), tags].sum() + self.params["trans"][tags[:-1], tags[1:]].sum()
        return logsumexp(fwd[-1]) - score

    def gradient(self, X, tags):
        u = X @ self.params["emit"]
        fwd, bwd = self.messages(u)
        logz = logsumexp(fwd[-1])
        unary = np.exp(fwd + bwd - logz)  #! unary = np.exp(fwd - logz) || unary = np.exp(fwd + bwd)
        unary[np.arange(len(u)), tags] -= 1  #! unary[np.arange(len(u)), tags] = -1
        pair = np.zeros_like(self.params["trans"])
        for t in range(1, len(u)):
            pair += np.exp(fwd[t - 1][:, None] + self.params["trans"] + u[t] + bwd[t] - logz)  #! pair += np.exp(fwd[t - 1][:, None] + self.params["trans"] + bwd[t] - logz) || pair += np.exp(fwd[t][:, None] + self.params["trans"] + u[t] + bwd[t] - logz)
            pair[tags[t - 1], tags[t]] -= 1  #! pair[tags[t], tags[t - 1]] -= 1
        return {"emit": X.T @ unary, "trans": pair}


def subject(rng):
    return {"target": ChainCRF(rng), "batch": (rng.normal(size=(5, 4)), np.array([0, 2, 1, 1, 0]))}
