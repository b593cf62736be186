/**
 * A proxy of TCP in the middle of a session: what a network does to a line, done to the lines of
 * now. Those that come later are whole again, unless it is shut.
 *
 *     player ── up ──▶ proxy ── up ──▶ server
 *     player ◀─ down ─ proxy ◀─ down ─ server
 */
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from "node:net";

/** A direction of a line. */
export type Direction = "up" | "down";

/** A line through it. */
interface ProxiedLine {
  readonly near: Socket;
  readonly far: Socket;
  /** The directions in which nothing goes any more, no end and no reset either. */
  readonly swallowed: Set<Direction>;
}

/** The proxy of one server. */
export class LineProxy {
  /** Whether it refuses new lines. */
  isShut = false;
  /** The port of the server, for lines to come. */
  target = 0;
  /** How many lines it has carried. */
  count = 0;
  readonly #lines = new Set<ProxiedLine>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => this.#carry(near));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen({ host: HOST, port: 0 }, resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks every line: both ends see a reset. */
  cut(): void {
    for (const { near, far } of this.#lines) for (const one of [near, far]) one.resetAndDestroy();
  }

  /** Nothing goes in that direction any more, and the end that sends is not told. */
  swallow(...directions: readonly Direction[]): void {
    for (const { swallowed } of this.#lines) for (const one of directions) swallowed.add(one);
  }

  /** Nothing is read any more, so that what is sent stays in the system's buffers. */
  hold(): void {
    for (const { near, far } of this.#lines) for (const one of [near, far]) one.pause();
  }

  /** Reads on what was held. */
  release(): void {
    for (const { near, far } of this.#lines) for (const one of [near, far]) one.resume();
  }

  close(): void {
    this.isShut = true;
    this.cut();
    this.#server.close();
  }

  #carry(near: Socket): void {
    near.on("error", () => {});
    if (this.isShut) {
      near.resetAndDestroy();
      return;
    }
    this.count++;
    const far = dial({ port: this.target, host: HOST, allowHalfOpen: true, noDelay: true });
    const line: ProxiedLine = { near, far, swallowed: new Set() };
    this.#lines.add(line);
    this.#copy(line, near, far, "up");
    this.#copy(line, far, near, "down");
  }

  #copy(line: ProxiedLine, from: Socket, to: Socket, direction: Direction): void {
    const isPassed = () => !line.swallowed.has(direction);
    from.on("error", () => {});
    from.on("data", (bytes) => {
      if (isPassed()) to.write(bytes);
    });
    from.on("end", () => {
      if (isPassed()) to.end();
    });
    from.on("close", () => {
      if (isPassed()) to.destroy();
      if (line.near.closed && line.far.closed) this.#lines.delete(line);
    });
  }
}

const HOST = "127.0.0.1";
