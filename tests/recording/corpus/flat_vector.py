import numpy as np

SHAPES = [(3, 4), (4,), (4, 1), (1,)]


def unpack(theta):
    parts, start = [], 0
    for shape in SHAPES:
        size = int(np.prod(shape))
        parts.append(theta[start : start + size].reshape(shape))
        start += size
    return parts


def cost(theta, X, y):
    W1, b1, W2, b2 = unpack(theta)
    h = np.sin(X @ W1 + b1)
    out = (h @ W2 + b2)[:, 0]
    return np.sum((out - y) ** 2) / (2 * len(y))


def cost_gradient(theta, X, y):
    W1, b1, W2, b2 = unpack(theta)
    z = X @ W1 + b1
    h = np.sin(z)
    out = (h @ W2 + b2)[:, 0]
    d = ((out - y) / len(y))[:, None]  #! d = (out - y)[:, None]
    gW2 = h.T @ d  #! gW2 = z.T @ d || gW2 = -h.T @ d
    gb2 = d.sum(axis=0)
    back = d @ W2.T * np.cos(z)  #! back = d @ W2.T * np.sin(z) || back = d @ W2.T || back = d @ W2.T * z
    gW1 = X.T @ back  #! gW1 = X.T @ back * 3
    gb1 = back.sum(axis=0)  #! gb1 = back.sum(axis=0) / len(y)
    return np.concatenate([gW1.ravel(), gb1, gW2.ravel(), gb2])


def subject(rng):
    return {"target": cost, "grad": cost_gradient, "x0": rng.normal(size=21) / 2, "args": (rng.normal(size=(6, 3)), rng.normal(size=6))}
