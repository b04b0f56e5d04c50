/** An origin's configuration and domains, as the `origin` commands read them. */
import { existsSync } from "node:fs";
import {
  ConfigError,
  loadDomains,
  readOriginConfig,
  type OriginConfig,
} from "../../origin/index.ts";
import { DOMAIN_KEY_PATH, domainIdOf, type CompiledDomain } from "../../protocol/index.ts";
import { CliError } from "./cli-error.ts";
import { readDomain } from "./read-files.ts";

const HINTS: Readonly<Record<string, string>> = {
  keyFile: "make a key with: outcome-mesh key new --out FILE",
  [DOMAIN_KEY_PATH]: "name the file with the domain's secret in domainSecretFiles",
};

export function readConfig(path: string): Promise<OriginConfig> {
  return withUsageErrors(() => readOriginConfig(path));
}

/** Runs what may find a configuration unusable. */
export async function withUsageErrors<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const hint = error.issues.map(({ path }) => HINTS[path]).find((text) => text !== undefined);
    throw new CliError(error.message.split(":\n")[0] ?? error.message, {
      issues: error.issues,
      hint,
      cause: error,
    });
  }
}

/** All domains of the configuration, and the one that `wanted` names, by its id, name or file. */
export async function chooseDomain(
  config: OriginConfig,
  wanted: string,
): Promise<{ readonly chosen: CompiledDomain; readonly domains: readonly CompiledDomain[] }> {
  const { domains } = await withUsageErrors(() => loadDomains(config));
  const matching = await matchingDomains(domains, wanted);
  const [chosen] = matching;
  if (chosen && matching.length === 1) return { chosen, domains };
  const known = domains.map(({ id, domain }) => `${domain.name} (${id})`).join(", ");
  throw new CliError(
    chosen
      ? `more than one domain of the configuration is called ${wanted}`
      : `the configuration has no domain ${wanted}`,
    { hint: `it has ${known}` },
  );
}

async function matchingDomains(
  domains: readonly CompiledDomain[],
  wanted: string,
): Promise<CompiledDomain[]> {
  const named = domains.filter(({ id, domain }) => id === wanted || domain.name === wanted);
  if (named.length > 0 || !existsSync(wanted)) return named;
  const id = domainIdOf(await readDomain(wanted));
  return domains.filter((domain) => domain.id === id);
}
