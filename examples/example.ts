/** What every example provides: a domain, organisations with records, and queries. */
import type { Domain, Profile } from "../protocol/index.ts";

export interface ExampleOrganisation {
  /** Names its files and its Worker. */
  readonly slug: string;
  readonly name: string;
  /** Outcome records, not yet checked. */
  readonly records: readonly unknown[];
}

export interface ExampleQuery {
  /** The organisation whose gateway is asked. */
  readonly slug: string;
  readonly title: string;
  readonly profile: Profile;
  /** Groups of records to leave out: the query's own case. */
  readonly excludeGroups?: readonly string[];
}

export interface Example {
  readonly name: string;
  /** Where the data come from, in one sentence. */
  readonly origin: string;
  readonly domain: Domain;
  /** Compiled ontologies of the domain. */
  readonly ontologies: readonly Uint8Array[];
  readonly organisations: readonly ExampleOrganisation[];
  readonly queries: readonly ExampleQuery[];
}
