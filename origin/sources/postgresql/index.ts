/** PostgreSQL as a source. */
export { postgresqlSource } from "./postgresql-source.ts";
export { BEGINNING, settle, startOf, type Position } from "./position.ts";
