import numpy as np

np.random.seed(0)
N, D, K = 12, 5, 3
X = np.random.randn(N, D)
y = np.random.randint(0, K, size=N)

W = 0.3 * np.random.randn(D, K)
b = np.zeros((1, K))

step_size = 1e-1
reg = 1e-2

for i in range(20000):
    scores = np.dot(X, W) + b
    exp_scores = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)

    data_loss = np.sum(-np.log(probs[range(N), y])) / N
    reg_loss = 0.5 * reg * np.sum(W * W)
    loss = data_loss + reg_loss
    if i % 100 == 0:
        print("iteration %d: loss %f" % (i, loss))

    dscores = probs
    dscores[range(N), y] -= 1
    dscores /= N

    dW = np.dot(X.T, dscores)
    db = np.sum(dscores, axis=0, keepdims=True)
    dW += reg * W

    W += -step_size * dW
    b += -step_size * db
