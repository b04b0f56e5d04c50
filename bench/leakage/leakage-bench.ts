/** `npm run bench -- leakage`: what entries and lookups tell an attacker, and what each defence costs. */
import type { Bench } from "../suite/bench.ts";
import { measureAccuracy } from "./accuracy.ts";
import { attackHearts, attackPatients } from "./population-part.ts";

export const leakageBench: Bench = {
  name: "leakage",
  description:
    "Attack what origins publish and requesters look up, as an outsider, a shard operator and a member: attributes, membership, queries; with and without each defence, beside recall and accuracy.",
  parts: {
    heart: attackHearts,
    rare: attackPatients,
    accuracy: measureAccuracy,
  },
};
