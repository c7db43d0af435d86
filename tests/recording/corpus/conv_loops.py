import numpy as np


class Convolution:
    def __init__(self, rng):
        self.params = {"K": rng.normal(size=(2, 3, 3)) / 3, "b": rng.normal(size=2) / 5, "V": rng.normal(size=(2 * 4 * 4,))}

    def forward(self, image):
        K, b = self.params["K"], self.params["b"]
        out = np.zeros((2, 4, 4))
        for f in range(2):
            for i in range(4):
                for j in range(4):
                    out[f, i, j] = np.sum(image[i : i + 3, j : j + 3] * K[f]) + b[f]
        return out

    def loss(self, image, target):
        z = self.forward(image)
        a = np.maximum(z, 0.1 * z)
        score = a.ravel() @ self.params["V"]
        return 0.5 * (score - target) ** 2

    def gradient(self, image, target):
        z = self.forward(image)
        a = np.maximum(z, 0.1 * z)
        d = a.ravel() @ self.params["V"] - target
        dV = d * a.ravel()  #! dV = d * z.ravel()
        da = d * self.params["V"].reshape(a.shape)  #! da = self.params["V"].reshape(a.shape)
        dz = da * np.where(z > 0, 1.0, 0.1)  #! dz = da * (z > 0) || dz = da * np.where(z < 0, 1.0, 0.1)
        dK = np.zeros_like(self.params["K"])
        db = np.zeros(2)
        for f in range(2):
            for i in range(4):
                for j in range(4):
                    dK[f] += dz[f, i, j] * image[i : i + 3, j : j + 3]  #! dK[f] += dz[f, j, i] * image[i : i + 3, j : j + 3]
            db[f] = dz[f].sum()  #! db[f] = dz[f].mean()
        return {"K": dK, "b": db, "V": dV}


def subject(rng):
    return {"target": Convolution(rng), "batch": (rng.normal(size=(6, 6)), 0.7)}
