/**
 * Loaded into a watched origin (`node --expose-gc --import`): whenever it is asked over the channel between the
 * processes, tells what the origin still holds when all garbage is collected.
 */
import { setImmediate as nextTurn } from "node:timers/promises";

const collect = globalThis.gc;
if (!collect) throw new Error("needs --expose-gc");

process.on("message", () => {
  collect();
  // What finalizers let go of is collected in the second round.
  void nextTurn().then(() => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    process.send?.(heapUsed + external);
  });
});
// An origin that is told to stop has to end, whoever could still ask.
process.channel?.unref();
