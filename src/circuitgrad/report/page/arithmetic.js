// The primitives of the gate table on doubles, with the meaning that C17 (annex F) gives to its functions of the same
// names. ECMAScript leaves the digits of Math's functions to the engine; those of today are good to about one ulp.

const {
  abs,
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  cbrt,
  cos,
  cosh,
  exp,
  expm1,
  floor,
  hypot,
  log,
  log10,
  log1p,
  log2,
  sin,
  sinh,
  sqrt,
  tan,
  tanh,
} = Math;

const pi = Math.PI,
  tau = 2 * Math.PI,
  e = Math.E,
  inf = Infinity,
  nan = NaN;

const div = (x, y) => x / y;

// Where C's pow is 1, whatever the other operand, Math.pow is NaN.
const pow = (x, y) => (x === 1 || (x === -1 && abs(y) === inf) ? 1 : Math.pow(x, y));

// The remainder with the sign of y; NaN for y = 0 and for infinite x.
function mod(x, y) {
  const rest = x % y;
  if (rest === 0) return y < 0 ? -0 : 0;
  return rest < 0 !== y < 0 && rest === rest ? rest + y : rest;
}

// The error function and its complement, good to one ulp, by the rational approximations of fdlibm's s_erf.c:
//   Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
//   Developed at SunPro, a Sun Microsystems, Inc. business.
//   Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice is
//   preserved.

const polynomial = (coefficients, x) => coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
const rational = ([above, below], x) => polynomial(above, x) / polynomial(below, x);

const ERX = 8.45062911510467529297e-1;
const NEAR_0 = [
  [
    1.28379167095512558561e-1, -3.2504210724700149937e-1, -2.84817495755985104766e-2, -5.77027029648944159157e-3,
    -2.37630166566501626084e-5,
  ],
  [
    1, 3.97917223959155352819e-1, 6.50222499887672944485e-2, 5.08130628187576562776e-3, 1.32494738004321644526e-4,
    -3.9602282787753681232e-6,
  ],
];
const NEAR_1 = [
  [
    -2.36211856075265944077e-3, 4.14856118683748331666e-1, -3.72207876035701323847e-1, 3.18346619901161753674e-1,
    -1.10894694282396677476e-1, 3.54783043256182359371e-2, -2.166375594868790843e-3,
  ],
  [
    1, 1.06420880400844228286e-1, 5.40397917702171048937e-1, 7.18286544141962662868e-2, 1.26171219808761642112e-1,
    1.36370839120290507362e-2, 1.1984499846799107417e-2,
  ],
];
const BELOW_2_857 = [
  [
    -9.86494403484714822705e-3, -6.93858572707181764372e-1, -1.05586262253232909814e1, -6.23753324503260060396e1,
    -1.62396669462573470355e2, -1.84605092906711035994e2, -8.12874355063065934246e1, -9.81432934416914548592,
  ],
  [
    1, 1.96512716674392571292e1, 1.376577541435190426e2, 4.34565877475229228821e2, 6.45387271733267880336e2,
    4.29008140027567833386e2, 1.08635005541779435134e2, 6.57024977031928170135, -6.04244152148580987438e-2,
  ],
];
const FROM_2_857 = [
  [
    -9.86494292470009928597e-3, -7.99283237680523006574e-1, -1.77579549177547519889e1, -1.60636384855821916062e2,
    -6.37566443368389627722e2, -1.02509513161107724954e3, -4.83519191608651397019e2,
  ],
  [
    1, 3.03380607434824582924e1, 3.25792512996573918826e2, 1.53672958608443695994e3, 3.19985821950859553908e3,
    2.55305040643316442583e3, 4.74528541206955367215e2, -2.24409524465858183362e1,
  ],
];

// erfc for x from 1.25 on. The exponential is taken apart at x rounded to 24 bits, whose square is exact.
function erfcTail(x) {
  if (x >= 28) return 0;
  const part = 1 / (x * x);
  const ratio = rational(x < 1 / 0.35 ? BELOW_2_857 : FROM_2_857, part);
  const high = Math.fround(x);
  return (exp(-high * high - 0.5625) * exp((high - x) * (high + x) + ratio)) / x;
}

function erf(x) {
  const size = abs(x);
  if (size < 0.84375) return x + x * rational(NEAR_0, x * x);
  if (!(size < 6)) return x !== x ? nan : Math.sign(x);
  const value = size < 1.25 ? ERX + rational(NEAR_1, size - 1) : 1 - erfcTail(size);
  return x < 0 ? -value : value;
}

function erfc(x) {
  const size = abs(x);
  if (size < 0.84375) {
    const part = x * rational(NEAR_0, x * x);
    return x < 0.25 ? 1 - (x + part) : 0.5 - (x - 0.5 + part);
  }
  if (size < 1.25) {
    const part = rational(NEAR_1, size - 1);
    return x < 0 ? 1 + (ERX + part) : 1 - ERX - part;
  }
  if (x !== x) return nan;
  return x < 0 ? 2 - erfcTail(size) : erfcTail(x);
}
