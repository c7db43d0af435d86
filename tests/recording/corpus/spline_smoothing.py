import numpy as np

BASIS = np.array([[(i - j) ** 3 if i > j else 0.0 for j in range(4)] for i in np.linspace(0, 4, 10)])


def objective(c, y, lam):
    """Mean of absolute residuals, smoothed, and a penalty on second differences."""
    r = BASIS @ c - y
    bend = c[2:] - 2 * c[1:-1] + c[:-2]
    return np.mean(np.log(np.cosh(r))) + lam * bend @ bend


def objective_grad(c, y, lam):
    r = BASIS @ c - y
    bend = c[2:] - 2 * c[1:-1] + c[:-2]
    out = BASIS.T @ np.tanh(r) / len(y)  #! out = BASIS.T @ np.tanh(r) || out = BASIS.T @ np.sinh(r) / len(y) || out = BASIS.T @ r / len(y)
    out[2:] += 2 * lam * bend  #! out[2:] += lam * bend || out[2:] -= 2 * lam * bend
    out[1:-1] -= 4 * lam * bend  #! out[1:-1] -= 2 * lam * bend || out[1:-1] += 4 * lam * bend
    out[:-2] += 2 * lam * bend
    return out


def subject(rng):
    return {"target": objective, "grad": objective_grad, "x0": 0.1 * rng.normal(size=4), "args": (rng.normal(size=10), 0.05)}
