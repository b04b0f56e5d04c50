/** A whole record around a drawn profile. */
import type { OutcomeRecord } from "../../protocol/index.ts";
import type { Population } from "./population.ts";

export function recordOf(population: Population, i: number): OutcomeRecord {
  return {
    id: `record-${i}`,
    profile: population.next(),
    intervention: population.name === "mixed" ? { treatment: "rest" } : { diagnosis: "unknown" },
    result: population.name === "mixed" ? { recovered: true } : { solved: false },
    group: `group-${Math.floor(i / 3)}`,
  };
}
