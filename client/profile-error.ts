/** Thrown by a private query, before anything is sent, if the profile does not fit the domain. */
import type { Issue } from "../protocol/index.ts";

export class ProfileError extends Error {
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(issues.map(({ path, message }) => `${path} ${message}`).join("; "));
    this.name = "ProfileError";
    this.issues = issues;
  }
}
