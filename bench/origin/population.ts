/** Where the records of a benchmark come from. */
import type { CompiledDomain, Profile } from "../../protocol/index.ts";

export interface Population {
  readonly name: "mixed" | "ontology";
  /** What the records were drawn from, for people. */
  readonly source: string;
  readonly compiled: CompiledDomain;
  /** Another profile, seeded. */
  next(): Profile;
}
