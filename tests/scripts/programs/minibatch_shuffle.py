import numpy as np

rng = np.random.default_rng(11)
X = rng.normal(size=(60, 6))
Y = np.tanh(X[:, :2]) + 0.1 * rng.normal(size=(60, 2))

w_hidden = rng.normal(size=(6, 5)) * 0.4
b_hidden = np.zeros(5)
w_out = rng.normal(size=(5, 2)) * 0.4
b_out = np.zeros(2)

epochs, batch_size, lr = 200, 12, 0.05
for epoch in range(epochs):
    order = rng.permutation(len(X))
    epoch_loss = 0.0
    for start in range(0, len(X), batch_size):
        idx = order[start:start + batch_size]
        xb, yb = X[idx], Y[idx]

        h_in = xb @ w_hidden + b_hidden
        h = 1 / (1 + np.exp(-h_in))
        pred = h @ w_out + b_out
        diff = pred - yb
        loss = np.sum(diff**2) / (2 * len(xb))
        epoch_loss += loss * len(xb)

        grad_pred = diff / len(xb)
        grad_w_out = h.T @ grad_pred
        grad_b_out = grad_pred.sum(axis=0)
        grad_h = grad_pred @ w_out.T
        grad_h_in = grad_h * h * (1 - h)
        grad_w_hidden = xb.T @ grad_h_in
        grad_b_hidden = grad_h_in.sum(axis=0)

        w_out -= lr * grad_w_out
        b_out -= lr * grad_b_out
        w_hidden -= lr * grad_w_hidden
        b_hidden -= lr * grad_b_hidden
    print(epoch, epoch_loss / len(X))
