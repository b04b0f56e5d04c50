#!/usr/bin/env node
/** The command `outcome-mesh`. */
import { enableCompileCache } from "node:module";
import { Command, CommanderError } from "commander";
import { VERSION } from "../../origin/package.ts";
import { CliError } from "./cli-error.ts";
import { addCommands } from "./command-list.ts";
import { EXIT, EXIT_HELP } from "./exit-codes.ts";
import { hideExperimentalWarnings } from "./quiet-warnings.ts";
import { reportError } from "./report-error.ts";

const EXAMPLES = `
Examples:
  outcome-mesh up --once
  outcome-mesh domain check pump-faults.json
  outcome-mesh origin load records.ndjson --config origin.jsonc --domain pump-faults
  outcome-mesh query --gateway https://mesh.example.org --domain pump-faults.json \\
    --profile '{"symptoms":["cavitation"],"vibration":7.1}'

Every command has --help, and --json for one JSON document on stdout (an error: on stderr).
`;

// A reader that has seen enough, such as `head`, is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
}

// Both are in time: the commands are loaded later, and the database with them.
hideExperimentalWarnings();
enableCompileCache();

const args = process.argv.slice(2);
try {
  await run(args);
} catch (error) {
  process.exitCode = reportError(error, args.includes("--json"));
}

async function run(words: readonly string[]): Promise<void> {
  const program = new Command("outcome-mesh")
    .description(
      "Finds similar cases and their outcomes at many organisations, without moving them.",
    )
    .version(VERSION, "--version")
    .addHelpText("after", `${EXAMPLES}\n${EXIT_HELP}`);
  await addCommands(program, words);
  program.commands.flatMap((command) => [command, ...command.commands]).forEach(throwUsageErrors);
  throwUsageErrors(program);
  await program.parseAsync(words, { from: "user" }).catch((error: unknown) => {
    // Help and version were printed: that is all there was to do.
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
  });
}

/** Instead of writing and exiting by itself, so that all errors look the same. */
function throwUsageErrors(command: Command): void {
  command.configureOutput({ outputError: () => undefined });
  command.exitOverride((error) => {
    if (error.exitCode === 0) throw error;
    const name = [command.parent?.parent?.name(), command.parent?.name(), command.name()]
      .filter(Boolean)
      .join(" ");
    // A group or the program without a command: its help is on stderr already.
    const isHelp = error.code === "commander.help";
    const message = isHelp
      ? "which command?"
      : error.message.replace(/^error: /, "").replace("\n", " ");
    throw new CliError(message, {
      exitCode: EXIT.usage,
      hint: `see ${name} --help`,
      cause: error,
    });
  });
}
