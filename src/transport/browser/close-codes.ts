/**
 * The mapping between WebSocket close codes and close reasons, in both
 * directions. The only file that knows both; pages and Node share it.
 *
 *     code, text ── reasonOfCode ──▶ CloseReason ── closeFrameOf ──▶ code, text
 *
 * The codes from 3000 to 4999 are the game's, as a goodbye; so is 1000 with a text. What
 * tickwire itself says by such a code has a mark before its text, with which no goodbye
 * begins. A page may send only these and 1000. So in place of 1001 to 1015 it sends the
 * code that is 3,000 higher, with the mark, and the server maps it back. A client never
 * does, as no server is a page.
 * Codes: https://www.rfc-editor.org/rfc/rfc6455#section-7.4 and IANA's registry,
 * https://www.iana.org/assignments/websocket
 */
import type { CloseKind, CloseReason, Goodbye } from "../../port/close-reason.ts";
import { printable } from "../../port/printable.ts";

/** The contents of a close frame. */
export interface CloseFrame {
  readonly code: number;
  /** At most 123 bytes of UTF-8, the capacity of a close frame. */
  readonly text: string;
}

/** Whether a close frame can have a code that a game has chosen. */
export function carriesCode(code: number): boolean {
  return code === NORMAL || isGames(code);
}

/** The close reason for a peer's close code and text. */
export function reasonOfCode(code: number, text: string): CloseReason {
  if (code === TIMEOUT && text.startsWith(MARK)) return reasonFor(code, text.slice(MARK.length), "timeout");
  if (!carriesCode(code) || (code === NORMAL && text === ""))
    return reasonFor(code, text, kindOfCode(code) ?? "remote");
  const goodbye: Goodbye = text === "" ? { code } : { code, text };
  return { ...reasonFor(code, text, "remote"), goodbye };
}

/** The same at a server, whose peer may be a page of tickwire. */
export function reasonOfPageCode(code: number, text: string): CloseReason {
  const kind = text.startsWith(MARK) ? kindOfCode(code - PAGE_OFFSET) : undefined;
  return kind === undefined ? reasonOfCode(code, text) : reasonFor(code, text.slice(MARK.length), kind);
}

function reasonFor(code: number, text: string, kind: CloseKind): CloseReason {
  if (code === ABNORMAL_CLOSURE) return { kind, message: "the connection broke without a close frame" };
  const isPlain = code === NORMAL || code === NO_STATUS;
  const codeText = isPlain ? "" : ` with code ${code} (${kind})`;
  const detail = text === "" ? "" : `: "${printable(text)}"`;
  const message = `the peer closed the connection${codeText}${detail}`;
  return isPlain ? { kind, message } : { kind, message, code: String(code) };
}

/** The close frame to send when this side closes for `reason`. */
export function closeFrameOf(reason: CloseReason | undefined): CloseFrame {
  const { goodbye } = reason ?? {};
  if (goodbye !== undefined && carriesCode(goodbye.code))
    return { code: goodbye.code, text: fitting(goodbye.text ?? "") };
  const [code] = (reason && CODES[reason.kind]) ?? [];
  if (reason === undefined || code === undefined) return { code: NORMAL, text: "" };
  const text = isGames(code) ? MARK + reason.message : reason.message;
  return { code: RESERVED.has(code) ? INTERNAL : code, text: fitting(text) };
}

/** Like {@link closeFrameOf}, with a code that a page may send. */
export function pageCloseFrameOf(reason: CloseReason | undefined): CloseFrame {
  const { code, text } = closeFrameOf(reason);
  if (carriesCode(code)) return { code, text };
  return { code: code + PAGE_OFFSET, text: fitting(MARK + text) };
}

/** As much of a text as a close frame can carry, without half a character. */
function fitting(text: string): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(TEXT_BYTES));
  return text.slice(0, read);
}

/** The codes that libraries and applications may choose. */
function isGames(code: number): boolean {
  return code >= 3_000 && code <= 4_999;
}

/** What tickwire writes before its text where the code is one of those that games choose. No goodbye begins so. */
const MARK = "tickwire: ";
/** The close frame of a page that aborts, as it cannot reset the connection. The peer takes it for a reset. */
export const PAGE_ABORT: CloseFrame = { code: 4006, text: MARK };
/** The connection broke without a close frame. Implementations report this code and never send it. */
export const ABNORMAL_CLOSURE = 1006;

const NORMAL = 1000;
const INTERNAL = 1011;
const NO_TLS = 1015;
const NO_STATUS = 1005;
const TIMEOUT = 3008;
const PAGE_OFFSET = 3_000;
const TEXT_BYTES = 123;

/** The codes for each kind; the first one is sent. Any other code means that the peer has closed. */
const CODES: Partial<Record<CloseKind, readonly number[]>> = {
  protocol: [1007, 1002, 1003],
  reset: [ABNORMAL_CLOSURE],
  denied: [1008],
  overflow: [1013, 1009], // "try again later"
  failed: [INTERNAL],
  handshake: [NO_TLS],
  timeout: [TIMEOUT],
};

/** Codes that implementations report and never send: RFC 6455, 7.4.1. */
const RESERVED: ReadonlySet<number> = new Set([ABNORMAL_CLOSURE, NO_TLS]);

function kindOfCode(code: number): CloseKind | undefined {
  const found = Object.entries(CODES).find(([, codes]) => codes.includes(code));
  return found?.[0] as CloseKind | undefined;
}
