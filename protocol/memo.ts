/** Remembers what a pure function gave, for the few arguments that come again and again. */

/** Forgets everything once it holds `max` results: the memory is bounded, and what is common is soon back. */
export function memoize<K, V>(make: (key: K) => V, max: number): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size >= max) known.clear();
    const made = make(key);
    known.set(key, made);
    return made;
  };
}
