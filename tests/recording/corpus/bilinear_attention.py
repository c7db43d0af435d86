import numpy as np


def forward(p, X, y):
    H = np.tanh(X @ p["U"])
    s = H @ p["a"]
    w = np.exp(s - s.max())
    w /= w.sum()
    ctx = w @ X
    out = ctx @ p["c"]
    return H, w, ctx, out


def loss(p, X, y):
    return (forward(p, X, y)[-1] - y) ** 2


def grads(p, X, y):
    H, w, ctx, out = forward(p, X, y)
    d_out = 2 * (out - y)  #! d_out = out - y
    g = {"c": d_out * ctx}
    d_ctx = d_out * p["c"]
    d_w = X @ d_ctx  #! d_w = X @ ctx
    d_s = w * (d_w - w @ d_w)  #! d_s = w * d_w || d_s = w * (1 - w) * d_w || d_s = w * (d_w - np.mean(d_w))
    g["a"] = H.T @ d_s
    d_z = np.outer(d_s, p["a"]) * (1 - H**2)  #! d_z = np.outer(d_s, p["a"]) * (1 - H) || d_z = np.outer(d_s, p["a"])
    g["U"] = X.T @ d_z
    return g


def subject(rng):
    p = {"U": rng.normal(size=(3, 4)), "a": rng.normal(size=4), "c": rng.normal(size=3)}
    return {"target": loss, "grad": grads, "x0": p, "args": (rng.normal(size=(5, 3)), 0.7)}
