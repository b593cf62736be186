/**
 * The header by which a proxy says for whom it has connected: PROXY protocol, versions
 * 1 (text) and 2 (binary), https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt.
 * Reads bytes, and decides nothing about who is believed.
 */
import type { Address } from "../../port/address.ts";
import { numericAddress } from "./trusted-proxies.ts";

/** A whole header: its size, and whom it names; nobody when the proxy speaks for itself, or does not know. */
export interface ProxyHeader {
  readonly headerBytes: number;
  readonly address: Address | undefined;
}

/**
 * Reads the header at the start of a stream. `"more"` when it is not whole, `"maybe"` when
 * that little may be another stream's as well, `"none"` when the stream begins with
 * something else, `"invalid"` when the header is broken or too long.
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader | "more" | "maybe" | "none" | "invalid" {
  const { length } = bytes;
  if (startsAs(bytes, SIGNATURE)) {
    if (length < SIGNATURE.length) return "maybe";
    return length < V2_BYTES ? "more" : readBinary(bytes);
  }
  if (!startsAs(bytes, PREFIX)) return "none";
  if (length < PREFIX.length) return "maybe";
  const end = bytes.indexOf(RETURN);
  if (end === -1 || end + 1 === bytes.length) return bytes.length < MOST_V1_BYTES ? "more" : "invalid";
  if (bytes[end + 1] !== NEWLINE || end + 2 > MOST_V1_BYTES) return "invalid";
  return readText(String.fromCharCode(...bytes.subarray(0, end)), end + 2);
}

function readText(line: string, headerBytes: number): ProxyHeader | "invalid" {
  const [, family, host = "", , port, targetPort, ...more] = line.split(" ");
  if (family === "UNKNOWN") return { headerBytes, address: undefined };
  const address = numericAddress(host, Number(port));
  const isPort = [port, targetPort].every((text = "") => PORT.test(text) && Number(text) <= MOST_PORT);
  const isFamily = (family === "TCP6" && host.includes(":")) || (family === "TCP4" && !host.includes(":"));
  return address !== undefined && isPort && isFamily && more.length === 0
    ? { headerBytes, address }
    : "invalid";
}

function readBinary(bytes: Uint8Array): ProxyHeader | "more" | "invalid" {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [command, family, length] = [view.getUint8(12), view.getUint8(13), view.getUint16(14)];
  const headerBytes = V2_BYTES + length;
  if (command >> 4 !== 2 || (command & 0x0f) > 1 || length > MOST_V2_BYTES) return "invalid";
  if (bytes.length < headerBytes) return "more";
  const isLocal = (command & 0x0f) === 0;
  if (isLocal) return { headerBytes, address: undefined }; // with any family
  if (family >> 4 > MOST_FAMILY || (family & 0x0f) > MOST_PROTOCOL) return "invalid";
  if (family !== TCP4 && family !== TCP6) return { headerBytes, address: undefined };
  const hostBytes = family === TCP4 ? 4 : 16;
  if (length < 2 * hostBytes + 4) return "invalid";
  const host =
    family === TCP4
      ? bytes.subarray(V2_BYTES, V2_BYTES + 4).join(".")
      : Array.from({ length: 8 }, (_, group) => view.getUint16(V2_BYTES + 2 * group).toString(16)).join(":");
  return { headerBytes, address: numericAddress(host, view.getUint16(V2_BYTES + 2 * hostBytes)) };
}

/** Whether `bytes` begin as `start` does, as far as both go. */
function startsAs(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, at) => at >= bytes.length || bytes[at] === byte);
}

const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const PREFIX = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20]; // "PROXY "
const RETURN = 0x0d;
const NEWLINE = 0x0a;
const V2_BYTES = 16;
/** The longest line of version 1, by its specification. */
const MOST_V1_BYTES = 107;
/** Enough for the addresses and what proxies add to them, such as TLS' facts. */
const MOST_V2_BYTES = 2_048;
const TCP4 = 0x11;
const TCP6 = 0x21;
/** A unix socket, and datagrams: the last that the specification knows. */
const MOST_FAMILY = 3;
const MOST_PROTOCOL = 2;
const PORT = /^\d{1,5}$/;
const MOST_PORT = 65_535;
