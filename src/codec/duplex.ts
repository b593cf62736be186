/**
 * Two codecs as one: what is received is of the one, what is sent of the other.
 * Decides nothing about either.
 */
import { kindOf } from "../check.ts";
import { type Codec, decodeWholeBy, encodeWholeBy } from "./codec.ts";

/**
 * A codec that receives by one codec and sends by another. The other side of the
 * connection has the two in the other order.
 *
 * @throws TypeError when one of them is no codec
 */
export function duplex<In, Out>(receive: Codec<In, never>, send: Codec<unknown, Out>): Codec<In, Out> {
  checkCodec("receive", receive);
  checkCodec("send", send);
  const both: Codec<In, Out> = {
    fingerprint: `${receive.fingerprint} / ${send.fingerprint}`,
    encodesText: send.encodesText === true,
    decoder: () => receive.decoder(),
    encode: (message) => send.encode(message),
  };
  if (receive.decodeWhole === undefined && send.encodeWhole === undefined) return both;
  return {
    ...both,
    decodeWhole: (bytes, sink) => decodeWholeBy(receive, bytes, sink),
    encodeWhole: (message) => encodeWholeBy(send, message),
  };
}

/**
 * Checks an argument that has to be a codec.
 *
 * @throws TypeError when it is none
 */
export function checkCodec(name: string, value: unknown): void {
  const { decoder, encode } = (value ?? {}) as Partial<Codec<unknown>>;
  if (typeof decoder === "function" && typeof encode === "function") return;
  throw new TypeError(`${name}: expected a codec, got ${kindOf(value)}`);
}
