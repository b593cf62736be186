/**
 * What the two ends of the chat agree on: lines of text, and how long they may
 * be. The server tells more than it was told, for it puts the speaker's address
 * in front; so its two directions have limits of their own.
 */
import { type Codec, lines } from "../../src/index.ts";

/** The longest line a person may say, in bytes: a page of text. */
export const MAX_SAID_BYTES = 4_096;

const said = lines({ maxLineBytes: MAX_SAID_BYTES });
/** Room for the longest address and its colon. */
const told = lines({ maxLineBytes: MAX_SAID_BYTES + 128 });

/** Receives what people say, sends what others said. */
export const serverSide: Codec<string> = { decoder: said.decoder, encode: told.encode };
/** The same from the other end. */
export const clientSide: Codec<string> = { decoder: told.decoder, encode: said.encode };
