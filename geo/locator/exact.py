"""Whether a point lies left of, right of or exactly on a line, for doubles, without a wrong answer.

The determinant of Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric
Predicates" (1997): floating point first, with his error bound; where that cannot tell, exact expansions.
Exact as long as no product underflows, that is for coordinates that are 0 or at least 1e-140 in size.
"""

import numpy as np
from numba import njit

_BOUND = (3.0 + 16.0 * 2.0**-53) * 2.0**-53
_SPLITTER = 134217729.0  # 2**27 + 1


@njit(cache=True, nogil=True, inline="always")
def two_product(a: float, b: float) -> tuple[float, float]:
    """a * b as a sum of two doubles (Dekker, Veltkamp)."""
    p = a * b
    c = _SPLITTER * a
    a_high = c - (c - a)
    a_low = a - a_high
    c = _SPLITTER * b
    b_high = c - (c - b)
    b_low = b - b_high
    return p, a_low * b_low - (((p - a_high * b_high) - a_low * b_high) - a_high * b_low)


@njit(cache=True, nogil=True, inline="always")
def two_sum(a: float, b: float) -> tuple[float, float]:
    """a + b as a sum of two doubles (Knuth)."""
    s = a + b
    b_seen = s - a
    return s, (a - (s - b_seen)) + (b - b_seen)


@njit(cache=True, nogil=True)
def _exact(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> int:
    """The sign of the determinant when the filter cannot tell."""
    acx, acx_tail = two_sum(ax, -cx)
    bcy, bcy_tail = two_sum(by, -cy)
    acy, acy_tail = two_sum(ay, -cy)
    bcx, bcx_tail = two_sum(bx, -cx)
    if acx_tail == 0.0 and bcy_tail == 0.0 and acy_tail == 0.0 and bcx_tail == 0.0:
        # The usual case of points near one another: the differences are exact, so two products decide.
        left, left_tail = two_product(acx, bcy)
        right, right_tail = two_product(acy, bcx)
        if left != right:
            return 1 if left > right else -1
        return 1 if left_tail > right_tail else (-1 if left_tail < right_tail else 0)
    # ax by - ax cy - cx by - ay bx + ay cx + cy bx, each product as two doubles, summed into an expansion.
    terms = np.empty(12)
    terms[0], terms[1] = two_product(ax, by)
    terms[2], terms[3] = two_product(-ax, cy)
    terms[4], terms[5] = two_product(-cx, by)
    terms[6], terms[7] = two_product(-ay, bx)
    terms[8], terms[9] = two_product(ay, cx)
    terms[10], terms[11] = two_product(cy, bx)
    expansion = np.zeros(12)
    for n in range(12):
        carry = terms[n]
        for i in range(n):
            carry, expansion[i] = two_sum(carry, expansion[i])
        expansion[n] = carry
    for i in range(11, -1, -1):  # nonoverlapping and growing: the largest that is not 0 has the sign
        if expansion[i] != 0.0:
            return 1 if expansion[i] > 0.0 else -1
    return 0


@njit(cache=True, nogil=True, inline="always")
def orientation(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> int:
    """1 where c lies left of the line from a to b, -1 right of it, 0 exactly on it."""
    left = (ax - cx) * (by - cy)
    right = (ay - cy) * (bx - cx)
    det = left - right
    bound = _BOUND * (abs(left) + abs(right))
    if det > bound:
        return 1
    if -det > bound:
        return -1
    return _exact(ax, ay, bx, by, cx, cy)
