/** Sealed queries and answers: end-to-end between who asks and the origin. */
export {
  ANSWER_NONCE_BYTES,
  SEALED_ANSWER_CONTENT_MAX_BYTES,
  type AnswerContent,
  type AnswerOpener,
  type AnswerSealer,
} from "./sealed-answer.ts";
export {
  openQuery,
  SEALED_MEDIA_TYPE,
  SEALED_QUERY_CONTENT_MAX_BYTES,
  sealQuery,
  type OpenedQuery,
  type OpenError,
  type SealedQuery,
  type SealingContext,
} from "./sealed-query.ts";
export { openSealingKey, sealingKeyId, type SealingKeyPair } from "./sealing-key.ts";
