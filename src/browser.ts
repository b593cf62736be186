/**
 * tickwire in a page: the public names, in the order a reader meets them. The
 * core and the codecs as they are in Node, the page's own WebSocket, and no
 * `node:` module. A page cannot listen or bind, so its poller has no such
 * calls. No code.
 */

export { type BytesOptions, bytes } from "./codec/bytes.ts";
export { type Codec, DecodeError, type Decoder, type MessageSink } from "./codec/codec.ts";
export { type JsonOptions, json } from "./codec/json.ts";
export { type LengthPrefixedOptions, lengthPrefixed } from "./codec/length-prefixed.ts";
export { type LinesOptions, lines } from "./codec/lines.ts";
export type { FieldType, RecordOf, Schema } from "./codec/layout.ts";
export { type AnyRecordOf, type Kinds, type StructOptions, struct, structs } from "./codec/struct.ts";
export {
  ClientPoller as Poller,
  type ClientPollerOptions as PollerOptions,
  type ConnectOptions,
} from "./core/client-poller.ts";
export type { AnyConnection, Connection } from "./core/connection.ts";
export type { Handler, PollerEvents } from "./core/events.ts";
export type { Frame } from "./core/frame.ts";
export type { Link, LinkEvents, Pump, Transport } from "./core/link.ts";
export { type Address, type CloseKind, type CloseReason, formatAddress } from "./core/link.ts";
export type { ConnectionState } from "./core/phase.ts";
export type { Key } from "./core/spans.ts";
export type { ConnectionStats, PollerStats, StreamStats, TrafficStats } from "./core/stats.ts";
export { type LoopOptions, type LoopReport, runLoop, waitForActivity } from "./loop.ts";
export type { WebSocketOptions } from "./transport/websocket-options.ts";
export { websocket } from "./transport/websocket-page.ts";
