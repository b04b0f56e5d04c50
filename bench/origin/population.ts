/** Where the records of a benchmark come from. */
import type { CompiledDomain, Profile } from "../../protocol/index.ts";

export interface Population {
  readonly name: "mixed" | "ontology";
  /** What the records were drawn from, for people. */
  readonly source: string;
  readonly compiled: CompiledDomain;
  /** The compiled file of the ontology that the domain names, if it names one. */
  readonly ontology?: Uint8Array;
  /** Another profile, seeded. */
  next(): Profile;
}
