/**
 * The entry for a page. Has the public names, in the order in which a reader meets
 * them, and no code. The core and the codecs are the same as in Node, but for telnet; the
 * transport is the page's own WebSocket, without any `node:` module. A page
 * cannot listen or bind, so its poller has no such calls.
 */
export { ClientPoller as Poller } from "./core/client-poller.ts";
export type { ClientPollerOptions as PollerOptions, ConnectOptions } from "./core/client-options.ts";
export type { Frame } from "./core/frame/frame.ts";
export type { AnyConnection, Connection } from "./core/connection/connection.ts";
export type { DataOptions } from "./core/connection/data.ts";
export type { MessageKey } from "./core/send/keyed-spans.ts";
export type { ConnectionState } from "./core/connection/phase.ts";
export { formatAddress, type Address } from "./port/address.ts";
export type { CloseKind, CloseReason, Goodbye } from "./port/close-reason.ts";
export type { PeerClock } from "./port/peer-clock.ts";
export type { Handler, PollerEvents } from "./core/events.ts";
export type { ConnectionStats, PollerStats, StreamStats, TrafficStats } from "./core/frame/stats.ts";

export { websocket } from "./transport/browser/websocket-browser.ts";
export type { WebSocketOptions } from "./transport/browser/websocket-options.ts";
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
export type { RecordingHeader } from "./transport/wrap/log-check.ts";
export type { RecordingDamage } from "./transport/wrap/log-file.ts";
export { replayed, type Replay, type ReplayOptions } from "./transport/wrap/replayed.ts";
export type { ReplayDivergence } from "./transport/wrap/replay-divergence.ts";
export type { ReplayState } from "./transport/wrap/replay-script.ts";
export { session } from "./transport/wrap/session/client-session.ts";
export type { ClientSessionOptions as SessionOptions } from "./transport/wrap/session/session-options.ts";
export type { NameAnswer, NameQuery } from "./port/name-query.ts";
export type { Link, LinkEvents } from "./port/link.ts";
export type { Pump, Transport } from "./port/transport.ts";

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
export type { LoopFrame, LoopReport, TickOptions } from "./loop-rounds.ts";
export type { LoopTimes } from "./loop-times.ts";
