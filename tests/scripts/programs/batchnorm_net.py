import numpy as np

rng = np.random.default_rng(9)
X = rng.normal(size=(10, 4))
labels = rng.integers(0, 3, size=10)
W1 = rng.normal(size=(4, 6)) * 0.6
gamma = np.ones(6) + 0.1 * rng.normal(size=6)
beta = 0.1 * rng.normal(size=6)
W2 = rng.normal(size=(6, 3)) * 0.6
b2 = np.zeros(3)
lr = 0.1


def batchnorm_forward(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=0)
    xc = x - mu
    var = (xc**2).mean(axis=0)
    std = np.sqrt(var + eps)
    xhat = xc / std
    out = gamma * xhat + beta
    return out, (xhat, std, gamma)


def batchnorm_backward(dout, cache):
    xhat, std, gamma = cache
    N = dout.shape[0]
    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dxhat = dout * gamma
    dx = (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0)) / std
    return dx, dgamma, dbeta


for step in range(2000):
    z = X @ W1
    n, cache = batchnorm_forward(z, gamma, beta)
    a = np.maximum(n, 0)
    s = a @ W2 + b2
    s = s - s.max(axis=1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    loss = -logp[np.arange(10), labels].mean()

    ds = np.exp(logp)
    ds[np.arange(10), labels] -= 1
    ds /= 10
    dW2 = a.T @ ds
    db2 = ds.sum(axis=0)
    da = ds @ W2.T
    dn = da * (n > 0)
    dz, dgamma, dbeta = batchnorm_backward(dn, cache)
    dW1 = X.T @ dz

    for p, g in ((W1, dW1), (gamma, dgamma), (beta, dbeta), (W2, dW2), (b2, db2)):
        p -= lr * g
    if step % 200 == 0:
        print(step, loss)
