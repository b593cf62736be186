/**
 * The entry for Node: networking for code that runs in frames. Has the public
 * names, in the order in which a reader meets them, and no code.
 */
export { Poller } from "./core/poller.ts";
export type {
  BindOptions,
  ListenOptions,
  PeerConnectOptions as ConnectOptions,
  PollerOptions,
} from "./core/poller-options.ts";
export type { ClientPoller } from "./core/client-poller.ts";
export type { ClientPollerOptions } from "./core/client-options.ts";
export type { FrameBudget } from "./core/frame-budget.ts";
export type { Frame } from "./core/frame/frame.ts";
export type { ListenerEvents, ListenerEventType, ListenerHandler } from "./core/listen/listener-events.ts";
export type { BroadcastOptions } from "./core/listen/broadcaster.ts";
export type { AnyListener, Listener } from "./core/listen/listener.ts";
export type { ListenerState } from "./core/listen/listening.ts";
export type { ReadonlyConnectionSet } from "./core/storage/connection-set.ts";
export type { DrainBudget } from "./core/listen/drain-budget.ts";
export type { AnyDatagramSocket, DatagramSocket } from "./core/datagram/datagram-socket.ts";
export type { DatagramState } from "./core/datagram/memberships.ts";
export type { Datagram } from "./core/datagram/datagram-ingress.ts";
export type { Claim, ClaimState, LeaseHolder } from "./core/claim/claim.ts";
export type { ListedLease, Listing } from "./core/claim/listing.ts";
export {
  lease,
  leases,
  type Lease,
  type LeaseOptions,
  type LeasePattern,
  type LeasingTransport,
} from "./core/claim/lease.ts";
export { Epochs } from "./core/claim/epochs.ts";
export type { Lookup, LookupOptions } from "./core/lookup.ts";
export type { AnyConnection, Connection } from "./core/connection/connection.ts";
export type { DataOptions } from "./core/connection/data.ts";
export type { MessageKey } from "./core/send/keyed-spans.ts";
export type { ConnectionState } from "./core/connection/phase.ts";
export type { AcceptLimitOptions, AddressList } from "./core/listen/accept-limits.ts";
export type { PeerLimitOptions, ReceiveOverflow, SendOverflow } from "./core/limits/peer-limits.ts";
export type { ConnectLimitOptions, LimitOptions } from "./core/limits/limits.ts";
export { formatAddress, type Address } from "./port/address.ts";
export { subject } from "./port/subject.ts";
export type { CloseKind, CloseReason, Goodbye } from "./port/close-reason.ts";
export type { PeerClock } from "./port/peer-clock.ts";
export type { Handler, PollerEvents } from "./core/events.ts";
export type {
  ConnectionStats,
  DatagramStats,
  ListenerStats,
  PollerStats,
  StreamStats,
  TrafficStats,
} from "./core/frame/stats.ts";

export { tcp, type TcpOptions } from "./transport/node/tcp.ts";
export type { ProxyProtocolOptions } from "./transport/node/proxy-options.ts";
export type { TrustedProxies } from "./transport/node/trusted-proxies.ts";
export { tls, type Identity, type Pem, type TlsOptions } from "./transport/node/tls.ts";
export { udp } from "./transport/node/udp.ts";
export type { UdpOptions } from "./transport/node/udp-options.ts";
export { unix, type UnixOptions } from "./transport/node/unix.ts";
export { dns, type DnsOptions } from "./transport/node/dns.ts";
export {
  memory,
  type MemoryEnd,
  type MemoryOptions,
  type MemoryTransport,
  type NamedTransport,
} from "./transport/memory/memory.ts";
export {
  conditioned,
  type ConditionedEnd,
  type ConditionedOptions,
  type ConditionedTransport,
} from "./transport/wrap/conditioned.ts";
export {
  networkPresets,
  type Conditions,
  type Direction,
  type NetworkName,
  type PerDirection,
  type Stall,
} from "./transport/wrap/conditions.ts";
export { recorded, type RecordedTransport } from "./transport/wrap/recorded.ts";
export { Recording, type RecordingState } from "./transport/wrap/recording.ts";
export type { RecordedPiece, RecordingOptions, Redact } from "./transport/wrap/recording-options.ts";
export { recordingFile, type RecordingFileOptions } from "./transport/wrap/recording-file.ts";
export type { RecordingHeader } from "./transport/wrap/log-check.ts";
export type { RecordingDamage } from "./transport/wrap/log-file.ts";
export { replayed, type Replay, type ReplayOptions } from "./transport/wrap/replayed.ts";
export type { ReplayDivergence } from "./transport/wrap/replay-divergence.ts";
export type { ReplayState } from "./transport/wrap/replay-script.ts";
export { session } from "./transport/wrap/session/session.ts";
export type {
  ClientSessionOptions,
  SessionLine,
  SessionOptions,
} from "./transport/wrap/session/session-options.ts";
export { threaded, type ThreadedOptions } from "./transport/thread/threaded.ts";
export { metrics, type Metrics } from "./metrics.ts";
export { settle } from "./settle.ts";
export type { FailedAttempt } from "./port/link.ts";
export type { NameAnswer, NameQuery } from "./port/name-query.ts";
export type { DatagramEvents, DatagramLink, Destination } from "./port/datagram-link.ts";
export type { Acceptor, AcceptorEvents, Handshake } from "./port/acceptor.ts";
export type { Link, LinkEvents } from "./port/link.ts";
export type { PeerCertificate, Security } from "./port/security.ts";
export type { UpgradeRequest } from "./port/upgrade-request.ts";
export type {
  Answer,
  Registry,
  RegistryAnswer,
  RegistryEvents,
  RegistryRecord,
  RegistryWatcher,
} from "./port/registry.ts";
export type { Blueprint, Pump, Sleep, Transport } from "./port/transport.ts";

export { lines, type LineLimits, type LinesOptions } from "./codec/lines.ts";
export { json, type JsonOptions } from "./codec/json.ts";
export { lengthPrefixed, type LengthPrefixedOptions } from "./codec/length-prefixed.ts";
export { struct, structs, type AnyRecordOf, type Kinds, type StructOptions } from "./codec/struct.ts";
export {
  list,
  optional,
  type FieldType,
  type FixedArrayType,
  type FixedType,
  type ItemOf,
  type ItemType,
  type ListOptions,
  type ListType,
  type OptionalType,
  type RecordOf,
  type Schema,
  type SizedType,
  type ValueOf,
} from "./codec/field-types.ts";
export { bytes, type BytesOptions } from "./codec/bytes.ts";
export {
  mixed,
  type AnyMessageOf,
  type AnySentMessageOf,
  type Codecs,
  type MixedOptions,
} from "./codec/mixed.ts";
export { telnet, type TelnetOptions } from "./codec/telnet.ts";
export { duplex } from "./codec/duplex.ts";
export {
  DecodeError,
  type Codec,
  type Decoder,
  type MessageOf,
  type MessageSink,
  type SentMessageOf,
} from "./codec/codec.ts";

export {
  runLoop,
  waitForActivity,
  type AnimationPaceOptions,
  type FixedPaceOptions,
  type LoopOptions,
} from "./loop.ts";
export { runLoopSync, type SyncLoopOptions } from "./loop-sync.ts";
export type { LoopFrame, LoopReport, TickOptions } from "./loop-rounds.ts";
export type { LoopTimes } from "./loop-times.ts";
