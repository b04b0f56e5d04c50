/**
 * A member with a valid key that does whatever it likes: each thing is refused or outvoted, and no honest
 * organisation's entries or queries suffer. All suites share one mesh; what gets the member excluded comes last.
 */
// oxlint-disable import/no-unassigned-import -- a suite is imported for the tests that it registers
import { afterAll } from "vitest";
import { sharedHostileMesh } from "../support/hostile/hostile-mesh.ts";
import "./requests.suite.ts";
import "./entries.suite.ts";
import "./lookups.suite.ts";
import "./origins.suite.ts";
import "./membership.suite.ts";

afterAll(async () => (await sharedHostileMesh()).stop());
