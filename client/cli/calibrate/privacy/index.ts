/** What signatures tell, and what withholding it costs. */
export { deriveAttributes, type Attribute } from "./attributes.ts";
export { enumerationAttack, normalize, type Inference } from "./enumeration.ts";
export { policyOf, publish, type HeldRecord, type PublishedEntry } from "./publish.ts";
