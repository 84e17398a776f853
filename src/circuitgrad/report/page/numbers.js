// Numbers as the other reports write them, and back.

// A number with six significant digits, as Python's %.6g.
function shown(value, digits = 6) {
  if (!Number.isFinite(value) || value === 0) return exact(value);
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  const short = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (exponent >= -4 && exponent < digits) return short(value.toFixed(digits - 1 - exponent));
  return `${short(mantissa)}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

// The shortest text that reads back as the same double.
function exact(value) {
  return Object.is(value, -0) ? "-0" : String(value).replace("Infinity", "inf").replace("NaN", "nan");
}

// The number that a text means, or null.
function readNumber(text) {
  const plain = text
    .trim()
    .replace("\u2212", "-")
    .replace(/^([-+]?)inf(inity)?$/i, "$1Infinity");
  if (/^[-+]?nan$/i.test(plain)) return NaN;
  return plain === "" || Number.isNaN(Number(plain)) ? null : Number(plain);
}

// The least number of the form 1, 2 or 5 times a power of ten that is not below a positive one.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 2, 5, 10].map((digit) => Number((digit * power).toPrecision(1)));
  return steps.find((step) => step >= value) ?? value;
}

// The range of an input's slider: its bounds or, where it has none, twice its value on both sides of 0.
function rangeOf(value, min, max) {
  const size =
    Number.isFinite(value) && Math.abs(value) > 1e-300 && Math.abs(value) < 1e300 ? roundUp(2 * Math.abs(value)) : 5;
  const low = Number.isFinite(min) ? min : Math.min(-size, Number.isFinite(max) ? max - size : 0);
  const high = Number.isFinite(max) ? max : Math.max(size, low + size);
  return { low, high, step: roundUp(((high - low) / 200) * 0.999) };
}
