/** `npm run bench -- throughput`: lookups, publishing and whole queries on real Workers, as ratios to what bounds them. */
import type { Bench } from "../suite/bench.ts";
import { measureMesh } from "./mesh.ts";
import { measurePublishing } from "./publish.ts";
import { measureShards } from "./shard.ts";

export const throughputBench: Bench = {
  name: "throughput",
  description:
    "Measure lookups, publishing and whole queries on real Workers, beside empty Durable Object calls, bare signature verification, and the same origins called directly.",
  parts: {
    shard: (context) => measureShards(context),
    publish: (context) => measurePublishing(context),
    mesh: (context) => measureMesh(context),
  },
};
