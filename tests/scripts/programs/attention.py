import numpy as np

rng = np.random.default_rng(4)
n, d = 6, 4
x = rng.normal(size=(n, d))
target = rng.normal(size=(n, d))
Wq = rng.normal(size=(d, d)) * 0.6
Wk = rng.normal(size=(d, d)) * 0.6
Wv = rng.normal(size=(d, d)) * 0.6
scale = 1 / np.sqrt(d)
lr = 0.05

for epoch in range(4000):
    Q = x @ Wq
    K = x @ Wk
    V = x @ Wv
    S = Q @ K.T * scale
    E = np.exp(S - S.max(axis=-1, keepdims=True))
    P = E / E.sum(axis=-1, keepdims=True)
    O = P @ V
    loss = ((O - target) ** 2).mean()

    dO = 2 * (O - target) / O.size
    dV = P.T @ dO
    dP = dO @ V.T
    dS = P * (dP - (dP * P).sum(axis=-1, keepdims=True))
    dQ = dS @ K * scale
    dK = dS.T @ Q * scale
    dWq = x.T @ dQ
    dWk = x.T @ dK
    dWv = x.T @ dV

    Wq -= lr * dWq
    Wk -= lr * dWk
    Wv -= lr * dWv
    if epoch % 400 == 0:
        print(f"{epoch}: {loss:.5f}")
