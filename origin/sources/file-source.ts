/** A file as a source: read in full whenever it has changed; what is gone from it is gone from the origin. */
import { stat } from "node:fs/promises";
import type { CompiledDomain } from "../../protocol/index.ts";
import { openSource, type Mapping } from "../load/index.ts";
import type { FileSourceConfig } from "./config.ts";
import { definitionOf } from "./definition.ts";
import { SourceError, type Source } from "./source.ts";

export function fileSource(
  { name, path, format, everySeconds }: FileSourceConfig,
  compiled: CompiledDomain,
  mapping: Mapping | undefined,
): Source {
  return {
    name,
    compiled,
    definition: definitionOf({ path, format, mapping }),
    everyMs: everySeconds * 1000,
    compareEveryMs: undefined,
    open: async ({ position, isFull }) => {
      const stamp = await stampOf(path);
      if (!isFull && position === stamp) return undefined;
      return {
        rows: openSource(path, compiled, { format, mapping }),
        isComplete: true,
        notes: [],
        positionAfter: () => undefined,
        finish: async () => {
          if ((await stampOf(path)) === stamp) return stamp;
          throw new SourceError(`${path} changed while it was read; it will be read again`, {
            code: "changed",
          });
        },
        close: () => Promise.resolve(),
      };
    },
  };
}

/** Differs when the file was written to or replaced. */
async function stampOf(path: string): Promise<string> {
  try {
    const { size, mtimeNs, ino } = await stat(path, { bigint: true });
    return [size, mtimeNs, ino].join("-");
  } catch (error) {
    const isError = error instanceof Error;
    const code = isError && "code" in error ? String(error.code) : "unreadable";
    throw new SourceError(isError ? error.message : code, { code, cause: error });
  }
}
