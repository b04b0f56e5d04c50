/** Sealed queries at the origin: its keys, opening and answering, and what the mesh is told. */
export { sealingConfigSchema, type SealingConfig } from "./config.ts";
export { openExchange, type Exchange, type ExchangeOptions } from "./exchange.ts";
export { openSealingKeys } from "./key-file.ts";
export { Sealing, type AnnouncedKey } from "./sealing.ts";
