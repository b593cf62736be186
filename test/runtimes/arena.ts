/**
 * An arena: fifty bots that move and are told of all moves, and three bad ones
 * beside them, one that says nonsense, one that shouts, and one that does not
 * read. The fifty notice nothing, and each bad one ends by the limit that it broke.
 */
import net from "node:net";
import { type Connection, json, Poller, tcp } from "../../src/index.ts";
import { stepUntil } from "./frames.ts";

interface Move {
  readonly bot: number;
  readonly step: number;
}

const BOTS = 50;
const STEPS = 20;
const LIMITS = {
  messageRateHz: 200,
  receiveOverflow: "close",
  receiveLimitBytes: 16_384,
  sendOverflow: "close",
  sendLimitBytes: 262_144,
} as const;

/** Plays until each bot has had its steps from all bots. Answers what became of the bad ones. */
export async function playArena(): Promise<string> {
  await using poller = new Poller();
  await using players = new Poller();
  const server = poller.listen(tcp({ host: "127.0.0.1", port: 0 }), json<Move>(), LIMITS);
  await stepUntil(() => server.state === "listening", poller);
  const address = { host: "127.0.0.1", port: server.address?.port ?? 0 };

  const bad = [net.connect(address), net.connect(address), net.connect(address)] as const;
  const [nonsense, shouter, deaf] = bad;
  for (const socket of bad) socket.on("error", () => {}); // the server resets them
  nonsense.resume().write("no JSON at all\n");
  shouter.resume().write('{"bot":-1,"step":0}\n'.repeat(5_000));
  deaf.pause();

  const bots = Array.from({ length: BOTS }, () => new Bot(players.connect(tcp(address), json<Move>())));
  const ends: string[] = [];
  poller.on("close", ({ reason }) => ends.push(reason.code ?? reason.kind));
  await stepUntil(
    () => {
      while (server.tryAccept() !== undefined);
      server.drain(() => {});
      return server.stats.accepted === BOTS + bad.length;
    },
    poller,
    players,
  );
  await stepUntil(
    () => {
      server.drain((_, move) => move.bot >= 0 && server.broadcast(move));
      for (const [id, bot] of bots.entries()) bot.play(id);
      return bots.every((bot) => bot.received === BOTS * STEPS);
    },
    poller,
    players,
  );
  const long = { bot: -1, step: 0, text: "x".repeat(32_768) };
  const far = [...server.connections].find(({ remoteAddress }) => remoteAddress?.port === deaf.localPort);
  await stepUntil(() => far?.state === "closed" || void far?.trySend(long), poller, players);
  for (const socket of bad) socket.destroy();
  if (!bots.every((bot) => bot.isOpen)) throw new Error("a bot lost its connection");
  return `all heard all; the bad ones ended by ${ends.sort().join(", ")}`;
}

class Bot {
  received = 0;
  readonly #connection: Connection<Move>;
  #step = 0;

  constructor(connection: Connection<Move>) {
    this.#connection = connection;
  }

  get isOpen(): boolean {
    return this.#connection.state === "open";
  }

  /** Takes what came, and makes its next step. */
  play(bot: number): void {
    for (const { bot: mover } of this.#connection) if (mover >= 0) this.received++;
    if (this.isOpen && this.#step < STEPS) this.#connection.trySend({ bot, step: this.#step++ });
  }

  skip(): void {
    for (const _ of this.#connection);
  }
}
