import numpy as np

np.random.seed(10)
states = np.random.randn(12, 4)
actions = np.random.randint(0, 3, size=12)
rewards = np.random.rand(12)
returns = np.cumsum(rewards[::-1])[::-1].copy()
returns = (returns - returns.mean()) / returns.std()
theta = np.random.randn(4, 3) * 0.3
bias = np.zeros(3)
learning_rate = 0.01


def softmax(x):
    ex = np.exp(x - np.max(x, axis=1, keepdims=True))
    return ex / np.sum(ex, axis=1, keepdims=True)


for episode in range(1000):
    logits = states.dot(theta) + bias
    pi = softmax(logits)
    logp = np.log(pi[np.arange(12), actions])
    loss = -np.mean(logp * returns)
    one_hot = np.zeros_like(pi)
    one_hot[np.arange(12), actions] = 1
    d_logits = (pi - one_hot) * returns[:, None] / 12
    d_theta = states.T.dot(d_logits)
    d_bias = d_logits.sum(axis=0)
    theta -= learning_rate * d_theta
    bias -= learning_rate * d_bias
    if episode % 100 == 0:
        print("episode", episode, "loss", loss)
