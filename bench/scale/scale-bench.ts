/** `npm run bench -- scale`: how the mesh's cost grows with organisations and records. */
import type { Bench } from "../suite/bench.ts";
import { measureGrowth } from "./growth.ts";

export const scaleBench: Bench = {
  name: "scale",
  description:
    "Messages, rows, bytes and storage from 10 to 10,000 organisations and 10,000 to 10 million records.",
  parts: {
    rare: (context) => measureGrowth(context, "rare", [10_000, 100_000, 1_000_000, 10_000_000]),
    crowded: (context) => measureGrowth(context, "crowded", [10_000, 100_000, 1_000_000]),
  },
};
