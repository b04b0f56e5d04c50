/** `npm run bench -- <name>`: measurements, each a command with a table or `--json`. */
import { Command } from "commander";
import { attackBench } from "./attack/attack-bench.ts";
import { meshBench } from "./mesh/mesh-bench.ts";

await new Command("bench")
  .description("Measures what the documentation claims.")
  .addCommand(meshBench())
  .addCommand(attackBench())
  .parseAsync(process.argv);
