import numpy as np

np.random.seed(6)
X = np.random.randn(16, 5)
y = np.random.randn(16, 2)
w1 = np.random.randn(5, 9) * 0.5
w2 = np.random.randn(9, 2) * 0.5
keep = 0.7

for i in range(3000):
    a = X @ w1
    h = np.tanh(a)
    mask = (np.random.rand(*h.shape) < keep) / keep
    hd = h * mask
    out = hd @ w2
    loss = np.mean((out - y) ** 2)
    if i % 100 == 0:
        print(loss)

    dout = 2 * (out - y) / out.size
    dw2 = hd.T @ dout
    dhd = dout @ w2.T
    dh = dhd * mask
    da = dh * (1 - h ** 2)
    dw1 = X.T @ da
    w1 -= 0.1 * dw1
    w2 -= 0.1 * dw2
