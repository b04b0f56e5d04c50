/** Rows, blocks of rows, and the typed arrays that grow with them. */

/** Rows of a block: enough that a bound for all of them saves work, few enough that they are alike. */
export const BLOCK_ROWS = 256;

export function blockOf(row: number): number {
  return Math.floor(row / BLOCK_ROWS);
}

/** By half as much again at least: each element is copied a few times in all, however many are added one by one. */
function lengthFor(present: number, needed: number): number {
  return Math.max(needed, Math.ceil(present * 1.5));
}

/** `array` if it has room for `needed` elements, else a longer copy. New elements are `fill`. */
export function growFloat64(
  array: Float64Array<ArrayBuffer>,
  needed: number,
  fill = 0,
): Float64Array<ArrayBuffer> {
  if (array.length >= needed) return array;
  const longer = new Float64Array(lengthFor(array.length, needed));
  longer.set(array);
  if (fill !== 0) longer.fill(fill, array.length);
  return longer;
}

/** As `growFloat64`. */
export function growUint32(
  array: Uint32Array<ArrayBuffer>,
  needed: number,
  fill = 0,
): Uint32Array<ArrayBuffer> {
  if (array.length >= needed) return array;
  const longer = new Uint32Array(lengthFor(array.length, needed));
  longer.set(array);
  if (fill !== 0) longer.fill(fill, array.length);
  return longer;
}

/** As `growFloat64`. */
export function growUint8(array: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  if (array.length >= needed) return array;
  const longer = new Uint8Array(lengthFor(array.length, needed));
  longer.set(array);
  return longer;
}
