import numpy as np


def rotation(a):
    c, s = np.cos(a), np.sin(a)
    return np.array([[c, -s], [s, c]])


def rotation_slope(a):
    c, s = np.cos(a), np.sin(a)
    return np.array([[-s, -c], [c, -s]])  #! return np.array([[-s, -c], [c, s]]) || return np.array([[c, -s], [s, c]])


def reprojection(pose, world, seen):
    moved = world @ rotation(pose[0]).T + pose[1:3]
    image = pose[3] * moved[:, 0] / moved[:, 1]
    return 0.5 * np.sum((image - seen) ** 2)


def reprojection_gradient(pose, world, seen):
    moved = world @ rotation(pose[0]).T + pose[1:3]
    x, depth = moved[:, 0], moved[:, 1]
    res = pose[3] * x / depth - seen
    d_x = res * pose[3] / depth  #! d_x = res / depth || d_x = res * pose[3] * depth
    d_depth = -res * pose[3] * x / depth**2  #! d_depth = -res * pose[3] * x / depth || d_depth = res * pose[3] * x / depth**2
    d_moved = np.stack([d_x, d_depth], axis=1)
    d_angle = np.sum(d_moved * (world @ rotation_slope(pose[0]).T))  #! d_angle = np.sum(d_moved * (world @ rotation_slope(pose[0])))
    d_focal = np.sum(res * x / depth)  #! d_focal = np.sum(res * x)
    return np.array([d_angle, *d_moved.sum(axis=0), d_focal])


def subject(rng):
    world = np.column_stack([rng.normal(size=6), rng.uniform(3, 5, size=6)])
    return {"target": reprojection, "grad": reprojection_gradient, "x0": np.array([0.2, 0.1, 0.5, 1.4]), "args": (world, rng.normal(size=6))}
