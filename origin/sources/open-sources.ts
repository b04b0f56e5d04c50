/** The configured sources, with their domains and mappings. */
import type { CompiledDomain } from "../../protocol/index.ts";
import { ConfigError, unreadable, type OriginConfig } from "../config.ts";
import { formatOf, readMapping, type Mapping } from "../load/index.ts";
import type { SourceConfig } from "./config.ts";
import { fileSource } from "./file-source.ts";
import { postgresqlSource } from "./postgresql/index.ts";
import type { Source } from "./source.ts";

/** Throws a `ConfigError` that names the file and its offending fields. Connects to nothing yet. */
export function openSources(
  config: Pick<OriginConfig, "sources">,
  domains: readonly CompiledDomain[],
): Promise<Source[]> {
  return Promise.all(config.sources.map((source) => openOne(source, domains)));
}

async function openOne(config: SourceConfig, domains: readonly CompiledDomain[]): Promise<Source> {
  const fail = (field: string, message: string): never => {
    throw new ConfigError(`source ${config.name}`, [{ path: field, message }]);
  };
  const matching = domains.filter(
    ({ id, domain }) => id === config.domain || domain.name === config.domain,
  );
  const [compiled] = matching;
  if (!compiled || matching.length > 1) {
    const known = domains.map(({ id, domain }) => `${domain.name} (${id})`).join(", ");
    return fail("domain", `must be one of ${known}`);
  }
  if (config.kind === "postgresql") {
    const mapping = await readConfigured(config.mapping, "csv", compiled);
    if (mapping.kind !== "csv") return fail("mapping", "is not a column mapping");
    return postgresqlSource(config, compiled, mapping);
  }
  const format = config.format ?? formatOf(config.path);
  if (format === undefined) return fail("format", "is needed, as the file's name does not say it");
  const isMapped = format === "csv" || format === "fhir";
  if (isMapped !== (config.mapping !== undefined)) {
    return fail("mapping", isMapped ? `is needed for ${format}` : `is not used for ${format}`);
  }
  const mapping =
    isMapped && config.mapping !== undefined
      ? await readConfigured(config.mapping, format, compiled)
      : undefined;
  return fileSource({ ...config, format }, compiled, mapping);
}

async function readConfigured(
  path: string,
  kind: Mapping["kind"],
  compiled: CompiledDomain,
): Promise<Mapping> {
  const mapping = await readMapping(path, kind, compiled.domain).catch((error: unknown) => {
    throw new ConfigError(path, [unreadable("", error)]);
  });
  if (!mapping.ok) throw new ConfigError(path, mapping.error);
  return mapping.value;
}
