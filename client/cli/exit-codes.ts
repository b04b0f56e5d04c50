/** What the command line's exit code says. `--help` lists them. */
export const EXIT = {
  ok: 0,
  /** The answer is no: a domain that does not check, a setting that no trial reached. */
  negative: 1,
  /** The call, or a file that it names, is not usable. */
  usage: 2,
  /** Some of it was done: rejected records, origins that did not answer. */
  partial: 3,
  unreachable: 4,
  refused: 5,
  /** As in sysexits.h: a fault in this program. */
  internal: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_HELP = `Exit codes:
   0  done
   1  the answer is no, such as a domain that does not check
   2  the call, or a file that it names, is not usable
   3  partly done, such as a load with rejected records
   4  the other side can not be reached
   5  the other side refused
  70  a fault in this program`;
