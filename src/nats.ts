/**
 * The entry for many machines: datagrams, streams and leases over a broker of NATS, on the package
 * `@nats-io/transport-node`, which the user installs. A separate entry, so that programs
 * without a broker do not load it. Has the public names, and no code.
 */
export { nats, type NamedNats, type NatsTransport } from "./transport/nats/nats.ts";
export type { NatsOptions, NatsTlsOptions } from "./transport/nats/nats-options.ts";
