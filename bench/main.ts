/** `npm run bench -- <name>`: measurements, each a command with a table or `--json`. */
import { Command } from "commander";
import { meshBench } from "./mesh/mesh-bench.ts";
import { originBench } from "./origin/origin-bench.ts";

await new Command("bench")
  .description("Measures what the documentation claims.")
  .addCommand(meshBench())
  .addCommand(originBench())
  .parseAsync(process.argv);
