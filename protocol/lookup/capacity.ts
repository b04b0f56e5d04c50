/** Room is made for so many times what is there: most of a shard's memory is in such arrays. */
const GROWTH = 1.25;

/** How many rows to make room for where there is room for `held`, and `needed` are to be there. */
export function capacityFor(needed: number, held: number): number {
  return Math.max(needed, Math.ceil(GROWTH * held));
}
