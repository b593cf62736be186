/**
 * A wire of real sockets that can be held and cut: it stands between two
 * pollers that talk over TCP, and carries what they say.
 *
 *     near ── TCP ──▶ relay: held, or let through in parts ── TCP ──▶ far
 *
 * Resets are passed on as resets and ends as ends, so that neither side can
 * tell it from a network.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Wire } from "./model.ts";

/** A relay in front of a listener. */
export class Relay implements Wire {
  readonly #server: Server = createServer({ allowHalfOpen: true }, (near) => this.#meet(near));
  readonly #lanes = new Set<Lane>();
  /** The far port of each near one. */
  readonly #ports = new Map<number, number>();
  readonly #host: string;
  #target = 0;
  #held = false;

  constructor(host: string) {
    this.#host = host;
  }

  /** Begins to relay to this port. */
  async open(target: number): Promise<void> {
    this.#target = target;
    this.#server.listen(0, this.#host);
    await once(this.#server, "listening");
  }

  /** Where to connect to. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** The port that the far end sees of a near one. */
  portBehind(nearPort: number | undefined): number | undefined {
    return nearPort === undefined ? undefined : this.#ports.get(nearPort);
  }

  hold(): void {
    this.#held = true;
    for (const lane of this.#lanes) lane.allow(0);
  }

  release(sizeBytes: number = Infinity): void {
    this.#held = sizeBytes !== Infinity;
    for (const lane of this.#lanes) lane.allow(sizeBytes);
  }

  cut(): void {
    for (const lane of this.#lanes) reset(lane.from);
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #meet(near: Socket): void {
    const far = connect({ host: this.#host, port: this.#target, allowHalfOpen: true, noDelay: true });
    near.setNoDelay(true);
    far.once("connect", () => this.#ports.set(near.remotePort ?? 0, far.localPort ?? 0));
    for (const lane of [new Lane(near, far), new Lane(far, near)]) {
      if (this.#held) lane.allow(0);
      this.#lanes.add(lane);
      lane.from.on("close", () => this.#lanes.delete(lane));
    }
  }
}

/** One direction of a connection. */
class Lane {
  readonly from: Socket;
  #allowedBytes = Infinity;

  constructor(from: Socket, to: Socket) {
    this.from = from;
    from.on("data", (piece: Uint8Array) => {
      const passed = piece.subarray(0, Math.min(piece.length, this.#allowedBytes));
      this.#allowedBytes -= passed.length;
      to.write(passed);
      if (this.#allowedBytes === 0) from.pause();
      if (passed.length < piece.length) from.unshift(piece.subarray(passed.length));
    });
    from.on("end", () => to.end());
    from.on("error", () => {}); // a reset, which its close passes on
    from.on("close", () => {
      if (!to.destroyed && (from.errored !== null || !from.readableEnded)) reset(to);
    });
  }

  allow(sizeBytes: number): void {
    this.#allowedBytes = sizeBytes;
    if (sizeBytes > 0) this.from.resume();
    else this.from.pause();
  }
}

/** A reset while the end of the stream is under way would lose the descriptor. */
function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
