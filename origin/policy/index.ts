/** What an origin's administrator decides: who is answered, with what, and what the mesh may know. */
export { coarsenDate, coarsenScore, coarsenValues, type CategoryCount } from "./coarsen.ts";
export type { StoredCell } from "./cohorts/cell.ts";
export { formCohorts, stratumOf } from "./cohorts/form.ts";
export { policySchema, type OriginPolicy } from "./config.ts";
export { dailyHeaders, dayOf, secondsToNextDay } from "./day.ts";
export { decide, type Asker, type PolicyQuestion, type RuleClass } from "./decide.ts";
export { domainPolicies, type DomainPolicy } from "./domain-policy.ts";
export { publicationOf } from "./publication.ts";
