/** The memory of processes over time, and whether it grows. Reads /proc, so Linux alone. */
import { readFile } from "node:fs/promises";

const MB = 1_048_576;
const KB = 1024;
const MINUTE_MS = 60_000;
/** Until then caches fill, and compiled code settles. */
const WARM_UP_SHARE = 0.25;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** Of one process, in MB. */
export interface MemoryReport {
  readonly name: string;
  readonly samples: number;
  readonly first: number;
  readonly max: number;
  readonly last: number;
  /** Least squares, after the warm-up. */
  readonly slopePerMinute: number;
  /** The median of the last quarter, less that of the one after the warm-up. */
  readonly growth: number;
}

export class MemoryWatch {
  readonly #samples = new Map<string, Sample[]>();

  /** Notes the resident memory of the process `pid`; nothing where it has ended. */
  async sample(name: string, pid: number): Promise<void> {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    const found = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    if (found === undefined) return;
    const list = this.#samples.get(name) ?? [];
    this.#samples.set(name, list);
    list.push({ at: Date.now(), bytes: Number(found) * KB });
  }

  report(): MemoryReport[] {
    return [...this.#samples].map(([name, samples]) => reportOf(name, samples));
  }
}

function reportOf(name: string, samples: readonly Sample[]): MemoryReport {
  const settled = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  return {
    name,
    samples: samples.length,
    first: megabytes(samples[0]?.bytes ?? 0),
    max: megabytes(Math.max(...samples.map(({ bytes }) => bytes))),
    last: megabytes(samples.at(-1)?.bytes ?? 0),
    slopePerMinute: megabytes(slope(settled) * MINUTE_MS),
    growth: megabytes(median(samples.slice(-quarter)) - median(settled.slice(0, quarter))),
  };
}

/** Bytes a millisecond. */
function slope(samples: readonly Sample[]): number {
  const n = samples.length;
  const at = samples.reduce((sum, sample) => sum + sample.at, 0) / n;
  const bytes = samples.reduce((sum, sample) => sum + sample.bytes, 0) / n;
  const covariance = samples.reduce((sum, s) => sum + (s.at - at) * (s.bytes - bytes), 0);
  const variance = samples.reduce((sum, s) => sum + (s.at - at) ** 2, 0);
  return variance === 0 ? 0 : covariance / variance;
}

function median(samples: readonly Sample[]): number {
  const sorted = samples.map(({ bytes }) => bytes).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function megabytes(bytes: number): number {
  return Math.round((bytes / MB) * 10) / 10;
}
