/**
 * A transport whose sockets live in the network thread. Has the public call and its
 * options, and the channels of one such transport.
 *
 *     game's thread ── poll, trySend ──▶ two rings ◀── sockets ── network thread
 */
import { type Checks, checkOptions, kindOf, wholeNumber } from "../../check.ts";
import type { Pump, Transport } from "../../port/transport.ts";
import { crossingBlueprint } from "./blueprint.ts";
import { Channel } from "./channel.ts";
import { knownThread, sleepOf, threadOf } from "./network-thread.ts";
import { ThreadedAcceptor } from "./threaded-acceptor.ts";
import { ThreadedDatagrams } from "./threaded-datagrams.ts";
import { type LinkTerms, ThreadedLink } from "./threaded-link.ts";
import { workerFileOf } from "./worker-file.ts";

/** Options of {@link threaded}. */
export interface ThreadedOptions {
  /**
   * The size of each of the two rings, in bytes: a power of two from 262,144 to 2^30. 4 MiB by
   * default: what 1,000 players send in three seconds. One peer may fill a quarter of the
   * ring to the game, and a sixteenth of the other.
   */
  readonly ringBytes?: number;
  /**
   * The file of the network thread, `tickwire/network-worker`, where it does not lie beside
   * the program: a bundle may have it elsewhere. A path, or a URL of the scheme `file:`.
   */
  readonly workerFile?: string | URL;
}

/**
 * A transport that does what `transport` does, in another thread: its system calls, its
 * encryption and the callbacks of its sockets. The game's thread reads in `poll()` what has
 * come, also in a loop that never yields. The process has one such thread, which starts at
 * the first use. Other wrappers go around this one.
 *
 * @throws TypeError when `transport` cannot run in another thread, or one of its options is no data
 * @throws TypeError or RangeError when an option is not known, of a wrong kind, or out of its range
 * @throws Error when the file of the network thread is not there
 */
export function threaded(transport: Transport, options: ThreadedOptions = {}): Transport {
  const blueprint = crossingBlueprint(transport);
  checkOptions(options, CHECKS);
  const { ringBytes = DEFAULT_RING_BYTES } = options;
  const file = workerFileOf(options.workerFile);
  const channels = new Set<Channel>();
  let current: Channel | undefined;
  const open = (): Channel => {
    if (current?.isUsable === true) return current;
    current = new Channel(threadOf(file), blueprint, ringBytes);
    channels.add(current);
    return current;
  };
  const pump: Pump = (nowMs, poller, beginsFrame = false, wake) => {
    const thread = knownThread(file);
    thread?.stopAwaiting(poller);
    let dueInMs = Infinity;
    for (const channel of channels) {
      dueInMs = Math.min(dueInMs, channel.pump(nowMs, beginsFrame, wake));
      if (channel.isOver) channels.delete(channel);
    }
    if (channels.size === 0) return undefined;
    if (beginsFrame || thread?.awaitActivity(poller) !== false || wake === undefined) return dueInMs;
    return Math.min(dueInMs, WITHOUT_WAITING_MS);
  };
  const { framing = "stream" } = transport;
  const { listen, connect, bind } = transport;
  const linkTerms = connect && termsOf(() => connect.call(transport), framing);
  return {
    framing,
    ...(listen && {
      // The one that is made here opens nothing: it says what a caller has done wrong, and which calls it has.
      listen: () =>
        new ThreadedAcceptor({ framing, model: listen.call(transport), allowHalfOpen: false }, open),
    }),
    ...(linkTerms && { connect: () => new ThreadedLink(linkTerms(), open) }),
    ...(bind && { bind: () => new ThreadedDatagrams(open) }),
    pump,
    sleep: sleepOf(file),
  };
}

/** What the links that connect have in common; one of them is made, and not used, to know it. */
function termsOf(
  make: () => { readonly allowHalfOpen: boolean; carriesCode?(code: number): boolean },
  framing: "stream" | "message",
): () => LinkTerms {
  let terms: LinkTerms | undefined;
  return () => {
    if (terms === undefined) {
      const model = make();
      terms = { framing, model, allowHalfOpen: model.allowHalfOpen };
    }
    return terms;
  };
}

function isRingSize(name: string, value: unknown): void {
  const size = wholeNumber(name, value, LEAST_RING_BYTES, MOST_RING_BYTES);
  if ((size & (size - 1)) !== 0) throw new RangeError(`${name}: expected a power of two, got ${size}`);
}

function isFile(name: string, value: unknown): void {
  if (typeof value === "string" && value !== "") return;
  if (value instanceof URL && value.protocol === "file:") return;
  throw new TypeError(`${name}: expected a path or a file: URL, got ${kindOf(value)}`);
}

const CHECKS: Checks<ThreadedOptions> = { ringBytes: isRingSize, workerFile: isFile };

const DEFAULT_RING_BYTES = 4_194_304;
/** Room for the largest record at any place, and for those that are asked meanwhile. */
const LEAST_RING_BYTES = 262_144;
const MOST_RING_BYTES = 2 ** 30;
/** How long a game sleeps at most where the engine cannot wake it. */
const WITHOUT_WAITING_MS = 1;
