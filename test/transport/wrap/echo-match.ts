/**
 * A small match for the tests of recordings: a server that answers each line and counts
 * them aloud, and clients that say something in each frame.
 */
import { type Connection, type Listener, lines, memory, Poller, type Transport } from "../../../src/index.ts";

/** The server of the match: all that a replay plays again. */
export class EchoServer {
  readonly poller: Poller = new Poller();
  readonly listener: Listener<string>;
  readonly said: string[] = [];
  /** What it answers; a replay may give another one. */
  answer: (text: string) => string = (text) => `you said ${text}`;

  constructor(transport: Transport) {
    this.listener = this.poller.listen(transport, lines());
  }

  tick(nowMs: number): void {
    const { tick } = this.poller.poll(nowMs);
    while (this.listener.tryAccept() !== undefined);
    this.listener.drain((player, text) => {
      this.said.push(`${tick}: ${text}`);
      player.trySend(this.answer(text));
    });
    this.listener.broadcast(`frame ${tick}`);
    this.poller.flush();
  }
}

/**
 * Plays `frames` frames of 16 ms with two clients, on a server that listens on what `wrap` makes
 * of the network, and is made another one by `change`.
 */
export function playMatch(
  frames: number,
  wrap: (network: Transport) => Transport,
  change: (server: EchoServer) => void = () => {},
): EchoServer {
  const network = memory();
  const server = new EchoServer(wrap(network));
  change(server);
  const clients = new Poller();
  const players: Connection<string>[] = [];
  for (let frame = 0; frame < frames; frame++) {
    const nowMs = frame * 16;
    if (frame === 1 || frame === 3) players.push(clients.connect(network, lines()));
    clients.poll(nowMs);
    for (const [number, player] of players.entries()) {
      while (player.tryRecv() !== undefined);
      player.trySend(`hello ${number} in ${frame}`);
    }
    if (frame === frames - 3) players[0]?.close();
    clients.flush();
    server.tick(nowMs);
  }
  return server;
}
