from types import SimpleNamespace

import numpy as np

rng = np.random.default_rng(50)
p = SimpleNamespace(W1=rng.normal(size=(4, 6)) * 0.5, b1=np.zeros(6), W2=rng.normal(size=(6, 3)) * 0.5, b2=np.zeros(3))
g = SimpleNamespace()
x = rng.normal(size=(10, 4))
t = np.eye(3)[rng.integers(0, 3, 10)]

for it in range(3000):
    z1 = x @ p.W1 + p.b1
    a1 = np.log1p(np.exp(z1))
    z2 = a1 @ p.W2 + p.b2
    q = np.exp(z2 - z2.max(axis=1, keepdims=True))
    q = q / q.sum(axis=1, keepdims=True)
    loss = -(t * np.log(q)).sum(axis=1).mean()

    gz2 = (q - t) / len(x)
    g.W2 = a1.T @ gz2
    g.b2 = gz2.sum(axis=0)
    ga1 = gz2 @ p.W2.T
    gz1 = ga1 / (1 + np.exp(-z1))
    g.W1 = x.T @ gz1
    g.b1 = gz1.sum(axis=0)
    for name in ("W1", "b1", "W2", "b2"):
        setattr(p, name, getattr(p, name) - 0.1 * getattr(g, name))
    if it % 300 == 0:
        print(it, loss)
