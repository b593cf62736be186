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
import type { CloseKind, CloseReason } from "../../port/close-reason.ts";
import { printable } from "./printable.ts";

/** What is sent in a close frame. */
export interface CloseFrame {
  readonly code: number;
  /** At most 123 bytes of UTF-8, all that a close frame has room for. */
  readonly text: string;
}

/** The close reason that a peer's close code and text stand for. */
export function reasonOfCode(code: number, text: string): CloseReason {
  const kind = kindOfCode(code) ?? kindOfCode(code - PAGE_SHIFT) ?? "remote";
  if (code === BROKEN) return { kind, message: "the connection broke without a goodbye" };
  const isPlain = code === NORMAL || code === NONE_GIVEN;
  const why = isPlain ? "" : ` with code ${code} (${kind})`;
  const said = text === "" ? "" : `, saying "${printable(text)}"`;
  const message = `the peer closed the connection${why}${said}`;
  return isPlain ? { kind, message } : { kind, message, code: String(code) };
}

/** What to say when this side ends for `reason`. */
export function closeFrameOf(reason: CloseReason | undefined): CloseFrame {
  const [code] = (reason && CODES[reason.kind]) ?? [];
  if (reason === undefined || code === undefined) return { code: NORMAL, text: "" };
  const { read } = new TextEncoder().encodeInto(reason.message, new Uint8Array(TEXT_BYTES));
  return { code: UNSAYABLE.has(code) ? INTERNAL : code, text: reason.message.slice(0, read) };
}

/** The same, as a page may say it. */
export function pageCloseFrameOf(reason: CloseReason | undefined): CloseFrame {
  const { code, text } = closeFrameOf(reason);
  return { code: code === NORMAL || code >= PAGE_SHIFT ? code : code + PAGE_SHIFT, text };
}

/** How a page says that it drops everything: what others see when a connection breaks, which it cannot do. */
export const PAGE_ABORT: CloseFrame = { code: 4006, text: "" };
/** No goodbye came. Never sent; WebSocket implementations report it. */
export const BROKEN = 1006;

const NORMAL = 1000;
const INTERNAL = 1011;
const NO_TLS = 1015;
const NONE_GIVEN = 1005;
const PAGE_SHIFT = 3_000;
const TEXT_BYTES = 123;

/** What is understood as each kind, first the one that is said. By any other a peer means that it has closed. */
const CODES: Partial<Record<CloseKind, readonly number[]>> = {
  protocol: [1007, 1002, 1003],
  reset: [BROKEN],
  denied: [1008],
  overflow: [1013, 1009], // "try again later"
  failed: [INTERNAL],
  handshake: [NO_TLS],
  timeout: [3008],
};

/** Reported by an implementation, and never sent: RFC 6455, 7.4.1. */
const UNSAYABLE: ReadonlySet<number> = new Set([BROKEN, NO_TLS]);

function kindOfCode(code: number): CloseKind | undefined {
  const found = Object.entries(CODES).find(([, codes]) => codes.includes(code));
  return found?.[0] as CloseKind | undefined;
}
