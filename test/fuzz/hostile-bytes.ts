/** Bytes that a hostile peer sends: those of handshakes and of frames, nearly right. */
import type { SeededRandom } from "../soak/seeded-random.ts";

/** The same bytes with some changed, left out, doubled or added. */
export function mutated(random: SeededRandom, bytes: Uint8Array): Uint8Array {
  const out = [...bytes];
  for (let count = random.between(1, 6); count > 0 && out.length > 0; count--) {
    const at = random.between(0, out.length - 1);
    const length = random.between(1, 20);
    const how = random.between(0, 3);
    if (how === 0) out[at] = random.between(0, 255);
    else if (how === 1) out.splice(at, length);
    else if (how === 2) out.splice(at, 0, ...out.slice(at, at + length));
    else out.splice(at, 0, ...random.bytes(length));
  }
  return Uint8Array.from(out);
}

/** A record that says it is the first of a TLS handshake, with any content. */
export function clientHello(random: SeededRandom): Uint8Array {
  const length = random.between(4, 600);
  const body = random.bytes(length);
  body.set([1, 0, (length - 4) >> 8, (length - 4) & 255, 3, 3].slice(0, length));
  const said = random.next() < 0.7 ? length : random.between(0, 65_535);
  return Uint8Array.from([22, 3, 1, said >> 8, said & 255, ...body]);
}

export function upgradeRequest(random: SeededRandom): Uint8Array {
  const path = random.pick(["/play", "/play", "/play", "/other", "/../play", "*"]);
  const key = Buffer.from(random.bytes(random.next() < 0.9 ? 16 : 7)).toString("base64");
  const lines = [
    `GET ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    `Sec-WebSocket-Version: ${random.pick([13, 13, 13, 8, 99])}`,
    ...(random.next() < 0.2 ? [`X-Long: ${"x".repeat(random.between(1, 20_000))}`] : []),
    ...(random.next() < 0.2 ? ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"] : []),
    ...(random.next() < 0.2 ? ["Origin: https://elsewhere.example"] : []),
  ];
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}

/** WebSocket frames, most of them with something wrong. */
export function frames(random: SeededRandom): Uint8Array {
  const out: number[] = [];
  for (let count = random.between(1, 12); count > 0; count--) out.push(...frame(random));
  return Uint8Array.from(out);
}

function frame(random: SeededRandom): number[] {
  const opcode = random.pick([0, 1, 2, 2, 2, 8, 9, 10, 3, 11]);
  const isControl = opcode >= 8;
  const flags = random.pick([0x80, 0x80, 0x80, 0, 0xc0, 0x90]);
  const length = isControl && random.next() < 0.8 ? random.between(0, 125) : random.between(0, 2_000);
  const body = [...random.bytes(length)];
  if (opcode === 8 && length >= 2) {
    const code = random.pick([1000, 1001, 1005, 1006, 1007, 1009, 1011, 1013, 3008, 4006, 999, 5000, 0]);
    body.splice(0, 2, code >> 8, code & 255);
  }
  const said = random.next() < 0.9 ? length : random.between(0, 65_535);
  const head = said < 126 ? [said] : [126, said >> 8, said & 255];
  if (random.next() < 0.03)
    return [flags | opcode, 0x80 | 127, ...random.bytes(8), ...random.bytes(4), ...body];
  if (random.next() < 0.05) return [flags | opcode, ...head, ...body]; // without a mask
  const mask = [...random.bytes(4)];
  head[0] = (head[0] ?? 0) | 0x80;
  return [flags | opcode, ...head, ...mask, ...body.map((byte, index) => byte ^ (mask[index % 4] ?? 0))];
}
