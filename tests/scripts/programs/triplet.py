import numpy as np

rng = np.random.default_rng(6)
anchor = rng.normal(size=(9, 5))
positive = anchor + 0.3 * rng.normal(size=(9, 5))
negative = rng.normal(size=(9, 5))
M = rng.normal(size=(5, 3)) * 0.5
margin, lr = 4.0, 0.01

for it in range(2000):
    a = anchor @ M
    p = positive @ M
    n = negative @ M
    dp = ((a - p) ** 2).sum(axis=1)
    dn = ((a - n) ** 2).sum(axis=1)
    hinge = np.maximum(0, dp - dn + margin)
    loss = hinge.mean()

    active = (hinge > 0).astype(float)[:, None] / len(hinge)
    grad_a = 2 * active * (n - p)
    grad_p = -2 * active * (a - p)
    grad_n = 2 * active * (a - n)
    grad_M = anchor.T @ grad_a + positive.T @ grad_p + negative.T @ grad_n
    M -= lr * grad_M
    if it % 100 == 0:
        print(it, loss)
