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
  if (code === BROKEN) return { kind: "reset", message: "the connection broke without a goodbye" };
  const kind = KINDS[code] ?? KINDS[code - PAGE_SHIFT] ?? "remote";
  const isPlain = code === NORMAL || code === NONE_GIVEN;
  const why = isPlain ? "" : ` with code ${code} (${kind})`;
  const said = text === "" ? "" : `, saying "${text.replace(UNPRINTABLE, "\uFFFD")}"`;
  const message = `the peer closed the connection${why}${said}`;
  return isPlain ? { kind, message } : { kind, message, code: String(code) };
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

/** What a peer means by each code; by any other, only that it has closed. */
const KINDS: Readonly<Record<number, CloseKind>> = {
  1002: "protocol",
  1003: "protocol",
  1006: "reset",
  1007: "protocol",
  1008: "denied",
  1009: "overflow",
  1011: "failed",
  1013: "overflow",
  1015: "handshake",
  3008: "timeout",
};

/** What this side means. */
const CODES: Partial<Record<CloseKind, number>> = {
  protocol: 1007,
  denied: 1008,
  failed: 1011,
  overflow: 1013, // "try again later"
  timeout: 3008,
};

/** What could move a terminal's cursor, or turn the order of what stands around it. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
