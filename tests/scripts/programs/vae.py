import numpy as np

np.random.seed(18)
X = np.random.rand(11, 6)
latent, lr = 2, 0.01
We = np.random.randn(6, 5) * 0.4
Wm = np.random.randn(5, latent) * 0.4
Wl = np.random.randn(5, latent) * 0.4
Wd = np.random.randn(latent, 6) * 0.4
bd = np.zeros(6)

for step in range(20000):
    hpre = X @ We
    h = np.tanh(hpre)
    mu = h @ Wm
    logvar = h @ Wl
    eps = np.random.randn(*mu.shape)
    std = np.exp(0.5 * logvar)
    z = mu + std * eps
    xhat = z @ Wd + bd
    recon = 0.5 * np.sum((xhat - X) ** 2)
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar))
    loss = (recon + kl) / len(X)

    dxhat = (xhat - X) / len(X)
    dWd = z.T @ dxhat
    dbd = dxhat.sum(axis=0)
    dz = dxhat @ Wd.T
    dmu = dz + mu / len(X)
    dlogvar = dz * eps * 0.5 * std + 0.5 * (np.exp(logvar) - 1) / len(X)
    dWm = h.T @ dmu
    dWl = h.T @ dlogvar
    dh = dmu @ Wm.T + dlogvar @ Wl.T
    dhpre = dh * (1 - h**2)
    dWe = X.T @ dhpre
    for w, dw in [(We, dWe), (Wm, dWm), (Wl, dWl), (Wd, dWd), (bd, dbd)]:
        w -= lr * dw
    if step % 1000 == 0:
        print(step, recon, kl, loss)
