import numpy as np

np.random.seed(24)
num_train, dim, num_classes = 14, 5, 4
X = np.random.randn(num_train, dim)
y = np.random.randint(num_classes, size=num_train)
W = np.random.randn(dim, num_classes) * 0.3
reg = 0.1
learning_rate = 1e-2

for it in range(1500):
    scores = X.dot(W)
    correct = scores[np.arange(num_train), y][:, np.newaxis]
    margins = np.maximum(0, scores - correct + 1)
    margins[np.arange(num_train), y] = 0
    loss = margins.sum() / num_train + 0.5 * reg * np.sum(W * W)

    binary = (margins > 0).astype(float)
    binary[np.arange(num_train), y] = -binary.sum(axis=1)
    dW = X.T.dot(binary) / num_train + reg * W
    W -= learning_rate * dW
    if it % 100 == 0:
        print("iteration %d / 1500: loss %f" % (it, loss))
