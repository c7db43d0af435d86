import numpy as np


class Parameter:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)


class Conv1D:
    def __init__(self, cin, cout, k, stride):
        self.weight = Parameter(np.random.randn(cout, cin, k) * 0.4)
        self.bias = Parameter(np.zeros(cout))
        self.k, self.stride = k, stride

    def forward(self, x):
        self.x = x
        n, _, length = x.shape
        steps = (length - self.k) // self.stride + 1
        out = np.empty((n, len(self.bias.value), steps))
        for i in range(steps):
            piece = x[:, :, i * self.stride:i * self.stride + self.k]
            out[:, :, i] = np.tensordot(piece, self.weight.value, axes=([1, 2], [1, 2])) + self.bias.value
        return out

    def backward(self, dout):
        for i in range(dout.shape[2]):
            piece = self.x[:, :, i * self.stride:i * self.stride + self.k]
            self.weight.grad += np.tensordot(dout[:, :, i], piece, axes=([0], [0]))
            self.bias.grad += dout[:, :, i].sum(axis=0)

    def parameters(self):
        return [self.weight, self.bias]


class Linear:
    def __init__(self, n_in, n_out):
        self.weight = Parameter(np.random.randn(n_in, n_out) * 0.4)

    def forward(self, x):
        self.x = x
        return x @ self.weight.value

    def backward(self, dout):
        self.weight.grad += self.x.T @ dout
        return dout @ self.weight.value.T

    def parameters(self):
        return [self.weight]


np.random.seed(70)
x = np.random.randn(6, 2, 11)
t = np.random.randn(6, 3)
conv, linear = Conv1D(2, 4, 3, 2), Linear(4, 3)
parameters = conv.parameters() + linear.parameters()
for epoch in range(1000):
    for param in parameters:
        param.grad[...] = 0
    features = conv.forward(x)
    act = np.tanh(features)
    pooled = act.mean(axis=2)
    out = linear.forward(pooled)
    loss = ((out - t) ** 2).mean()

    dout = 2 * (out - t) / out.size
    dpooled = linear.backward(dout)
    dact = np.repeat(dpooled[:, :, None], act.shape[2], axis=2) / act.shape[2]
    dfeatures = dact * (1 - act**2)
    conv.backward(dfeatures)
    for param in parameters:
        param.value -= 0.1 * param.grad
    if epoch % 100 == 0:
        print(epoch, loss)
