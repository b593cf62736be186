/**
 * As much of HTTP/1.x (RFC 9112) as a page needs: a codec that decodes the heads
 * of requests and encodes bytes.
 *
 *     stream ── lines() ──▶ head, up to its empty line ──▶ one Asked ── program
 *     stream ◀─ bytes() ── whole answer ◀── respond ◀──────────────────┘
 *
 * The two directions carry different things, so they are made of two codecs.
 * One connection asks once: whatever follows the head (a body, a second
 * request, noise) is dropped unread. What is wrong with a head is a message
 * too, and no DecodeError, for that would close the connection unanswered.
 */
import { bytes, type Codec, DecodeError, type Decoder, lines, type MessageSink } from "../../src/index.ts";

/** What a client asked for. */
export type Asked =
  | { readonly kind: "request"; readonly method: string; readonly path: string }
  | { readonly kind: "broken"; readonly status: Status; readonly why: string };

/** The statuses that a small server answers. */
export type Status = keyof typeof STATUS_TEXT;

/** Decodes heads, encodes bytes: see {@link respond}. */
export const http: Codec<Asked, Uint8Array> = {
  decoder: () => new HeadDecoder(),
  encode: bytes().encode,
};

/** What an answer is made of. */
export interface Answer {
  readonly status: Status;
  readonly html: string;
  /** Without its body, as HEAD is answered; every header stays the same. */
  readonly isHead?: boolean;
  readonly date: Date;
}

/** A whole answer, ready to send. */
export function respond({ status, html, isHead = false, date }: Answer): Uint8Array {
  const body = utf8.encode(html);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_TEXT[status]}`,
    `Date: ${date.toUTCString()}`,
    "Content-Type: text/html; charset=utf-8",
    `Content-Length: ${body.length}`, // bytes, not characters
    "Cache-Control: no-store",
    ...(status === 405 ? ["Allow: GET, HEAD"] : []),
    "Connection: close",
    "\r\n",
  ];
  return Buffer.concat([utf8.encode(head.join("\r\n")), isHead ? NOTHING : body]);
}

/** What a status is called. */
export function statusText(status: Status): string {
  return STATUS_TEXT[status];
}

class HeadDecoder implements Decoder<Asked> {
  readonly #line = lines({ maxLineBytes: MAX_HEAD_BYTES }).decoder(); // "\r\n" and a lone "\n" both end one
  #asked: Asked | undefined;
  #cameBytes = 0;
  #isDone = false;

  decode(piece: Uint8Array, sink: MessageSink<Asked>): void {
    if (this.#isDone) return;
    const space = MAX_HEAD_BYTES - this.#cameBytes;
    this.#cameBytes += piece.length;
    try {
      this.#line.decode(piece.subarray(0, space), { put: (line) => this.#receive(line, sink) });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#finish({ kind: "broken", status: 400, why: error.message }, sink);
    }
    if (this.#cameBytes <= MAX_HEAD_BYTES) return;
    this.#finish({ kind: "broken", status: 431, why: `the head is over ${MAX_HEAD_BYTES} bytes` }, sink);
  }

  #receive(line: string, sink: MessageSink<Asked>): void {
    if (this.#asked === undefined) {
      if (line === "") return; // one too many behind a former request: RFC 9112, 2.2
      this.#asked = requestOf(line);
      if (this.#asked.kind === "broken") this.#finish(this.#asked, sink);
    } else if (line === "") {
      this.#finish(this.#asked, sink);
    } else if (!HEADER.test(line)) {
      this.#finish({ kind: "broken", status: 400, why: "a header line is not NAME: VALUE" }, sink);
    }
  }

  /** Only the first word counts. */
  #finish(asked: Asked, sink: MessageSink<Asked>): void {
    if (this.#isDone) return;
    this.#isDone = true;
    sink.put(asked, this.#cameBytes);
  }
}

function requestOf(line: string): Asked {
  const [, method, target, major] = REQUEST_LINE.exec(line) ?? [];
  if (method === undefined || target === undefined) {
    return { kind: "broken", status: 400, why: "the first line is not METHOD TARGET HTTP/1.x" };
  }
  if (major !== "1") return { kind: "broken", status: 505, why: "only HTTP/1.x is spoken here" };
  const path = target.replace(/^https?:\/\/[^/?]*/i, "").replace(/\?.*$/, "");
  return { kind: "request", method, path };
}

/**
 * The longest head, in bytes: what the large servers allow, and a bound for
 * those who never end one.
 */
const MAX_HEAD_BYTES = 16_384;

/** A token (RFC 9110, 5.6.2), what is seen of ASCII, a version. */
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~\w]+) ([!-~]+) HTTP\/(\d)\.\d$/;
const HEADER = /^[!#$%&'*+\-.^_`|~\w]+:(?:\t|\P{Cc})*$/u;

const STATUS_TEXT = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
  505: "HTTP Version Not Supported",
} as const;

const utf8 = new TextEncoder();
const NOTHING = new Uint8Array(0);
