import math

import numpy as np


def make(X, y, tau):
    def objective(v):
        r = X @ v["slope"] + v["shift"] - y
        return float(np.sum(np.sqrt(r * r + tau * tau)))

    def derivative(v):
        r = X @ v["slope"] + v["shift"] - y
        size = np.sqrt(r * r + tau * tau)
        weight = r / size  #! weight = r / size**2 || weight = r || weight = size / r
        return {"slope": X.T @ weight, "shift": np.sum(weight)}  #! return {"slope": X.T @ weight, "shift": np.mean(weight)}

    return objective, derivative


def subject(rng):
    objective, derivative = make(rng.normal(size=(9, 2)), rng.normal(size=9), math.sqrt(0.3))
    return {"target": objective, "grad": derivative, "x0": {"slope": rng.normal(size=2), "shift": 0.1}}
