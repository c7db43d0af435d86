import numpy as np


class PoissonRegressor:
    def __init__(self, learning_rate=0.01, max_iter=5000, alpha=0.05):
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.alpha = alpha

    def fit(self, X, y):
        n_samples, n_features = X.shape
        self.coef_ = np.full(n_features, 0.1)
        self.intercept_ = 0.2
        self.loss_curve_ = []
        for _ in range(self.max_iter):
            eta = X @ self.coef_ + self.intercept_
            mu = np.exp(eta)
            self.loss_curve_.append(np.mean(mu - y * eta) + 0.5 * self.alpha * self.coef_ @ self.coef_)
            residual = mu - y
            coef_grad = X.T @ residual / n_samples + self.alpha * self.coef_
            intercept_grad = residual.mean()
            self.coef_ -= self.learning_rate * coef_grad
            self.intercept_ -= self.learning_rate * intercept_grad
        return self


rng = np.random.default_rng(0)
X = rng.normal(size=(25, 3)) * 0.5
y = rng.poisson(np.exp(X @ np.array([0.5, -0.3, 0.8]) + 0.1)).astype(float)
model = PoissonRegressor().fit(X, y)
print(model.coef_, model.loss_curve_[-1])
