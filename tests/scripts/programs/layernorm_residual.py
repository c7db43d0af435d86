import numpy as np

rng = np.random.RandomState(12)
X = rng.randn(8, 5)
T = rng.randn(8, 2)
Wa = rng.randn(5, 5) * 0.5
Wb = rng.randn(5, 2) * 0.5
g = np.ones(5) + 0.2 * rng.randn(5)
lr = 0.02
for it in range(5000):
    mu = X.mean(axis=1, keepdims=True)
    u = X @ Wa
    v = np.tanh(u)
    r = X + v
    m = r.mean(axis=1, keepdims=True)
    sd = np.sqrt(((r - m) ** 2).mean(axis=1, keepdims=True) + 1e-6)
    nrm = (r - m) / sd
    q = nrm * g
    y = q @ Wb
    y2 = y + 0.3 * np.tanh(y)
    cost = 0.5 * np.sum((y2 - T) ** 2)

    dy2 = y2 - T
    dy = dy2 * (1 + 0.3 * (1 - np.tanh(y) ** 2))
    dWb = q.T @ dy
    dq = dy @ Wb.T
    dg = (dq * nrm).sum(axis=0)
    dnrm = dq * g
    dr = (dnrm - dnrm.mean(axis=1, keepdims=True) - nrm * (dnrm * nrm).mean(axis=1, keepdims=True)) / sd
    dv = dr
    du = dv * (1 - v ** 2)
    dWa = X.T @ du
    Wa = Wa - lr * dWa
    Wb = Wb - lr * dWb
    g = g - lr * dg
    if it % 500 == 0:
        print(it, cost)
