#!/usr/bin/env node
// The command, from its sources where these are there (a clone), else compiled (the npm package).
import { existsSync } from "node:fs";

const source = new URL("../client/cli/main.ts", import.meta.url);
const compiled = new URL("../dist/node/client/cli/main.js", import.meta.url);
await import((existsSync(source) ? source : compiled).href);
