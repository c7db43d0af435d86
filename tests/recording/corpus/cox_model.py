import numpy as np


def partial_likelihood(beta, X, event):
    """Negative log partial likelihood; rows are in the order of their times."""
    risk = np.exp(X @ beta)
    below = np.cumsum(risk[::-1])[::-1]
    return -np.sum(event * (X @ beta - np.log(below)))


def score(beta, X, event):
    risk = np.exp(X @ beta)
    below = np.cumsum(risk[::-1])[::-1]
    weighted = np.cumsum((risk[:, None] * X)[::-1], axis=0)[::-1]  #! weighted = np.cumsum(risk[:, None] * X, axis=0) || weighted = np.cumsum(X[::-1], axis=0)[::-1]
    mean = weighted / below[:, None]  #! mean = weighted / risk[:, None] || mean = weighted / below[:, None] ** 2
    return -event @ (X - mean)  #! return event @ (X - mean) || return -event @ (X + mean)


def subject(rng):
    event = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
    return {"target": partial_likelihood, "grad": score, "x0": rng.normal(size=3), "args": (rng.normal(size=(6, 3)), event)}
