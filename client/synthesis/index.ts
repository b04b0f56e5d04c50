/** Synthesis: what similar cases' outcomes say of each intervention, computed where the requester is. */
export { synthesisSchema, type Synthesis } from "./schema.ts";
export { synthesize } from "./synthesize.ts";
