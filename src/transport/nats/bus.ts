/**
 * The connection of one `nats()` value, which all that is made of it share: sockets,
 * listeners, links and registries are its users.
 *
 *     use ──▶ dial ──▶ opened ──▶ suspended ──▶ resumed … ──▶ leave: the last one closes it
 *               └──── trouble, and again after 250 ms, 500 ms …
 *
 * What is heard is heard again after a loss, before `resumed` is told. What was published
 * and not confirmed may or may not have come. Decides when to dial, and knows no message's
 * meaning and no frames: its waits are those of the machine's clock, as those of a system's
 * sockets are.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import { warn } from "../../warn.ts";
import { type BusMessage, type Client, dial, type NatsConnection } from "./client.ts";
import type { NatsSettings } from "./nats-options.ts";
import { isFinal } from "./reasons.ts";

/** One who uses the connection, and is told of it. None of these calls throws. */
export interface BusUser {
  /** The broker is there, and hears what was to be heard. Once, before all others but `trouble` and `closed`. */
  opened(): void;
  /** The broker could not be reached, or does not permit something; it is tried again. */
  trouble(reason: CloseReason): void;
  /** The broker is away. */
  suspended(reason: CloseReason): void;
  /** It is there again, and hears what it heard before. */
  resumed(): void;
  /** It can never be used, as it does not let this side in. Once, and last; the user has left. */
  closed(reason: CloseReason): void;
}

/** Something that is heard, from its beginning to `end`, over all losses. */
export interface BusSubscription {
  end(): void;
}

/** The shared connection. */
export class Bus {
  readonly settings: NatsSettings;
  /** The users, and whether each has been told that the bus is open. */
  readonly #users = new Map<BusUser, "new" | "open">();
  readonly #subscriptions = new Set<Subscription>();
  /** The connection, from when it opens to its loss; `isReady` once it hears all that is to be heard. */
  #client: Client | undefined;
  #isReady = false;
  #giveUp: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waitMs = 0;
  #hasOpened = false;
  #isWarned = false;
  /** Who waits for the broker's next word that it has all. */
  #confirming: (() => void)[] = [];
  #waiting: (() => void)[] = [];

  constructor(settings: NatsSettings) {
    this.settings = settings;
  }

  /** Whether the broker is there: otherwise nothing may be published. */
  get isOpen(): boolean {
    return this.#isReady;
  }

  /** The client's connection, while the broker is there. After `resumed` it is another one. */
  get connection(): NatsConnection | undefined {
    return this.#isReady ? this.#client?.connection : undefined;
  }

  /** The most bytes that a message may have; known while the broker is there. */
  get maxPayloadBytes(): number {
    return this.#client?.maxPayloadBytes ?? Infinity;
  }

  /** Adds a user. `opened` may be called at once. */
  use(user: BusUser): void {
    this.#users.set(user, "new");
    if (this.#isReady) this.#tellReady(user);
    else if (this.#giveUp === undefined && this.#timer === undefined) this.#dial();
  }

  /** Removes a user, which is told nothing any more. The last one closes the connection. */
  leave(user: BusUser): void {
    if (!this.#users.delete(user) || this.#users.size > 0) return;
    this.#reset();
    this.#hasOpened = false;
    this.#waitMs = 0;
  }

  /** Hears a subject, which may have wildcards, from now on; what is heard before the broker knows of it is not. */
  subscribe(
    subject: string,
    queue: string | undefined,
    onMessage: (message: BusMessage) => void,
    refused: (reason: CloseReason) => void = () => {},
  ): BusSubscription {
    const subscription: Subscription = { subject, queue, onMessage, refused, stop: undefined };
    this.#subscriptions.add(subscription);
    if (this.#client !== undefined) listen(this.#client, subscription);
    return {
      end: () => {
        this.#subscriptions.delete(subscription);
        subscription.stop?.();
        subscription.stop = undefined;
      },
    };
  }

  /** Hands a message to the broker, which is there. `bytes` belong to the bus from now on. */
  publish(subject: string, bytes: Uint8Array, reply = ""): void {
    this.#client?.publish(subject, bytes, reply);
  }

  /**
   * Calls `done` once the broker has all that was published before. One question is under
   * way at a time; those that come meanwhile share the next. `done` is not called when the
   * broker goes: `suspended` tells of it.
   */
  confirm(done: () => void): void {
    this.#waiting.push(done);
    if (this.#confirming.length === 0) this.#askToConfirm();
  }

  #askToConfirm(): void {
    if (this.#client === undefined || this.#waiting.length === 0) return;
    this.#confirming = this.#waiting;
    this.#waiting = [];
    this.#client.confirm(() => {
      const confirmed = this.#confirming;
      this.#confirming = [];
      for (const done of confirmed) done();
      if (this.#confirming.length === 0) this.#askToConfirm();
    });
  }

  #dial(): void {
    this.#giveUp = dial(this.settings, {
      opened: (client) => this.#opened(client),
      lost: (reason, isSetup) => this.#lost(reason, isSetup),
      refused: (reason) => this.#tell((user) => user.trouble(reason)),
    });
  }

  #opened(client: Client): void {
    this.#client = client;
    for (const subscription of this.#subscriptions) listen(client, subscription);
    client.confirm(() => {
      this.#isReady = true;
      this.#hasOpened = true;
      this.#waitMs = 0;
      this.#tell((user) => this.#tellReady(user));
    });
  }

  #tellReady(user: BusUser): void {
    const isNew = this.#users.get(user) === "new";
    this.#users.set(user, "open");
    if (isNew) user.opened();
    else user.resumed();
  }

  #lost(reason: CloseReason, isSetup: boolean): void {
    const wasReady = this.#isReady;
    this.#reset();
    if (!this.#hasOpened && (isSetup || isFinal(reason))) {
      const users = [...this.#users.keys()];
      this.#users.clear();
      for (const user of users) user.closed(reason);
      return;
    }
    if (!this.#hasOpened) this.#warn(reason);
    // At once after a loss; then the waits double.
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#dial();
      },
      this.#waitMs * (0.5 + Math.random() / 2),
    );
    this.#waitMs = Math.min(Math.max(FIRST_WAIT_MS, this.#waitMs * 2), this.settings.reconnectMs);
    this.#tell((user, state) => {
      if (wasReady && state === "open") user.suspended(reason);
      else user.trouble(reason);
    });
  }

  /** Says once that there is no broker, as a game that waits for one looks like a game that does nothing. */
  #warn({ message }: CloseReason): void {
    if (this.#isWarned) return;
    this.#isWarned = true;
    warn(
      "TICKWIRE_NO_BROKER",
      `no broker yet: ${message}; it is tried again until it is there, and lastFailure tells why it is not`,
    );
  }

  /** Closes what there is, and forgets what was under way. */
  #reset(): void {
    this.#giveUp?.();
    this.#giveUp = undefined;
    this.#client?.close();
    this.#client = undefined;
    this.#isReady = false;
    this.#confirming = [];
    this.#waiting = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const subscription of this.#subscriptions) subscription.stop = undefined;
  }

  /** Tells those who are users now, and still are when it is their turn. */
  #tell(tell: (user: BusUser, state: "new" | "open") => void): void {
    for (const [user] of [...this.#users]) {
      const state = this.#users.get(user);
      if (state !== undefined) tell(user, state);
    }
  }
}

interface Subscription {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly onMessage: (message: BusMessage) => void;
  readonly refused: (reason: CloseReason) => void;
  stop: (() => void) | undefined;
}

function listen(client: Client, subscription: Subscription): void {
  const { subject, queue, onMessage, refused } = subscription;
  subscription.stop = client.subscribe(subject, queue, onMessage, refused);
}

const FIRST_WAIT_MS = 250;
