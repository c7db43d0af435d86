import numpy as np

np.random.seed(8)
vocab, dim = 9, 4
pairs = [(0, 3, [5, 7]), (2, 1, [4, 8]), (6, 0, [1, 2])]
W_in = np.random.randn(vocab, dim) * 0.5
W_out = np.random.randn(vocab, dim) * 0.5


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


for epoch in range(1000):
    loss = 0.0
    grad_in = np.zeros_like(W_in)
    grad_out = np.zeros_like(W_out)
    for center, context, negatives in pairs:
        v = W_in[center]
        idx = np.array([context] + negatives)
        labels = np.array([1.0, 0.0, 0.0])
        u = W_out[idx]
        score = u @ v
        p = sigmoid(score)
        loss -= np.sum(labels * np.log(p) + (1 - labels) * np.log(1 - p))
        g = p - labels
        grad_in[center] += g @ u
        np.add.at(grad_out, idx, np.outer(g, v))
    W_in -= 0.05 * grad_in
    W_out -= 0.05 * grad_out
    if epoch % 100 == 0:
        print(epoch, loss)
