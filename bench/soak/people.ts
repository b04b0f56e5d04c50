/** Records that a soak makes up: clustered, so that some share a signature. */
import type { Random } from "../../examples/random.ts";

const SITES = ["north", "south", "east", "west"];
const SIGNS = Array.from({ length: 24 }, (_, i) => `sign-${i}`);

export function drawProfile(random: Random) {
  return {
    age: 10 * random.below(9),
    site: random.pick(SITES),
    signs: random.sample(SIGNS, 1 + random.below(3)).toSorted(),
  };
}

export function drawRecord(random: Random, id: string) {
  return {
    id,
    profile: drawProfile(random),
    intervention: { treatment: random.pick(["a", "b"]) },
    result: { recovered: random.unit() < 0.5 },
  };
}
