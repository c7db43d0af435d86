import numpy as np

np.random.seed(5)
data = np.random.rand(14, 6)
W = np.random.randn(6, 3) * 0.5
b = np.zeros(3)
c = np.zeros(6)
alpha = 0.1

for epoch in range(10000):
    pre = data @ W + b
    code = 1 / (1 + np.exp(-pre))
    recon = code @ W.T + c
    loss = ((recon - data) ** 2).sum() / (2 * len(data))

    d_recon = (recon - data) / len(data)
    d_c = d_recon.sum(0)
    d_code = d_recon @ W
    d_pre = d_code * code * (1 - code)
    d_b = d_pre.sum(0)
    d_W = data.T @ d_pre + d_recon.T @ code

    W -= alpha * d_W
    b -= alpha * d_b
    c -= alpha * d_c
    if epoch % 1000 == 0:
        print("loss:", loss)
