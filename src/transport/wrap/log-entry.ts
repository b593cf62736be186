/**
 * The entries of a recording: what a poller has asked of a transport, and what the
 * transport has told, each as one kind with its arguments.
 *
 *     poll ─▶ [ received, received ] ─ write ─ write ─ drain ─▶ [ abort ─▶ [ closed ] ]
 *
 * A call in which something else happens is begun and ended, and what stands between is
 * part of it; any other call is one entry. What is on the wire of a file stands in
 * `log-bytes.ts`; this file has the kinds alone.
 */

/** What a poller asks of a transport. */
export const CALL = {
  /** A frame begins. Its target is the poller. */
  poll: 1,
  /** A pump in which something has happened. */
  pump: 2,
  listen: 3,
  connect: 4,
  bind: 5,
  attach: 6,
  write: 7,
  pause: 8,
  resume: 9,
  probe: 10,
  reportPartial: 11,
  endSending: 12,
  end: 13,
  abort: 14,
  close: 15,
  /** A peer that is shaking hands is dropped. */
  drop: 16,
  send: 17,
  join: 18,
  leave: 19,
  ask: 20,
  /** A drain with a budget of real time. Its result is the number of messages visited. */
  drain: 21,
  /** Whether a goodbye with a code can be sent. */
  carriesCode: 22,
} as const;

/** What a transport tells, and what only the recording says. */
export const EVENT = {
  opened: 32,
  received: 33,
  partial: 34,
  drained: 35,
  ended: 36,
  closed: 37,
  listening: 38,
  incoming: 39,
  handshaking: 40,
  rejected: 41,
  /** Of a handshake: the peer's address is known. */
  identified: 42,
  /** Of a handshake: it has succeeded. */
  admitted: 43,
  bound: 45,
  datagram: 46,
  sent: 47,
  failed: 48,
  found: 49,
  /** What a link knows of itself and of its peer has changed. */
  info: 50,
  rtt: 51,
  hint: 52,
  suspended: 53,
  resumed: 54,
  jitter: 55,
  frameRtt: 56,
  /** For how long a link has no line; -1 while it has one. */
  down: 57,
  /** The server's clock: its offset, the error of that, and its time. */
  clock: 58,
  /** Of a place for datagrams: how many were sent to it and have not come. */
  lost: 59,
  /** Of a place for datagrams: something is wrong with what carries them. */
  trouble: 60,
} as const;

/** What stands between two calls, and is neither. */
export const NOTE = {
  /** A transport is recorded. */
  transport: 64,
  /** A query for the addresses of a name is recorded. */
  query: 65,
  /** The game acts between two frames. */
  mark: 66,
  /** The game's own state, from which a replay may begin. */
  keyframe: 67,
} as const;

/** The end of a call that was begun. */
export const END = 127;

/** The flag of a call that is begun, and ended by {@link END}. */
export const BEGUN = 128;

/** What a call has answered. */
export const RESULT = { none: 0, yes: 1, threw: 2, number: 3 } as const;

export type CallKind = (typeof CALL)[keyof typeof CALL];
export type EventKind = (typeof EVENT)[keyof typeof EVENT];
export type NoteKind = (typeof NOTE)[keyof typeof NOTE];

/** The type of an argument: a whole number, a number, bytes, or a value of JSON. */
export type ArgumentType = "count" | "number" | "bytes" | "json";

/** The arguments of each kind, in their order. Kinds that are not here have none. */
export const ARGUMENTS: Readonly<Record<number, readonly ArgumentType[]>> = {
  [CALL.poll]: ["number"],
  [CALL.listen]: ["count", "json"], // the acceptor, and what is known of it
  [CALL.connect]: ["count", "json"],
  [CALL.bind]: ["count", "json"],
  [CALL.write]: ["bytes"],
  [CALL.end]: ["json"],
  [CALL.abort]: ["json"],
  [CALL.carriesCode]: ["count"],
  [CALL.send]: ["bytes", "json"],
  [CALL.join]: ["json"],
  [CALL.leave]: ["json"],
  [CALL.ask]: ["count"],
  [EVENT.received]: ["bytes"],
  [EVENT.partial]: ["count"],
  [EVENT.drained]: ["count"],
  [EVENT.ended]: ["json"],
  [EVENT.closed]: ["json"],
  [EVENT.listening]: ["json"],
  [EVENT.incoming]: ["count", "json"], // the link, and what is known of it
  [EVENT.handshaking]: ["count", "json"], // the handshake, and the peer's address
  [EVENT.rejected]: ["json"],
  [EVENT.identified]: ["json"],
  [EVENT.admitted]: ["count", "json"],
  [EVENT.bound]: ["json", "json"],
  [EVENT.datagram]: ["bytes", "json", "json"], // what, from whom, and to which subject
  [EVENT.sent]: ["count"],
  [EVENT.failed]: ["json"],
  [EVENT.found]: ["json"],
  [EVENT.info]: ["json"],
  [EVENT.rtt]: ["number"],
  [EVENT.hint]: ["json"],
  [EVENT.jitter]: ["number"],
  [EVENT.frameRtt]: ["number"],
  [EVENT.down]: ["number"],
  [EVENT.clock]: ["number", "number", "number"],
  [EVENT.lost]: ["count"],
  [EVENT.trouble]: ["json"],
  [NOTE.transport]: ["json"],
  [NOTE.keyframe]: ["bytes"],
};

/** One entry, as it is read. */
export interface Entry {
  readonly kind: number;
  /** Whether it is a call that an {@link END} ends. */
  readonly isBegun: boolean;
  /** Of a call: what it has answered; of {@link END}: the same for the call that it ends. */
  readonly result: number;
  /** Which poller, transport, link, acceptor, handshake or query it is about. */
  readonly target: number;
  readonly args: readonly unknown[];
}

/** Whether a kind is that of a call. */
export function isCall(kind: number): kind is CallKind {
  return kind < EVENT.opened;
}

/** Whether a kind is that of an event. */
export function isEvent(kind: number): kind is EventKind {
  return kind >= EVENT.opened && kind < NOTE.transport;
}

/** The name of a kind, for people. */
export function nameOfKind(kind: number): string {
  for (const [name, value] of NAMES) if (value === kind) return name;
  return kind === END ? "end of a call" : `entry ${kind}`;
}

const NAMES = [...Object.entries(CALL), ...Object.entries(EVENT), ...Object.entries(NOTE)];

/** All kinds but {@link END}. */
export const KINDS: ReadonlySet<number> = new Set(NAMES.map(([, kind]) => kind));
