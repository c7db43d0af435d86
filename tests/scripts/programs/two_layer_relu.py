import numpy as np

rng = np.random.RandomState(1)
N, D, H, K = 10, 4, 7, 3
X = rng.randn(N, D)
labels = rng.randint(K, size=N)

W1 = 0.5 * rng.randn(D, H)
b1 = 0.1 * rng.randn(1, H)
W2 = 0.5 * rng.randn(H, K)
b2 = np.zeros((1, K))
learning_rate = 1e-1

for t in range(10000):
    hidden_layer = np.maximum(0, np.dot(X, W1) + b1)
    scores = np.dot(hidden_layer, W2) + b2
    exp_scores = np.exp(scores)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    correct_logprobs = -np.log(probs[range(N), labels])
    loss = np.sum(correct_logprobs) / N
    if t % 1000 == 0:
        print(t, loss)

    dscores = probs.copy()
    dscores[range(N), labels] -= 1
    dscores /= N
    dW2 = np.dot(hidden_layer.T, dscores)
    db2 = np.sum(dscores, axis=0, keepdims=True)
    dhidden = np.dot(dscores, W2.T)
    dhidden[hidden_layer <= 0] = 0
    dW1 = np.dot(X.T, dhidden)
    db1 = np.sum(dhidden, axis=0, keepdims=True)

    W1 -= learning_rate * dW1
    b1 -= learning_rate * db1
    W2 -= learning_rate * dW2
    b2 -= learning_rate * db2
