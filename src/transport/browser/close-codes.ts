/**
 * The mapping between WebSocket close codes and close reasons, in both
 * directions. The only file that knows both; pages and Node share it.
 *
 *     code, text ── reasonOfCode ──▶ CloseReason ── closeFrameOf ──▶ code, text
 *
 * A page may send only 1000 and 3000 to 4999. So in place of 1001 to 1015 it sends
 * the code that is 3,000 higher, with a mark before the text, and the server maps it
 * back. Without the mark such a code is somebody else's, and means what it means to
 * them: 4000 to 4999 are for private use. A client never maps, as no server is a page.
 * Codes: https://www.rfc-editor.org/rfc/rfc6455#section-7.4 and IANA's registry,
 * https://www.iana.org/assignments/websocket
 */
import type { CloseKind, CloseReason } from "../../port/close-reason.ts";
import { printable } from "../../port/printable.ts";

/** The contents of a close frame. */
export interface CloseFrame {
  readonly code: number;
  /** At most 123 bytes of UTF-8, the capacity of a close frame. */
  readonly text: string;
}

/** The close reason for a peer's close code and text. */
export function reasonOfCode(code: number, text: string): CloseReason {
  return reasonFor(code, text, kindOfCode(code) ?? "remote");
}

/** The same at a server, whose peer may be a page of tickwire. */
export function reasonOfPageCode(code: number, text: string): CloseReason {
  const kind = text.startsWith(PAGE_MARK) ? kindOfCode(code - PAGE_OFFSET) : undefined;
  return kind === undefined ? reasonOfCode(code, text) : reasonFor(code, text.slice(PAGE_MARK.length), kind);
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
  const [code] = (reason && CODES[reason.kind]) ?? [];
  if (reason === undefined || code === undefined) return { code: NORMAL, text: "" };
  return { code: RESERVED.has(code) ? INTERNAL : code, text: fitting(reason.message) };
}

/** Like {@link closeFrameOf}, with a code that a page may send. */
export function pageCloseFrameOf(reason: CloseReason | undefined): CloseFrame {
  const { code, text } = closeFrameOf(reason);
  if (code === NORMAL || code >= PAGE_OFFSET) return { code, text };
  return { code: code + PAGE_OFFSET, text: fitting(PAGE_MARK + text) };
}

/** As much of a text as a close frame can carry, without half a character. */
function fitting(text: string): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(TEXT_BYTES));
  return text.slice(0, read);
}

/** What a page of tickwire writes before the text of a code that it maps. */
const PAGE_MARK = "tickwire: ";
/** The close frame of a page that aborts, as it cannot reset the connection. The peer takes it for a reset. */
export const PAGE_ABORT: CloseFrame = { code: 4006, text: PAGE_MARK };
/** The connection broke without a close frame. Implementations report this code and never send it. */
export const ABNORMAL_CLOSURE = 1006;

const NORMAL = 1000;
const INTERNAL = 1011;
const NO_TLS = 1015;
const NO_STATUS = 1005;
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
  timeout: [3008],
};

/** Codes that implementations report and never send: RFC 6455, 7.4.1. */
const RESERVED: ReadonlySet<number> = new Set([ABNORMAL_CLOSURE, NO_TLS]);

function kindOfCode(code: number): CloseKind | undefined {
  const found = Object.entries(CODES).find(([, codes]) => codes.includes(code));
  return found?.[0] as CloseKind | undefined;
}
