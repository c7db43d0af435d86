import numpy as np

np.random.seed(15)
X = np.random.randn(13, 5)
y_class = np.random.randint(0, 3, 13)
y_value = np.random.randn(13, 1)
Ws = np.random.randn(5, 6) * 0.4
bs = np.zeros(6)
Wc = np.random.randn(6, 3) * 0.4
Wr = np.random.randn(6, 1) * 0.4
lr, weight = 0.05, 0.7

for epoch in range(5000):
    shared_pre = X @ Ws + bs
    shared = np.tanh(shared_pre)
    logits = shared @ Wc
    z = logits - logits.max(1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    value = shared @ Wr
    loss_class = -np.log(p[np.arange(13), y_class]).mean()
    loss_value = ((value - y_value) ** 2).mean()
    total_loss = loss_class + weight * loss_value
    if epoch % 500 == 0:
        print(epoch, loss_class, loss_value, total_loss)

    d_logits = p.copy()
    d_logits[np.arange(13), y_class] -= 1
    d_logits /= 13
    d_value = weight * 2 * (value - y_value) / 13
    d_Wc = shared.T @ d_logits
    d_Wr = shared.T @ d_value
    d_shared = d_logits @ Wc.T + d_value @ Wr.T
    d_pre = d_shared * (1 - shared**2)
    d_Ws = X.T @ d_pre
    d_bs = d_pre.sum(0)
    Ws -= lr * d_Ws
    bs -= lr * d_bs
    Wc -= lr * d_Wc
    Wr -= lr * d_Wr
