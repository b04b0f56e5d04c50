/**
 * Bad input to a Worker gets the right status and a problem document, stores nothing, and the next good request
 * works. All suites share one mesh; what stores much comes last.
 */
// oxlint-disable import/no-unassigned-import -- a suite is imported for the tests that it registers
import { afterAll } from "vitest";
import { sharedMesh } from "../support/bad-input/mesh.ts";
import "./bad-input/routes.suite.ts";
import "./bad-input/senders.suite.ts";
import "./bad-input/statements.suite.ts";
import "./bad-input/bodies.suite.ts";
import "./bad-input/fields.suite.ts";
import "./bad-input/largest.suite.ts";

afterAll(async () => (await sharedMesh()).stop());
