/**
 * Watches which kind of bytes cross the border of the core, in both directions:
 * by a codec that is careless with Buffers, and by transports that note what
 * their links are given to write.
 */
import { type AcceptorEvents, type Codec, type Link, lines, type Transport } from "../../src/index.ts";

/** The names of the constructors of all bytes that were seen. */
export interface SeenKinds {
  readonly received: Set<string>;
  readonly written: Set<string>;
}

/** Lines, encoded as Buffers; notes what its decoder is given. */
export function bufferLines({ received }: SeenKinds): Codec<string> {
  return {
    encode: (text) => Buffer.from(`${text}\n`),
    decoder() {
      const decoder = lines().decoder();
      return {
        decode(bytes, sink) {
          received.add(bytes.constructor.name);
          decoder.decode(bytes, sink);
        },
      };
    },
  };
}

/** `transport`, whose links note what they are given to write. */
export function watched(transport: Transport, kinds: SeenKinds): Transport {
  const { pump, framing } = transport;
  return {
    ...(pump !== undefined && { pump }),
    ...(framing !== undefined && { framing }),
    connect: () => watchedLink((transport.connect as () => Link)(), kinds),
    listen() {
      const acceptor = (transport.listen as NonNullable<Transport["listen"]>)();
      const attach = acceptor.attach.bind(acceptor);
      acceptor.attach = (events) => attach(watchedEvents(events, kinds));
      return acceptor;
    },
  };
}

function watchedLink(link: Link, { written }: SeenKinds): Link {
  const write = link.write.bind(link);
  link.write = (bytes) => {
    written.add(bytes.constructor.name);
    return write(bytes);
  };
  return link;
}

function watchedEvents(events: AcceptorEvents, kinds: SeenKinds): AcceptorEvents {
  return {
    listening: (address) => events.listening(address),
    incoming: (link) => events.incoming(watchedLink(link, kinds)),
    handshaking(from, drop) {
      const { incoming, ...handshake } = events.handshaking(from, drop);
      return { ...handshake, incoming: (link) => incoming(watchedLink(link, kinds)) };
    },
    rejected: (reason) => events.rejected(reason),
    closed: (reason) => events.closed(reason),
  };
}
