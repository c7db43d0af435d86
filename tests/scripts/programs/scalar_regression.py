import random

random.seed(4)
points = [(x / 4, 1.7 * x / 4 - 0.6 + random.gauss(0, 0.1)) for x in range(9)]
slope, intercept = 0.3, 0.1
learning_rate = 0.05

for epoch in range(2000):
    loss = 0.0
    d_slope = 0.0
    d_intercept = 0.0
    for x, y in points:
        error = slope * x + intercept - y
        loss += error * error / len(points)
        d_slope += 2 * error * x / len(points)
        d_intercept += 2 * error / len(points)
    slope -= learning_rate * d_slope
    intercept -= learning_rate * d_intercept
    if epoch % 200 == 0:
        print(epoch, loss, slope, intercept)
