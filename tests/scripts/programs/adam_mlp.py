import numpy as np

np.random.seed(4)
n, d, h, c = 15, 4, 6, 3
x = np.random.randn(n, d)
t = np.eye(c)[np.random.randint(c, size=n)]

params = {
    "W1": np.random.randn(d, h) * 0.5,
    "b1": np.zeros(h),
    "W2": np.random.randn(h, c) * 0.5,
    "b2": np.zeros(c),
}
m = {k: np.zeros_like(v) for k, v in params.items()}
v = {k: np.zeros_like(val) for k, val in params.items()}
lr, beta1, beta2, eps = 1e-3, 0.9, 0.999, 1e-8


def forward(x, p):
    a1 = x.dot(p["W1"]) + p["b1"]
    z1 = np.tanh(a1)
    a2 = z1.dot(p["W2"]) + p["b2"]
    e = np.exp(a2 - a2.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    return z1, y


def gradients(x, t, p):
    z1, y = forward(x, p)
    g = {}
    delta2 = (y - t) / len(x)
    g["W2"] = z1.T.dot(delta2)
    g["b2"] = delta2.sum(axis=0)
    delta1 = delta2.dot(p["W2"].T) * (1 - z1 * z1)
    g["W1"] = x.T.dot(delta1)
    g["b1"] = delta1.sum(axis=0)
    return g, -np.sum(t * np.log(y)) / len(x)


for it in range(1, 5001):
    grads, loss = gradients(x, t, params)
    for k in params:
        m[k] = beta1 * m[k] + (1 - beta1) * grads[k]
        v[k] = beta2 * v[k] + (1 - beta2) * grads[k] ** 2
        m_hat = m[k] / (1 - beta1**it)
        v_hat = v[k] / (1 - beta2**it)
        params[k] -= lr * m_hat / (np.sqrt(v_hat) + eps)
    if it % 500 == 1:
        print(it, loss)
