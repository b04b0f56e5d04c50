/** Values for the configuration that `origin init` writes: `--set listen.port=7200`. */
import { InvalidArgumentError } from "commander";

export interface Setting {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** The parser of an option that sets a field, given once for each: JSON, or else text as it stands. */
export function settings(text: string, before: readonly Setting[] = []): Setting[] {
  const [, path = "", value = ""] = /^([A-Za-z][\w.]*)=(.*)$/s.exec(text) ?? [];
  if (path === "") throw new InvalidArgumentError("must be FIELD=VALUE, such as listen.port=7200");
  return [...before, { path: path.split("."), value: jsonOrText(value) }];
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

type Values = Readonly<Record<string, unknown>>;

/** `values` with each setting made, the later ones over the earlier. */
export function withSettings(values: Values, list: readonly Setting[]): Values {
  return list.reduce((sum, { path, value }) => set(sum, path, value), values);
}

function set(values: Values, [name = "", ...rest]: readonly string[], value: unknown): Values {
  const inner = values[name];
  const next = rest.length === 0 ? value : set(isRecord(inner) ? inner : {}, rest, value);
  return { ...values, [name]: next };
}

function isRecord(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
