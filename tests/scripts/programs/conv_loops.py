import numpy as np

rng = np.random.RandomState(3)
images = rng.randn(3, 6, 6)
labels = np.array([0, 1, 2])
K = rng.randn(2, 3, 3) * 0.4
kb = np.zeros(2)
Wd = rng.randn(2 * 16, 3) * 0.2
bd = np.zeros(3)
lr = 0.05

for epoch in range(500):
    n = len(images)
    conv = np.zeros((n, 2, 4, 4))
    for s in range(n):
        for f in range(2):
            for r in range(4):
                for q in range(4):
                    conv[s, f, r, q] = np.sum(images[s, r:r + 3, q:q + 3] * K[f]) + kb[f]
    relu = np.maximum(conv, 0)
    flat = relu.reshape(n, -1)
    scores = flat @ Wd + bd
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(probs[np.arange(n), labels]))

    dscores = probs.copy()
    dscores[np.arange(n), labels] -= 1
    dscores /= n
    dWd = flat.T @ dscores
    dbd = dscores.sum(axis=0)
    dflat = dscores @ Wd.T
    drelu = dflat.reshape(relu.shape)
    dconv = drelu * (conv > 0)
    dK = np.zeros_like(K)
    dkb = np.zeros_like(kb)
    for s in range(n):
        for f in range(2):
            for r in range(4):
                for q in range(4):
                    dK[f] += dconv[s, f, r, q] * images[s, r:r + 3, q:q + 3]
                    dkb[f] += dconv[s, f, r, q]

    K -= lr * dK
    kb -= lr * dkb
    Wd -= lr * dWd
    bd -= lr * dbd
    print(epoch, loss)
