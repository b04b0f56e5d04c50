/**
 * fast-check with a fixed seed, so that every run tests the same cases. Set FAST_CHECK_SEED to another number to
 * look further.
 */
import * as fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["FAST_CHECK_SEED"] ?? 421) });

export { fc };
