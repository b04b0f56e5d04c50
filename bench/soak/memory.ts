/** The memory of processes over time, and whether it grows. Reads /proc, so Linux alone. */
import { readFile } from "node:fs/promises";

const MB = 1_048_576;
const KB = 1024;
const MINUTE_MS = 60_000;
/** Until then caches fill, and compiled code settles. */
const WARM_UP_SHARE = 0.25;

const KINDS = ["held", "resident"] as const;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** Of one kind of memory of one process, in MB. */
export interface MemoryReport {
  readonly name: string;
  /**
   * held: what JavaScript still refers to, in its heap and outside, once all garbage is collected: a leak shows here.
   * resident: what the system counts, with garbage and with what was freed and not given back.
   */
  readonly kind: (typeof KINDS)[number];
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
  readonly #series: Record<MemoryReport["kind"], Map<string, Sample[]>> = {
    held: new Map(),
    resident: new Map(),
  };

  /** Notes the resident memory of the process `pid`; nothing where it has ended. */
  async noteResident(name: string, pid: number): Promise<void> {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    const found = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    if (found !== undefined) this.#note("resident", name, Number(found) * KB);
  }

  noteHeld(name: string, bytes: number): void {
    this.#note("held", name, bytes);
  }

  report(): MemoryReport[] {
    return KINDS.flatMap((kind) =>
      [...this.#series[kind]].map(([name, samples]) => ({ name, kind, ...trendOf(samples) })),
    );
  }

  #note(kind: MemoryReport["kind"], name: string, bytes: number): void {
    const list = this.#series[kind].get(name) ?? [];
    this.#series[kind].set(name, list);
    list.push({ at: Date.now(), bytes });
  }
}

function trendOf(samples: readonly Sample[]): Omit<MemoryReport, "name" | "kind"> {
  const settled = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  return {
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
