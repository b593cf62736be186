/**
 * What every measured server is: the network's part of a frame in four calls.
 * Each contestant is one file here that implements it, and nothing else.
 */
import type { Job } from "../measure/protocol.ts";
import type { Message } from "../wire.ts";

/** A server, as the frame sees it. */
export interface Server {
  /** How many clients are connected. */
  readonly connections: number;
  /** A frame begins: accepts connections, and gives the game what came, `most` messages at the most. */
  receive(take: Take, most: number): void;
  /** Sends one message to everyone. With a `key` it is what is newest of that: older may be replaced. */
  sendToAll(line: string, key?: number): void;
  /** A frame ends: what has not left yet leaves now. */
  flush(): void;
}

/** The game takes a message of a client. */
export type Take = (client: object, message: Message) => void;

/**
 * Opens a server, and answers once it listens, with its port. With the task
 * `ping-pong` it sends every line back as soon as it comes; no frames are run.
 */
export type Open = (job: Job) => Promise<{ server: Server; port: number }>;
