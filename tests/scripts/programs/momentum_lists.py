import numpy as np

rng = np.random.RandomState(7)
sizes = [4, 6, 5, 2]
X = rng.randn(11, 4)
T = rng.randn(11, 2)

weights = [rng.randn(a, b) / np.sqrt(a) for a, b in zip(sizes[:-1], sizes[1:])]
biases = [np.zeros(b) for b in sizes[1:]]
params = weights + biases
velocity = [np.zeros_like(p) for p in params]
L = len(weights)
mu, eta = 0.9, 0.01

for step in range(4000):
    weights, biases = params[:L], params[L:]
    activations = [X]
    zs = []
    for W, b in zip(weights, biases):
        z = activations[-1] @ W + b
        zs.append(z)
        activations.append(np.tanh(z))
    output = activations[-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))

    grads_w = [None] * L
    grads_b = [None] * L
    delta = (output - T) / len(X) * (1 - output ** 2)
    for l in reversed(range(L)):
        grads_w[l] = activations[l].T @ delta
        grads_b[l] = delta.sum(axis=0)
        if l > 0:
            delta = delta @ weights[l].T * (1 - activations[l] ** 2)
    grads = grads_w + grads_b

    velocity = [mu * v - eta * g for v, g in zip(velocity, grads)]
    params = [p + v for p, v in zip(params, velocity)]
    if step % 400 == 0:
        print(step, loss)
