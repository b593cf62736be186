/**
 * One connection to a broker, by the client of NATS: the one file that loads
 * `@nats-io/transport-node`, which it does at the first use, so that a program which has not
 * installed it learns that by a reason. It is required, as `ws` is, and its types are
 * written out here as far as they are used: those of the package need all of its kin.
 *
 *     dial ──▶ require ──▶ connect ──▶ opened ─ … ─ lost
 *       └─ abort: the sockets of this attempt are destroyed ──▶ (nothing)
 *
 * A connection lives once: `bus.ts` dials the next one. The client's own way of coming
 * back is not used: it says nothing of a broker that cannot be reached at the start, and
 * cannot be stopped while it dials.
 */
import { createRequire } from "node:module";
import type { CloseReason } from "../../port/close-reason.ts";
import { plainView } from "../node/plain-bytes.ts";
import { type Attempt, endAttempt, noted } from "./attempt.ts";
import { type AuthenticatorMakers, authenticatorOf, checkTls, SetupError } from "./client-credentials.ts";
import type { NatsSettings } from "./nats-options.ts";
import { LOST, reasonOfNats, STALE } from "./reasons.ts";

/** What an attempt, and the connection that it became, tell. */
export interface ClientEvents {
  opened(client: Client): void;
  /** The attempt has failed, or the connection is lost. Once, and last. `isSetup`: for a reason that no attempt changes. */
  lost(reason: CloseReason, isSetup: boolean): void;
  /** The broker does not permit what was asked for; the connection goes on. */
  refused(reason: CloseReason): void;
}

/** A message, as it has come. */
export interface BusMessage {
  /** The subject that it was sent to. */
  readonly subject: string;
  /** Where the sender wants the answer; empty when nowhere. */
  readonly reply: string;
  /** Lent for the duration of the call, and no `Buffer`. */
  readonly bytes: Uint8Array;
  /** Whether the broker says that nobody listens to what was sent with this reply subject. */
  readonly isNobody: boolean;
}

/** A connection that is open. */
export interface Client {
  /** The client's own connection, for what is built on it. */
  readonly connection: NatsConnection;
  /** The most bytes of a message that the server takes now; it may change its mind. */
  readonly maxPayloadBytes: number;
  /** Hands a message over; a larger one is dropped. `bytes` belong to the client from now on. */
  publish(subject: string, bytes: Uint8Array, reply: string): void;
  /** Hears a subject. Returns the call that ends it. `refused` is called when the broker does not permit it. */
  subscribe(
    subject: string,
    queue: string | undefined,
    onMessage: (message: BusMessage) => void,
    refused: (reason: CloseReason) => void,
  ): () => void;
  /** Calls back once the broker has taken all that was handed over before; never after a loss. */
  confirm(done: () => void): void;
  /** Closes at once, and drops what was not sent. `lost` does not follow. */
  close(): void;
}

/** Begins to connect, and tells nothing before it returns. It returns the call that gives up: nothing is told after that. */
export function dial(settings: NatsSettings, events: ClientEvents): () => void {
  const attempt: Attempt = { sockets: new Set(), isOver: false };
  void open(settings, events, attempt);
  return () => endAttempt(attempt);
}

async function open(settings: NatsSettings, events: ClientEvents, attempt: Attempt): Promise<void> {
  let connection: NatsConnection;
  await undefined; // a package that is missing is known at once, and the caller has no call to give up yet
  if (attempt.isOver) return;
  try {
    const nats = load();
    const options = await connectionOptions(nats, settings);
    if (attempt.isOver) return;
    connection = await noted(attempt, () => nats.connect(options));
  } catch (error) {
    if (attempt.isOver) return;
    endAttempt(attempt);
    const isSetup = error instanceof SetupError;
    events.lost(isSetup ? error.reason : reasonOfNats(error), isSetup);
    return;
  }
  if (attempt.isOver) void connection.close();
  else events.opened(new NatsClient(connection, attempt, events));
}

class NatsClient implements Client {
  readonly connection: NatsConnection;
  readonly #attempt: Attempt;
  readonly #events: ClientEvents;

  constructor(connection: NatsConnection, attempt: Attempt, events: ClientEvents) {
    this.connection = connection;
    this.#attempt = attempt;
    this.#events = events;
    void connection.closed().then((error) => this.#lost(error instanceof Error ? reasonOfNats(error) : LOST));
    void this.#watch();
  }

  get maxPayloadBytes(): number {
    return this.connection.info?.max_payload ?? DEFAULT_MAX_PAYLOAD_BYTES;
  }

  publish(subject: string, bytes: Uint8Array, reply: string): void {
    if (this.#isClosed || bytes.length > this.maxPayloadBytes) return; // the client would throw
    this.connection.publish(subject, bytes, { reply });
  }

  subscribe(
    subject: string,
    queue: string | undefined,
    onMessage: (message: BusMessage) => void,
    refused: (reason: CloseReason) => void,
  ): () => void {
    if (this.#isClosed) return () => {};
    const subscription = this.connection.subscribe(subject, {
      ...(queue !== undefined && { queue }),
      callback: (error: Error | null, message: Msg) => {
        if (error !== null) refused(reasonOfNats(error));
        else onMessage(messageOf(message));
      },
    });
    return () => {
      if (!subscription.isClosed()) subscription.unsubscribe();
    };
  }

  confirm(done: () => void): void {
    this.connection.flush().then(
      () => !this.#attempt.isOver && done(),
      () => {}, // `lost` tells of it
    );
  }

  close(): void {
    endAttempt(this.#attempt);
    void this.connection.close();
  }

  /** Whether it is closed, which `lost` tells of a moment later. */
  get #isClosed(): boolean {
    return this.connection.isClosed();
  }

  /** Follows what the client says of the connection, until it is over. */
  async #watch(): Promise<void> {
    for await (const status of this.connection.status()) {
      // The client waits for its socket then, which may be full for as long as the broker stands still.
      if (status.type === "staleConnection") this.#lost(STALE);
      else if (status.type === "error" && status.error?.name === "PermissionViolationError") {
        if (!this.#attempt.isOver) this.#events.refused(reasonOfNats(status.error));
      }
    }
  }

  #lost(reason: CloseReason): void {
    if (this.#attempt.isOver) return;
    this.close();
    this.#events.lost(reason, false);
  }
}

function messageOf({ subject, reply = "", data, headers }: Msg): BusMessage {
  return {
    subject,
    reply,
    bytes: plainView(data),
    isNobody: data.length === 0 && headers?.code === NO_RESPONDERS,
  };
}

function load(): NatsPackage {
  try {
    // A bundle in CommonJS has no URL, but a file; the package is found from there.
    return createRequire(import.meta.url ?? __filename)("@nats-io/transport-node");
  } catch (cause) {
    const message = "tickwire/nats needs a package: npm install @nats-io/transport-node";
    throw new SetupError({ kind: "failed", code: "ERR_MODULE_NOT_FOUND", message, cause });
  }
}

async function connectionOptions(nats: NatsPackage, settings: NatsSettings): Promise<object> {
  const { servers, tls, user, password, token } = settings;
  const authenticator = await authenticatorOf(nats, settings);
  if (typeof tls === "object") checkTls(tls);
  return {
    servers: [...servers],
    reconnect: false,
    maxReconnectAttempts: 0,
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
    timeout: settings.connectTimeoutMs,
    pingInterval: settings.pingIntervalMs,
    maxPingOut: settings.maxPingsOut,
    ...(settings.name !== undefined && { name: settings.name }),
    ...(tls !== undefined && tls !== false && { tls: tls === true ? {} : { ...tls } }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { pass: password }),
    ...(token !== undefined && { token }),
    ...(authenticator !== undefined && { authenticator }),
  };
}

/** What is used of the package. */
interface NatsPackage extends AuthenticatorMakers {
  connect(options: object): Promise<NatsConnection>;
}

/** What is used of the client's connection. */
export interface NatsConnection {
  readonly info?: { readonly max_payload?: number };
  publish(subject: string, payload: Uint8Array, options: { reply: string }): void;
  subscribe(subject: string, options: object): { isClosed(): boolean; unsubscribe(): void };
  flush(): Promise<void>;
  isClosed(): boolean;
  status(): AsyncIterable<{ readonly type: string; readonly error?: Error }>;
  closed(): Promise<unknown>;
  close(): Promise<void>;
}

interface Msg {
  readonly subject: string;
  readonly reply?: string;
  readonly data: Uint8Array;
  readonly headers?: { readonly code: number };
}

const NO_RESPONDERS = 503;
/** That of a server that says nothing of it. */
const DEFAULT_MAX_PAYLOAD_BYTES = 1_048_576;
