/**
 * Sessions in an evening: the players' end of them, the first bytes of each line, which say
 * whose it is, and strangers who have heard those or guess. What an evening knows of an end by
 * its address it knows by these, as a session has another address with each line.
 *
 *     player ── session ── hello heard ── conditioned ──▶ network ◀── strangers
 */
import {
  type ConditionedTransport,
  type Link,
  type MemoryTransport,
  type SessionOptions,
  session,
  type Transport,
} from "../../src/index.ts";
import type { Acceptor, AcceptorEvents } from "../../src/port/acceptor.ts";
import { encodeGreeting, GreetingReader, type Hello } from "../../src/transport/wrap/session/greetings.ts";
import type { SendStream } from "../../src/transport/wrap/session/send-stream.ts";
import { must } from "../fuzz/fault.ts";
import type { SeededRandom } from "../soak/seeded-random.ts";
import { RawLine } from "../transport/wrap/session/session-rig.ts";

/** The sessions of one evening. */
export class SessionNetwork {
  /** The first bytes of each line, by the port that it came from. */
  readonly #hellos = new Map<number, Hello>();
  /** The port of the first line of a session, by its key. */
  readonly #firstPorts = new Map<string, number>();
  /** Who does not know a token. */
  readonly #guessers: RawLine[] = [];
  /** Who has more of a stream than there is. */
  readonly #misfits: RawLine[] = [];
  readonly #way: Pick<MemoryTransport, "connect">;
  /** The sessions at the server, by the port of their first line. */
  readonly #accepted = new Map<number, Link>();
  /** The session that a player has begun last. */
  newest: Link | undefined;
  readonly #portOfNewest: () => number;
  #doubles = 0;

  /**
   * @param way where strangers connect
   * @param portOfNewest the port of the link that was made last
   */
  constructor(way: Pick<MemoryTransport, "connect">, portOfNewest: () => number) {
    this.#way = way;
    this.#portOfNewest = portOfNewest;
  }

  /** Sessions over a player's line. */
  over(line: ConditionedTransport, random: SeededRandom, options: SessionOptions): Transport {
    const connect = (codec?: string) => {
      const link = (line.connect as NonNullable<Transport["connect"]>)(codec);
      const port = this.#portOfNewest();
      const { write } = link;
      link.write = (bytes) => {
        link.write = write;
        this.#hear(port, bytes);
        return link.write(bytes);
      };
      return link;
    };
    const fill = (bytes: Uint8Array): void => bytes.set(random.bytes(bytes.length));
    const { pump, connect: begin } = session(
      { connect, ...(line.pump && { pump: line.pump }) },
      { random: fill, ...options },
    );
    return {
      ...(pump && { pump }),
      connect: (codec) => {
        this.newest = (begin as NonNullable<Transport["connect"]>)(codec);
        return this.newest;
      },
    };
  }

  /** Sessions at the server, which has its players come over `line`. */
  at(line: Transport, options: SessionOptions): Transport {
    const { listen } = session(line, options);
    return { listen: (codec) => this.#watch((listen as NonNullable<Transport["listen"]>)(codec)) };
  }

  /** The server's end of the session whose first line came from `port`. */
  acceptedFrom(port: number): Link | undefined {
    return this.#accepted.get(port);
  }

  /** The port of the first line of the session that has had a line from `port`. */
  firstPortOf(port: number): number {
    const hello = this.#hellos.get(port);
    return (hello && this.#firstPorts.get(keyOf(hello))) ?? port;
  }

  /** Somebody says the same as the next player who comes back, before it does. */
  doubleNext(): void {
    this.#doubles++;
  }

  /** Somebody says again what was said once. */
  replay(random: SeededRandom): void {
    const hello = this.#drawn(random);
    if (hello?.kind === "resume") this.#say(hello);
  }

  /** Somebody knows a key, and not its token. */
  guess(random: SeededRandom): void {
    const hello = this.#drawn(random);
    if (hello === undefined) return;
    const token = hello.token.slice();
    const index = random.between(0, token.length - 1);
    token[index] = (token[index] ?? 0) ^ random.pick([1, 128]);
    this.#guessers.push(
      this.#say({ ...hello, kind: "resume", token, epoch: hello.epoch + random.pick([0, 1, 100]) }, false),
    );
  }

  /** Somebody has stolen a token, and is the next line of its session. Answers that one's first port. */
  steal(random: SeededRandom): number | undefined {
    const hello = this.#drawn(random);
    if (hello === undefined) return undefined;
    const more = random.pick([0, 0, 1_000, BEYOND_ALL]);
    const line = this.#say({
      ...hello,
      kind: "resume",
      epoch: hello.epoch + 1,
      received: hello.received + more,
    });
    if (more === BEYOND_ALL) this.#misfits.push(line);
    return this.#firstPorts.get(keyOf(hello));
  }

  /** Somebody speaks no session, or half of its first bytes. */
  babble(random: SeededRandom): void {
    const hello = this.#drawn(random);
    const said =
      hello === undefined ? random.bytes(60) : encodeGreeting(hello).subarray(0, random.between(0, 45));
    new RawLine(this.#way, random.pick([said, random.bytes(random.between(1, 60))]));
  }

  /** What must be so at the end. */
  verdict(): void {
    for (const { answer } of this.#guessers) {
      const isRight = answer === undefined || answer === "unknown";
      must(isRight, () => `a wrong token was answered with ${answer}`);
    }
    for (const { answer } of this.#misfits)
      must(answer !== "welcome", () => "one who has more than was sent was welcome");
  }

  #hear(port: number, bytes: Uint8Array): void {
    const { read } = new GreetingReader(["new", "resume"]).read(bytes);
    if (read?.kind !== "greeting") throw new Error("the first bytes of a line are no hello");
    const hello = read.greeting as Hello;
    this.#hellos.set(port, hello);
    if (hello.kind === "new") this.#firstPorts.set(keyOf(hello), port);
    else if (this.#doubles > 0) {
      this.#doubles--;
      this.#say(hello);
    }
  }

  /** Notes the sessions that come. */
  #watch(acceptor: Acceptor): Acceptor {
    const attach = acceptor.attach.bind(acceptor);
    acceptor.attach = (events: AcceptorEvents) =>
      attach({
        listening: (address) => events.listening(address),
        incoming: (link) => {
          this.#accepted.set(this.firstPortOf(link.remoteAddress?.port ?? 0), link);
          events.incoming(link);
        },
        handshaking: (from, drop) => events.handshaking(from, drop),
        rejected: (reason) => events.rejected(reason),
        closed: (reason) => events.closed(reason),
      });
    return acceptor;
  }

  #drawn(random: SeededRandom): Hello | undefined {
    const all = [...this.#hellos.values()].slice(-MOST_RECENT);
    return all.length === 0 ? undefined : random.pick(all);
  }

  #say(hello: Hello, isKnown = true): RawLine {
    const line = new RawLine(this.#way, encodeGreeting(hello));
    if (isKnown) this.#hellos.set(line.link.localAddress?.port ?? 0, hello);
    return line;
  }
}

/** How many bytes a session keeps for its peer, which is a bound that no statistics show. */
export function keptBytesOf(link: object): number {
  return (link as { readonly stream: SendStream }).stream.keptBytes;
}

function keyOf({ id }: Hello): string {
  return String.fromCharCode(...id);
}

/** More than any stream of an evening has. */
const BEYOND_ALL = 2 ** 40;
/** Those of long ago are over. */
const MOST_RECENT = 12;
