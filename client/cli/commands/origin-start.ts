/** `outcome-mesh origin start`: an origin in the foreground, as a service manager runs it. */
import { Command } from "commander";
import { DatabaseInUseError, runOrigins } from "../../../origin/index.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { files } from "../mesh/options.ts";
import { jsonOption } from "../options.ts";
import { readConfig, withUsageErrors } from "../origin-config.ts";
import { printText } from "../output.ts";

interface OriginStartOptions {
  readonly config: readonly string[];
  readonly json?: true;
}

export function originStartCommand(): Command {
  return new Command("start")
    .description(
      "Run an origin until it is interrupted. Prints its URL when it listens; its log goes to stderr, a JSON object a line.",
    )
    .requiredOption("--config <file>", "the origin's configuration; may be repeated", files)
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh origin start --config origin.jsonc
  outcome-mesh origin start --config a/origin.jsonc --config b/origin.jsonc   (two, for trials on one machine)

SIGTERM or SIGINT ends it in order: it refuses new requests, finishes those in hand, and tells the mesh what is due,
each for ten seconds at most; what still waits then is told when it starts again. A second signal ends it at once.

Exit codes: 0 ended in order; 1 could not open its database or listen; 2 the configuration is not usable;
130 ended at once.`,
    )
    .action(runOriginStart);
}

async function runOriginStart({ config: paths, json }: OriginStartOptions): Promise<void> {
  const configs = await Promise.all(paths.map(readConfig));
  const onListening = (url: string): void => {
    // One line each: whoever started this reads it while the origin runs on.
    printText(json ? JSON.stringify({ event: "listening", url }) : `listening at ${url}`);
  };
  await withUsageErrors(() => runOrigins(configs, onListening)).catch((error: unknown) => {
    throw startError(error) ?? error;
  });
}

/** What a machine's state keeps from starting; undefined for a fault of ours. */
function startError(error: unknown): CliError | undefined {
  if (!(error instanceof Error) || error instanceof CliError) return undefined;
  if (!("code" in error) && !(error instanceof DatabaseInUseError)) return undefined;
  return new CliError(`the origin can not start: ${error.message}`, {
    exitCode: EXIT.negative,
    hint: hintFor(error),
    cause: error,
  });
}

function hintFor(error: Error): string | undefined {
  if (error instanceof DatabaseInUseError) {
    return "stop it first; two origins can not share a database";
  }
  if (!("code" in error)) return undefined;
  if (error.code === "EADDRINUSE") return "set another `listen.port`, or stop what listens there";
  if (error.code === "EACCES") return "may this account listen there, and write the database?";
  return undefined;
}
