/** Options that several commands have, and the parsers of their values. */
import { InvalidArgumentError, Option } from "commander";
import { purposeSchema } from "../../protocol/index.ts";

export function jsonOption(): Option {
  return new Option("--json", "print one JSON document");
}

/** Of an option that may be given more than once: `--ontology a.omo --ontology b.omo`. */
export function ontologyOption(): Option {
  return new Option("--ontology <file...>", "compiled ontology that the domain names").default(
    [],
    "none",
  );
}

/** Of an option that may be given more than once, as `ontologyOption`. */
export function domainSecretOption(): Option {
  return new Option(
    "--domain-secret-file <file...>",
    "secret of a keyed domain, as `outcome-mesh domain key` wrote it",
  ).default([], "none");
}

/** The parser of a whole number in `min..max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`must be a whole number from ${min} to ${max}`);
  };
}

/** The parser of a number in `min..max`. */
export function numberWithin(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`must be a number from ${min} to ${max}`);
  };
}

/** Parses the purpose of a query. */
export function purposeName(text: string): string {
  const purpose = purposeSchema.safeParse(text);
  if (purpose.success) return purpose.data;
  throw new InvalidArgumentError(purpose.error.issues[0]?.message ?? "is no purpose");
}

/** Parses the base URL of a server. */
export function baseUrl(text: string): string {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "") return text;
  throw new InvalidArgumentError("must be a URL such as https://mesh.example.org");
}

/** Parses a bearer token. */
export function bearerToken(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new InvalidArgumentError("must be of printable ASCII without spaces");
}
