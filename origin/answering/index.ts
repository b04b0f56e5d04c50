/** What becomes of a query at its origin. */
export { answerQuery, type AskedQuery, type GivenAnswer } from "./answer.ts";
export { CohortIndex } from "./cohort-index.ts";
export { considerQuery, type Considered, type Holdings } from "./consider.ts";
export { createHoldings } from "./holdings.ts";
export { dryRun, type DryRun, type PublishedDomain } from "./dry-run.ts";
export { keepCohorts } from "./keep-cohorts.ts";
