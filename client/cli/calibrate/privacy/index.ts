/** What signatures tell, and what withholding it costs. */
export { deriveAttributes, type Attribute } from "./attributes.ts";
export { enumerationAttack, normalize, type Inference } from "./enumeration.ts";
export { policyOf, publish, type HeldRecord, type PublishedEntry } from "./publish.ts";
export {
  DEFAULT_POLICY,
  domainUnder,
  settingsWith,
  SINGLE_RECORDS,
  type PrivacySetting,
} from "./settings.ts";
export { formatPrivacy, reportPrivacy, type PrivacyReport } from "./report.ts";
export {
  measurePrivacy,
  proposePrivacy,
  type PrivacySample,
  type PrivacyTrial,
} from "./measure-privacy.ts";
