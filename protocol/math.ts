/**
 * Functions of real numbers. The natural logarithm is from IEEE-754 basic operations alone: `Math.log` may
 * differ in the last bit between engines and languages; a signature must not.
 */
const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/**
 * ln(x) for finite x > 0, within 2 units in the last place: x = m * 2^k with m in [sqrt(1/2), sqrt(2)),
 * then 2 * artanh((m - 1) / (m + 1)) by its series, summed in a fixed order.
 */
export function ln(x: number): number {
  let exponent = 0;
  float[0] = x;
  if (x < 2 ** -1022) {
    float[0] = x * 2 ** 54;
    exponent = -54;
  }
  const high = words[1] ?? 0;
  exponent += (high >>> 20) - 1023;
  words[1] = (high & 0x000fffff) | 0x3ff00000;
  let mantissa = float[0] ?? 1;
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent += 1;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  let series = 1 / 21;
  series = series * z + 1 / 19;
  series = series * z + 1 / 17;
  series = series * z + 1 / 15;
  series = series * z + 1 / 13;
  series = series * z + 1 / 11;
  series = series * z + 1 / 9;
  series = series * z + 1 / 7;
  series = series * z + 1 / 5;
  series = series * z + 1 / 3;
  series = series * z + 1;
  return exponent * Math.LN2 + 2 * s * series;
}

/** Chance that a standard normal variable is below x, within 1e-7 (Abramowitz & Stegun 1964, 26.2.17). */
export function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const series =
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const above = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return x < 0 ? above : 1 - above;
}
