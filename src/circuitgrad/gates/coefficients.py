"""Coefficients of the formulas for exp, log, sin, cos, tanh, erf and erfc, in machine code and in the page's script.

Polynomials begin with the constant; of a pair, the first is the numerator p and the second the denominator q.

Those of log, sin, cos and erf, and the two parts of log(2), are from fdlibm, whose notice reads:

    Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.

    Developed at SunPro, a Sun Microsystems, Inc. business.
    Permission to use, copy, modify, and distribute this
    software is freely granted, provided that this notice
    is preserved.

Those of tanh are from Cephes (Moshier, "Methods and Programs for Mathematical Functions", 1989). Those of exp were
made by Remez' algorithm for this package (Muller, "Elementary Functions", 3rd ed., 2016, section 3.5).
"""

from math import pi

# exp: made for this package

EXP = (
    0.5, 0.16666666666666433, 0.04166666666660395, 0.008333333333500045, 0.0013888888926800798, 0.00019841269466212057,
    2.480150867606822e-05, 2.75576408607006e-06, 2.7625189726572324e-07, 2.4978385949227543e-08,
)  # fmt: skip
"""1 + r + r**2 times this polynomial of r is exp(r), but for 2**-57 of it, as far as r reaches: half of log(2)."""

# log, sin and cos: fdlibm (e_log.c, k_sin.c, k_cos.c)

LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
"""log(2) in two parts; multiples of the first by exponents of doubles are exact."""
LOG = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
    1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01,
)  # fmt: skip
"""With s = f/(2 + f), log(1 + f) is s*(2 + the sum of these coefficients times s**2, s**4, ...)."""
SIN = (
    -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04,
    2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10,
)  # fmt: skip
"""With z = x**2, sin(x) is x + x*z*(the polynomial of z), for x up to a quarter of pi."""
COS = (
    4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05,
    -2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11,
)  # fmt: skip
"""With z = x**2, cos(x) is 1 - z/2 + z**2*(the polynomial of z), for x up to a quarter of pi."""

# The reduction of angles

HALF_PI = (pi / 2, 6.12323399573676603587e-17, -1.4973849048591833e-33)
"""pi/2 in three parts: the nearest double, and twice the double nearest to the rest."""

# tanh: Cephes (tanh.c)

TANH = (
    (-1.61468768441708447952e3, -9.92877231001918586564e1, -9.64399179425052238628e-1),
    (4.84406305325125486048e3, 2.23548839060100448583e3, 1.12811678491632931402e2, 1.0),
)
"""Up to 0.625, tanh(x) is x + x*z*p(z)/q(z), with z = x**2."""

# erf and erfc: fdlibm (s_erf.c)

ERF_ONE = 8.45062911510467529297e-01
"""erf(1), in few bits."""
ERF_NEAR = (
    (1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02,
     -5.77027029648944159157e-03, -2.37630166566501626084e-05),
    (1.0, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03,
     1.32494738004321644526e-04, -3.96022827877536812320e-06),
)  # fmt: skip
"""Up to 0.84375, erf(x) is x + x*p(x**2)/q(x**2)."""
ERF_MIDDLE = (
    (-2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01,
     3.18346619901161753674e-01, -1.10894694282396677476e-01, 3.54783043256182359371e-02,
     -2.16637559486879084300e-03),
    (1.0, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02,
     1.26171219808761642112e-01, 1.36370839120290507362e-02, 1.19844998467991074170e-02),
)  # fmt: skip
"""Up to 1.25, erf(x) is erf(1) + p(s)/q(s), with s = x - 1."""
ERF_FAR = (
    (-9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e+01,
     -6.23753324503260060396e+01, -1.62396669462573470355e+02, -1.84605092906711035994e+02,
     -8.12874355063065934246e+01, -9.81432934416914548592e+00),
    (1.0, 1.96512716674392571292e+01, 1.37657754143519042600e+02, 4.34565877475229228821e+02,
     6.45387271733267880336e+02, 4.29008140027567833386e+02, 1.08635005541779435134e+02,
     6.57024977031928170135e+00, -6.04244152148580987438e-02),
)  # fmt: skip
"""Up to 1/0.35, erfc(x) is exp(-x**2 - 0.5625 + p(s)/q(s))/x, with s = 1/x**2."""
ERF_FARTHER = (
    (-9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e+01,
     -1.60636384855821916062e+02, -6.37566443368389627722e+02, -1.02509513161107724954e+03,
     -4.83519191608651397019e+02),
    (1.0, 3.03380607434824582924e+01, 3.25792512996573918826e+02, 1.53672958608443695994e+03,
     3.19985821950859553908e+03, 2.55305040643316442583e+03, 4.74528541206955367215e+02,
     -2.24409524465858183362e+01),
)  # fmt: skip
"""Up to 28, the same with these."""
