import numpy as np


class Node:
    """A value with a function that passes derivatives on."""

    def __init__(self, data, parents=(), pull=None):
        self.data, self.parents, self.pull, self.grad = data, parents, pull, 0.0


def matmul(a, b):
    def pull(g):
        a.grad = a.grad + g @ b.data.T  #! a.grad = a.grad - g @ b.data.T
        b.grad = b.grad + a.data.T @ g  #! b.grad = b.grad + a.data.T @ g * 2 || b.grad = b.grad - a.data.T @ g

    return Node(a.data @ b.data, (a, b), pull)


def tanh(a):
    t = np.tanh(a.data)

    def pull(g):
        a.grad = a.grad + g * (1 - t**2)  #! a.grad = a.grad + g * (1 - t) || a.grad = a.grad + g * t || a.grad = a.grad + g * (1 - a.data**2)

    return Node(t, (a,), pull)


def mean_square(a, target):
    gap = a.data - target

    def pull(g):
        a.grad = a.grad + g * 2 * gap / gap.size  #! a.grad = a.grad + g * gap / gap.size || a.grad = a.grad + g * 2 * gap

    return Node(np.mean(gap**2), (a,), pull)


def backward(root):
    order, seen = [], set()

    def visit(node):
        if id(node) not in seen:
            seen.add(id(node))
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    root.grad = 1.0
    for node in reversed(order):
        if node.pull is not None:
            node.pull(node.grad)


class Model:
    def __init__(self, rng):
        self.params = {"A": rng.normal(size=(3, 4)), "B": rng.normal(size=(4, 2))}

    def build(self, x, y):
        leaves = {name: Node(value) for name, value in self.params.items()}
        return leaves, mean_square(matmul(tanh(matmul(Node(x), leaves["A"])), leaves["B"]), y)

    def loss(self, x, y):
        return self.build(x, y)[1].data

    def gradient(self, x, y):
        leaves, root = self.build(x, y)
        backward(root)
        return {name: leaf.grad for name, leaf in leaves.items()}


def subject(rng):
    return {"target": Model(rng), "batch": (rng.normal(size=(5, 3)), rng.normal(size=(5, 2)))}
