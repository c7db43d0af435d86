import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def train_step(w1, b1, w2, b2, x, t, lr):
    h_in = np.dot(x, w1) + b1
    h_out = sigmoid(h_in)
    o_in = np.dot(h_out, w2) + b2
    o_out = sigmoid(o_in)
    loss = 0.5 * np.sum(np.square(o_out - t)) / x.shape[0]

    o_err = (o_out - t) / x.shape[0]
    o_in_err = o_err * o_out * (1.0 - o_out)
    w2_grad = np.dot(h_out.T, o_in_err)
    b2_grad = np.sum(o_in_err, axis=0)
    h_err = np.dot(o_in_err, w2.T)
    h_in_err = h_err * h_out * (1.0 - h_out)
    w1_grad = np.dot(x.T, h_in_err)
    b1_grad = np.sum(h_in_err, axis=0)
    return w1 - lr * w1_grad, b1 - lr * b1_grad, w2 - lr * w2_grad, b2 - lr * b2_grad, loss


rng = np.random.RandomState(40)
x = rng.rand(8, 4)
t = rng.rand(8, 2)
w1, b1 = rng.randn(4, 5), np.zeros(5)
w2, b2 = rng.randn(5, 2), np.zeros(2)
for i in range(10000):
    w1, b1, w2, b2, loss = train_step(w1, b1, w2, b2, x, t, 0.5)
    if i % 1000 == 0:
        print(i, loss)
