/** First guesses at what symbols stand for, from one feature's positions alone. */

/** One feature's symbols of one entry. */
type Part = readonly number[];

/** Below it two parts are of different values. */
const SAME = 0.5;

/** The most frequent part is of the commonest class, and so on; what is left over is of the rarest. */
export function matchFrequencies(parts: readonly Part[], shares: readonly number[]): number[] {
  const clusters: { readonly leader: Part; readonly members: number[] }[] = [];
  for (const [i, part] of parts.entries()) {
    const cluster = clusters.find(({ leader }) => sharing(leader, part) > SAME);
    if (cluster) cluster.members.push(i);
    else clusters.push({ leader: part, members: [i] });
  }
  const classes = [...shares.keys()].toSorted((a, b) => (shares[b] ?? 0) - (shares[a] ?? 0));
  const guesses = Array.from<number>({ length: parts.length }).fill(classes.at(-1) ?? 0);
  for (const [rank, { members }] of clusters
    .toSorted((a, b) => b.members.length - a.members.length)
    .entries()) {
    for (const i of members) guesses[i] = classes[rank] ?? classes.at(-1) ?? 0;
  }
  return guesses;
}

const POWER_STEPS = 60;

/**
 * Values that are near share symbols, so the second eigenvector of the sharing matrix has them in order; the classes
 * take their shares along it, from the end that `isReversed` says.
 */
export function orderBySharing(
  parts: readonly Part[],
  shares: readonly number[],
  isReversed: boolean,
): number[] {
  const n = parts.length;
  const matrix = parts.map((a) => Float64Array.from(parts, (b) => sharing(a, b) + 1e-3));
  const roots = matrix.map((row) => Math.sqrt(row.reduce((sum, each) => sum + each, 0)));
  const length = Math.hypot(...roots);
  const first = roots.map((root) => root / length);
  let vector = parts.map((_, i) => Math.sin(i + 1));
  for (let step = 0; step < POWER_STEPS; step++) {
    const scaled = vector.map((each, i) => each / (roots[i] ?? 1));
    const next = matrix.map((row, i) => {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += (row[k] ?? 0) * (scaled[k] ?? 0);
      // Half of the vector itself keeps negative eigenvalues from winning.
      return sum / (roots[i] ?? 1) + (vector[i] ?? 0);
    });
    const along = next.reduce((sum, each, i) => sum + each * (first[i] ?? 0), 0);
    const rest = next.map((each, i) => each - along * (first[i] ?? 0));
    const norm = Math.hypot(...rest) || 1;
    vector = rest.map((each) => each / norm);
  }
  const order = [...parts.keys()].toSorted(
    (a, b) => (vector[a] ?? 0) / (roots[a] ?? 1) - (vector[b] ?? 0) / (roots[b] ?? 1),
  );
  if (isReversed) order.reverse();
  const guesses = Array.from<number>({ length: n }).fill(0);
  const bounds = shares.map((_, v) =>
    Math.round(n * shares.slice(0, v + 1).reduce((sum, share) => sum + share, 0)),
  );
  for (const [place, entry] of order.entries()) {
    const v = bounds.findIndex((bound) => place < bound);
    guesses[entry] = v < 0 ? shares.length - 1 : v;
  }
  return guesses;
}

function sharing(a: Part, b: Part): number {
  let equal = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i] && a[i] !== 0) equal += 1;
  return a.length === 0 ? 0 : equal / a.length;
}
