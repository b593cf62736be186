/**
 * A network in memory whose clients have addresses that the test chooses: the
 * acceptor is the network's own, and only tells another address of each link.
 */
import { type Address, type Link, type MemoryTransport, memory, type Transport } from "../../../src/index.ts";

/** An address of either family, as Node shows it. */
export function from(host: string): Address {
  return { family: host.includes(":") ? "IPv6" : "IPv4", host, port: 40_000 };
}

/** A transport to listen with; clients that connect on `wire` come from `next()`. */
export function addressedNetwork(next: () => Address): { wire: MemoryTransport; listen: Transport } {
  const wire = memory();
  const listen: Transport = {
    listen() {
      const acceptor = wire.listen();
      return {
        attach(events) {
          acceptor.attach({
            listening: (address) => events.listening(address),
            handshaking: (address, drop) => events.handshaking(address, drop),
            incoming: (link) => events.incoming(seenFrom(link, next())),
            rejected: (reason) => events.rejected(reason),
            closed: (reason) => events.closed(reason),
          });
        },
        close: () => acceptor.close(),
      };
    },
  };
  return { wire, listen };
}

function seenFrom(link: Link, remoteAddress: Address): Link {
  return new Proxy(link, {
    get(target, name) {
      if (name === "remoteAddress") return remoteAddress;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
