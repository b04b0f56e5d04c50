/** `npm run bench -- <name>`: measurements, each a command with tables or `--json`. */
import { Command } from "commander";
import { reportError } from "../client/cli/report-error.ts";
import { attackBench } from "./attack/attack-bench.ts";
import { federatedBench } from "./federated/federated-bench.ts";
import { leakageBench } from "./leakage/leakage-bench.ts";
import { meshBench } from "./mesh/mesh-bench.ts";
import { originBench } from "./origin/origin-bench.ts";
import { recallBench } from "./recall/recall-bench.ts";
import { scaleBench } from "./scale/scale-bench.ts";
import { soakBench } from "./soak/soak-bench.ts";
import { sourcesBench } from "./sources/sources-bench.ts";
import { suiteCommand } from "./suite/command.ts";
import { throughputBench } from "./throughput/throughput-bench.ts";

try {
  await new Command("bench")
    .description("Measures what the documentation claims.")
    .addCommand(meshBench())
    .addCommand(originBench())
    .addCommand(sourcesBench())
    .addCommand(attackBench())
    .addCommand(soakBench())
    .addCommand(suiteCommand(federatedBench))
    .addCommand(suiteCommand(recallBench))
    .addCommand(suiteCommand(leakageBench))
    .addCommand(suiteCommand(scaleBench))
    .addCommand(suiteCommand(throughputBench))
    .parseAsync(process.argv);
} catch (error) {
  process.exitCode = reportError(error, process.argv.includes("--json"));
}
