import numpy as np

rng = np.random.default_rng(2)
T, n_in, n_h = 6, 3, 4
x = rng.normal(size=(T, n_in))
target = np.array([0.7, -0.3])
W = rng.normal(size=(n_h, n_in)) * 0.5
U = rng.normal(size=(n_h, n_h)) * 0.5
b = np.zeros(n_h)
V = rng.normal(size=(2, n_h)) * 0.5
c = np.zeros(2)

for epoch in range(2000):
    h = np.zeros((T + 1, n_h))
    for t in range(T):
        h[t + 1] = np.tanh(W @ x[t] + U @ h[t] + b)
    out = V @ h[T] + c
    loss = 0.5 * np.sum((out - target) ** 2)

    d_out = out - target
    dV = np.outer(d_out, h[T])
    dc = d_out
    dW = np.zeros_like(W)
    dU = np.zeros_like(U)
    db = np.zeros_like(b)
    dh = V.T @ d_out
    for t in reversed(range(T)):
        dz = dh * (1 - h[t + 1] ** 2)
        dW += np.outer(dz, x[t])
        dU += np.outer(dz, h[t])
        db += dz
        dh = U.T @ dz

    W -= 0.05 * dW
    U -= 0.05 * dU
    b -= 0.05 * db
    V -= 0.05 * dV
    c -= 0.05 * dc
    if epoch % 100 == 0:
        print(epoch, loss)
