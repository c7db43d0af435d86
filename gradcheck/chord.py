"""A chord of the loss: its slope is the mean of the slopes along it, however the loss bends in between.

Where kinks lie closer to the point than steps can be, for the noise forbids shorter ones, a slope that is measured is
that of a longer stretch: a gradient that is right at the point differs from it, and so do the claims from each other as
one goes along. Their mean does not. A gradient that is wrong is wrong along the way as well.
"""

from __future__ import annotations

import math
from dataclasses import replace

from gradcheck.comparison import PROOF, Comparison
from gradcheck.numerics.noise import EPSILON
from gradcheck.ray import Ray
from gradcheck.site import Site

#: The longest chord goes so many steps of the measured slope to either side. Shorter ones follow, each by a factor, as
#: far as noise allows, for mistakes that are made near the point alone.
LONGEST, SHORTER = 4.0, 32.0


def contradicted(site: Site, ray: Ray, found: Comparison) -> bool:
    """Whether the claims along a chord of the loss have another mean than its slope, by what proves a gradient wrong.

    Parameters
    ----------
    site : Site
    ray : Ray
        Through the site.
    found : Comparison
        Of the claim at the site with the slope measured along this ray. Its step says how long the chords are.

    Returns
    -------
    bool
        False also where there are no claims along the way, or noise hides what shorter chords would show.
    """
    half = LONGEST * found.estimate.step
    while half >= math.ldexp(1.0, -site.bits) and PROOF * site.noise / half < abs(found.gap):
        if _along(site, ray, found, half).proves:
            return True
        half /= SHORTER
    return False


def _along(site: Site, ray: Ray, found: Comparison, half: float) -> Comparison:
    """The mean of the claims between -half and half against the slope of the loss between the two."""
    from scipy.integrate import quad_vec

    ends = ray([half, -half])
    noise = max(site.noise, EPSILON * max(map(abs, ends))) if all(map(math.isfinite, ends)) else math.inf
    mean, error = quad_vec(lambda t: _claim(site, ray, half * t) / 2, -1.0, 1.0, limit=1, quadrature="gk15")
    error = float(error) if math.isfinite(mean) else math.inf
    slope = replace(found.estimate, value=(ends[0] - ends[1]) / (2 * half), error=noise / half + error)
    return replace(found, claim=float(mean), estimate=slope)


def _claim(site: Site, ray: Ray, step: float) -> float:
    claim = site.beside(ray, step)
    return math.nan if claim is None else claim
