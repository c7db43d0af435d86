import numpy as np

train_X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]).T
train_Y = np.array([[0, 1, 1, 0]])
learning_rate = 0.1
S = 5


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_derivative(z):
    return sigmoid(z) * (1 - sigmoid(z))


S0, S1, S2 = 2, 5, 1
m = 4
w1 = np.random.randn(S1, S0) * 0.01
b1 = np.zeros((S1, 1))
w2 = np.random.randn(S2, S1) * 0.01
b2 = np.zeros((S2, 1))

# RMSProp variables
dWsqsum1 = np.zeros_like(w1)
dWsqsum2 = np.zeros_like(w2)
dBsqsum1 = np.zeros_like(b1)
dBsqsum2 = np.zeros_like(b2)
alpha = 0.9
lr = 0.01

err_vec = list()
for i in range(20000):
    Z1 = np.dot(w1, train_X) + b1
    A1 = sigmoid(Z1)
    Z2 = np.dot(w2, A1) + b2
    A2 = sigmoid(Z2)
    J = np.sum(-train_Y * np.log(A2) + (train_Y - 1) * np.log(1 - A2)) / m
    dZ2 = (A2 - train_Y) * sigmoid_derivative(Z2)
    dW2 = np.dot(dZ2, A1.T) / m
    dB2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = np.dot(w2.T, dZ2) * sigmoid_derivative(Z1)
    dW1 = np.dot(dZ1, train_X.T) / m
    dB1 = np.sum(dZ1, axis=1, keepdims=True) / m

    # RMSProp update
    dWsqsum1 = alpha * dWsqsum1 + (1 - learning_rate) * np.square(dW1)
    dWsqsum2 = alpha * dWsqsum2 + (1 - learning_rate) * np.square(dW2)
    dBsqsum1 = alpha * dBsqsum1 + (1 - learning_rate) * np.square(dB1)
    dBsqsum2 = alpha * dBsqsum2 + (1 - learning_rate) * np.square(dB2)
    w1 = w1 - (lr * dW1 / (np.sqrt(dWsqsum1) + 10e-10))
    w2 = w2 - (lr * dW2 / (np.sqrt(dWsqsum2) + 10e-10))
    b1 = b1 - (lr * dB1 / (np.sqrt(dBsqsum1) + 10e-10))
    b2 = b2 - (lr * dB2 / (np.sqrt(dBsqsum2) + 10e-10))

    print(J)
    err_vec.append(J)

Z1 = np.dot(w1, train_X) + b1
A1 = sigmoid(Z1)
Z2 = np.dot(w2, A1) + b2
A2 = sigmoid(Z2)
print("\n", A2)
