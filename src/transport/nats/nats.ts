/**
 * NATS as a transport: machines that reach each other by subjects, over a broker. Decides
 * what one value has in common: its options, its connection, and its name.
 *
 *     nats({ servers, name }) ──▶ bind: datagrams            ┐
 *                       .at(name) ──▶ listen, connect: streams ├──▶ bus: one connection ──▶ broker
 */
import type { Acceptor } from "../../port/acceptor.ts";
import type { DatagramLink } from "../../port/datagram-link.ts";
import type { Link } from "../../port/link.ts";
import type { Registry } from "../../port/registry.ts";
import type { Transport } from "../../port/transport.ts";
import { warnUnlessYielding } from "../node/yield-warning.ts";
import { Bus } from "./bus.ts";
import { NatsAcceptor } from "./nats-acceptor.ts";
import { NatsDatagrams } from "./nats-datagrams.ts";
import { NatsLink } from "./nats-link.ts";
import { isSubject, type NatsOptions, natsSettings } from "./nats-options.ts";
import { NatsRegistry } from "./nats-registry.ts";
import { Streams } from "./streams.ts";

/** NATS under one name: what it makes has that subject as its address. */
export interface NamedNats extends Transport {
  bind(): DatagramLink;
  /** What leases are kept in: a bucket of JetStream, by the package `@nats-io/kv`. */
  registry(): Registry;
  /** @throws RangeError without a name */
  listen(): Acceptor;
  /** Connects to whoever listens under this name. @throws RangeError without a name */
  connect(): Link;
}

/** NATS as a transport; all that is made of one value shares a connection. */
export interface NatsTransport extends NamedNats {
  /**
   * The same broker and connection under another name.
   *
   * @throws TypeError or RangeError when `name` is no subject
   */
  at(name: string): NamedNats;
}

/**
 * A transport over a NATS broker. It connects when it is first used, and closes when nothing
 * that it made is left. Needs the package `@nats-io/transport-node`.
 *
 * @throws TypeError when an option has the wrong type, or is unknown
 * @throws RangeError when a value is out of range, or two options contradict each other
 */
export function nats(options: NatsOptions = {}): NatsTransport {
  const settings = natsSettings(options);
  const bus = new Bus(settings);
  const streams = new Streams(bus);
  return {
    ...named(bus, streams, settings.name),
    at(name) {
      isSubject("name", name);
      return named(bus, streams, name);
    },
  };
}

function named(bus: Bus, streams: Streams, name: string | undefined): NamedNats {
  const { allowHalfOpen, name: ownName } = bus.settings;
  return {
    bind: () => new NatsDatagrams(bus, name),
    listen: () => new NatsAcceptor(streams, nameFor("listen", name), allowHalfOpen),
    connect() {
      const listener = nameFor("connect", name);
      return new NatsLink({ streams, listener, name: ownName, allowHalfOpen });
    },
    registry: () => new NatsRegistry(bus, bus.settings.leases),
    pump: warnUnlessYielding,
  };
}

function nameFor(verb: string, name: string | undefined): string {
  if (name !== undefined) return name;
  throw new RangeError(`transport: nats() needs a name to ${verb}, or that of at()`);
}
