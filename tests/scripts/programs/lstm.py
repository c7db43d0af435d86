import numpy as np

np.random.seed(1)
H, X, T = 4, 3, 4
xs = np.random.randn(T, X, 1)
target = np.random.randn(H, 1)


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


Wf, Wi, Wo, Wc = (np.random.randn(H, H + X) * 0.4 for _ in range(4))
bf, bi, bo, bc = (np.zeros((H, 1)) for _ in range(4))
lr = 0.1

for it in range(1000):
    h, c = np.zeros((H, 1)), np.zeros((H, 1))
    cache = []
    for t in range(T):
        z = np.vstack((h, xs[t]))
        c_prev = c
        f = sigmoid(Wf @ z + bf)
        i = sigmoid(Wi @ z + bi)
        o = sigmoid(Wo @ z + bo)
        g = np.tanh(Wc @ z + bc)
        c = f * c_prev + i * g
        tc = np.tanh(c)
        h = o * tc
        cache.append((z, f, i, o, g, c_prev, tc))
    loss = np.sum((h - target) ** 2)

    dWf, dWi, dWo, dWc = (np.zeros_like(w) for w in (Wf, Wi, Wo, Wc))
    dbf, dbi, dbo, dbc = (np.zeros_like(w) for w in (bf, bi, bo, bc))
    dh_next = 2 * (h - target)
    dc_next = np.zeros_like(c)
    for t in reversed(range(T)):
        z, f, i, o, g, c_prev, tc = cache[t]
        dh = dh_next
        do = dh * tc
        dc = dc_next + dh * o * (1 - tc**2)
        df = dc * c_prev
        di = dc * g
        dg = dc * i
        dc_next = dc * f
        dfr = df * f * (1 - f)
        dir_ = di * i * (1 - i)
        dor = do * o * (1 - o)
        dgr = dg * (1 - g**2)
        dWf += dfr @ z.T
        dWi += dir_ @ z.T
        dWo += dor @ z.T
        dWc += dgr @ z.T
        dbf += dfr
        dbi += dir_
        dbo += dor
        dbc += dgr
        dz = Wf.T @ dfr + Wi.T @ dir_ + Wo.T @ dor + Wc.T @ dgr
        dh_next = dz[:H]

    for p, dp in zip((Wf, Wi, Wo, Wc, bf, bi, bo, bc), (dWf, dWi, dWo, dWc, dbf, dbi, dbo, dbc)):
        p -= lr * dp
    if it % 100 == 0:
        print(it, loss)
