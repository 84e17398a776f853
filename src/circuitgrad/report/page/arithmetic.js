// The primitives of the gate table on doubles, with the meaning that C17 (annex F) gives to its functions of the same
// names. ECMAScript leaves the digits of Math's functions to the engine; those of today are good to about one ulp.
//
// Before this text the page has the coefficients ERF_ONE, ERF_NEAR, ERF_MIDDLE, ERF_FAR and ERF_FARTHER.
const primitives = (() => {
  const div = (x, y) => x / y;

  // Where C's pow is 1, whatever the other operand, Math.pow is NaN.
  const pow = (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y));

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

  // erfc for x from 1.25 on. The exponential is taken apart at x rounded to 24 bits, whose square is exact.
  function erfcTail(x) {
    if (x >= 28) return 0;
    const part = 1 / (x * x);
    const ratio = rational(x < 1 / 0.35 ? ERF_FAR : ERF_FARTHER, part);
    const high = Math.fround(x);
    return (Math.exp(-high * high - 0.5625) * Math.exp((high - x) * (high + x) + ratio)) / x;
  }

  function erf(x) {
    const size = Math.abs(x);
    if (size < 0.84375) return x + x * rational(ERF_NEAR, x * x);
    if (!(size < 6)) return x !== x ? NaN : Math.sign(x);
    const value = size < 1.25 ? ERF_ONE + rational(ERF_MIDDLE, size - 1) : 1 - erfcTail(size);
    return x < 0 ? -value : value;
  }

  function erfc(x) {
    const size = Math.abs(x);
    if (size < 0.84375) {
      const part = x * rational(ERF_NEAR, x * x);
      return x < 0.25 ? 1 - (x + part) : 0.5 - (x - 0.5 + part);
    }
    if (size < 1.25) {
      const part = rational(ERF_MIDDLE, size - 1);
      return x < 0 ? 1 + (ERF_ONE + part) : 1 - ERF_ONE - part;
    }
    if (x !== x) return NaN;
    return x < 0 ? 2 - erfcTail(size) : erfcTail(x);
  }

  return {
    abs: Math.abs,
    acos: Math.acos,
    acosh: Math.acosh,
    asin: Math.asin,
    asinh: Math.asinh,
    atan: Math.atan,
    atan2: Math.atan2,
    atanh: Math.atanh,
    cbrt: Math.cbrt,
    cos: Math.cos,
    cosh: Math.cosh,
    div,
    erf,
    erfc,
    exp: Math.exp,
    expm1: Math.expm1,
    floor: Math.floor,
    hypot: Math.hypot,
    log: Math.log,
    log10: Math.log10,
    log1p: Math.log1p,
    log2: Math.log2,
    mod,
    pow,
    sin: Math.sin,
    sinh: Math.sinh,
    sqrt: Math.sqrt,
    tan: Math.tan,
    tanh: Math.tanh,
  };
})();
