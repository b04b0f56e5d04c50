/** Hides Node's notice that `node:sqlite` is experimental: npm's bin links can not pass a flag on every system. */

/** Must be called before anything loads `node:sqlite`. Other warnings still show. */
export function hideExperimentalWarnings(): void {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (nameOf(warning, rest[0]) === "ExperimentalWarning") return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
}

/** `process.emitWarning` takes a warning's name in three places. */
function nameOf(warning: string | Error, typeOrOptions: unknown): unknown {
  if (warning instanceof Error) return warning.name;
  const isOptions = typeof typeOrOptions === "object" && typeOrOptions !== null;
  return isOptions && "type" in typeOrOptions ? typeOrOptions.type : typeOrOptions;
}
