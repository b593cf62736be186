/**
 * A descriptor of the system's: who owns it, and what is watched for. Knows no system
 * call; `epoll.ts` makes them.
 */

/** Who has a descriptor. Neither call throws. */
export interface Owner {
  /**
   * What the system says of it. Of a stream that has been read, `read` is how many bytes there
   * are, from `start` in `StreamMemory.bytes`, or a negative errno, or 0 at the end; otherwise `NOT_READ`.
   */
  ready(events: number, read: number, start: number): void;
}

/** One descriptor, which its owner closes. */
export class Descriptor {
  readonly fd: number;
  readonly generation: number;
  readonly owner: Owner;
  /** Whether the pump reads it. */
  readonly isStream: boolean;
  /** The events that the system watches for; `IGNORED` when it is not even asked. */
  mask: number = IGNORED;
  isOpen = true;
  /** The number of the pump that has told its owner last. */
  toldIn = 0;
  readonly #epoll: Changes;

  /** @internal */
  constructor(epoll: Changes, fd: number, generation: number, owner: Owner, isStream: boolean) {
    this.#epoll = epoll;
    this.fd = fd;
    this.generation = generation;
    this.owner = owner;
    this.isStream = isStream;
  }

  /**
   * Has the system watch for these events; errors and the end of both ways are told in any
   * case. Returns 0, or the system's error.
   */
  watch(events: number): number {
    return events === this.mask || !this.isOpen ? 0 : this.#epoll.change(this, events);
  }

  /** Has the system say nothing, not even of errors. */
  ignore(): void {
    this.watch(IGNORED);
  }

  close(): void {
    if (this.isOpen) this.#epoll.close(this);
  }

  /** Leaves the descriptor open, and to whoever calls. Returns it. */
  giveAway(): number {
    this.ignore();
    this.#epoll.forget(this);
    return this.fd;
  }
}

/** What a descriptor asks of its epoll. */
interface Changes {
  change(descriptor: Descriptor, events: number): number;
  close(descriptor: Descriptor): void;
  forget(descriptor: Descriptor): void;
}

/** The mark of an owner that is told of something else than a read. */
export const NOT_READ: number = -0x8000_0000;
/** No event and no error is watched for. */
export const IGNORED: number = -1;
