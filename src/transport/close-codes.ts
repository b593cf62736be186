/**
 * What WebSocket close codes mean, as close reasons, and which code says why
 * this side ends. The one place that knows both; page and Node share it.
 *
 *     code, text ── reasonOfCode ──▶ CloseReason ── farewellOf ──▶ code, text
 *
 * A page may send 1000 and 3000 to 4999 alone, so it says what others say with
 * 1001 to 1015 by the code that is 3,000 higher, and is understood so.
 * Codes: https://www.rfc-editor.org/rfc/rfc6455#section-7.4 and IANA's registry,
 * https://www.iana.org/assignments/websocket
 */
import type { CloseKind, CloseReason } from "../core/link.ts";

/** What is sent in a close frame. */
export interface Farewell {
  readonly code: number;
  /** At most 123 bytes of UTF-8, all that a close frame has room for. */
  readonly text: string;
}

/** The close reason that a peer's close code and text stand for. */
export function reasonOfCode(code: number, text: string): CloseReason {
  const [kind, sentence] = MEANINGS[code] ?? MEANINGS[code - PAGE_SHIFT] ?? CLOSED;
  const said = text === "" ? "" : `, saying "${text.replace(UNPRINTABLE, "\uFFFD")}"`;
  if (code === NORMAL || code === NONE_GIVEN) return { kind, message: sentence + said };
  return { kind, message: `${sentence}${said} (close code ${code})`, code: String(code) };
}

/** What to say when this side ends for `reason`. */
export function farewellOf(reason: CloseReason | undefined): Farewell {
  const code = CODES[reason?.kind ?? "local"] ?? NORMAL;
  if (reason === undefined || code === NORMAL) return { code: NORMAL, text: "" };
  const { read } = new TextEncoder().encodeInto(reason.message, new Uint8Array(TEXT_BYTES));
  return { code, text: reason.message.slice(0, read) };
}

/** The same, as a page may say it. */
export function pageFarewellOf(reason: CloseReason | undefined): Farewell {
  const { code, text } = farewellOf(reason);
  return { code: code === NORMAL || code >= PAGE_SHIFT ? code : code + PAGE_SHIFT, text };
}

/** How a page says that it drops everything: what others see when a connection breaks, which it cannot do. */
export const PAGE_ABORT: Farewell = { code: 4006, text: "" };
/** No goodbye came. Never sent; WebSocket implementations report it. */
export const BROKEN = 1006;

const NORMAL = 1000;
const NONE_GIVEN = 1005;
const PAGE_SHIFT = 3_000;
const TEXT_BYTES = 123;

type Meaning = readonly [kind: CloseKind, sentence: string];

const CLOSED: Meaning = ["remote", "the peer closed the connection"];
const BAD_FRAME: Meaning = ["protocol", "the peer says that this side broke the protocol"];
const NOT_ALLOWED: Meaning = ["denied", "the peer does not allow it"];
const LIMIT: Meaning = ["overflow", "a limit of the peer was reached"];

const MEANINGS: Readonly<Record<number, Meaning>> = {
  1000: CLOSED,
  1001: ["remote", "the peer went away"],
  1002: BAD_FRAME,
  1003: BAD_FRAME,
  1006: ["reset", "the connection broke without a goodbye"],
  1007: ["protocol", "the peer could not read what this side sent"],
  1008: NOT_ALLOWED,
  1009: LIMIT,
  1010: BAD_FRAME,
  1011: ["failed", "the peer met an error"],
  1012: ["remote", "the peer restarts"],
  1013: LIMIT,
  1014: ["failed", "a gateway on the way failed"],
  1015: ["handshake", "the two sides did not agree on encryption"],
  3000: NOT_ALLOWED,
  3003: NOT_ALLOWED,
  3008: ["timeout", "this side did not answer in the peer's time"],
};

const CODES: Partial<Record<CloseKind, number>> = {
  protocol: 1007,
  denied: 1008,
  failed: 1011,
  overflow: 1013, // "try again later"
  timeout: 3008,
};

/** What could move a terminal's cursor, or turn the order of what stands around it. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
