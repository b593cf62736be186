/**
 * The garbage that a listener may receive: nearly right beginnings, right ones with
 * bytes changed or missing, and anything at all, in pieces.
 */
import { once } from "node:events";
import net from "node:net";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import { cut, join, streamOf } from "../../codec/deliver.ts";
import { cuts } from "../../codec/properties.ts";
import { LOOPBACK } from "../bystanders.ts";

/** What one peer does: it sends some pieces, and leaves in some way. */
export interface Attempt {
  readonly pieces: readonly Uint8Array[];
  readonly leaves: "end" | "destroy" | "reset";
}

/** Attempts whose bytes come from one of these. */
export function attempts(...streams: readonly fc.Arbitrary<Uint8Array>[]): fc.Arbitrary<Attempt> {
  const stream = fc.oneof(...streams, anyBytes);
  const leaves = fc.constantFrom("end", "destroy", "reset");
  return fc.tuple(stream, cuts, leaves).map(([bytes, lengths, how]) => {
    const coarse = lengths.map((length) => length * 20);
    return { pieces: [...cut(bytes, coarse)].map((piece) => new Uint8Array(piece)), leaves: how };
  });
}

/** `right` with a few of its bytes changed, and perhaps its end missing. */
export function damaged(right: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(right.length - 1), fc.nat(255));
  const changes = fc.array(change, { maxLength: 4 });
  return fc.tuple(changes, fc.integer({ min: 1, max: right.length })).map(([some, length]) => {
    const stream = new Uint8Array(right);
    for (const [at, byte] of some) stream[at] = byte;
    return stream.subarray(0, length);
  });
}

/** What a TLS client says first. */
export async function clientHello(): Promise<Uint8Array> {
  const server = net.createServer().listen(0, LOOPBACK);
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const client = connectTls({ host: LOOPBACK, port, servername: "localhost" }).on("error", () => {});
  const [socket] = (await once(server, "connection")) as [net.Socket];
  const [hello] = (await once(socket, "data")) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return new Uint8Array(hello);
}

/** A request for a WebSocket that is in order. */
export const UPGRADE: Uint8Array = streamOf(
  [
    "GET / HTTP/1.1",
    `Host: ${LOOPBACK}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "\r\n",
  ].join("\r\n"),
);

/** Frames of a WebSocket in which each field may be anything: opcodes, reserved bits, masks, lengths that lie. */
export const frames: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.tuple(
      fc.oneof(fc.constantFrom(0x82, 0x81, 0x02, 0x80, 0x88, 0x89, 0x8a), fc.nat(255)),
      fc.oneof(fc.constant(0x80), fc.constant(0)),
      fc.oneof(fc.nat(125), fc.constantFrom(126, 127)),
      fc.uint8Array({ maxLength: 140 }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((some) =>
    join(some.map(([first, mask, length, rest]) => join([Uint8Array.of(first, mask | length), rest]))),
  );

const anyBytes = fc.uint8Array({ maxLength: 600 });
