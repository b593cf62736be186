/**
 * Who listens on a socket file, found out without a connection that the listener
 * would take for a peer's.
 *
 * Within this process a list knows. On Linux each listener has a second socket
 * beside, with an abstract name made of its file's device and inode: whoever finds
 * the file asks there. The system removes that name with the process, so it cannot
 * be out of date. Only where neither answers, as the listener is no tickwire, in
 * another network namespace, or on another system, a connection to the file itself
 * decides, which a listener that lives sees as a peer that leaves at once.
 */

import { connect, createServer, type Server } from "node:net";
import { drop } from "./drop-socket.ts";

/** The claim of one listener on its file, by the file's id. */
export class UnixOwner {
  readonly #id: string;
  readonly #server: Server | undefined;

  constructor(id: string) {
    this.#id = id;
    owned.add(id);
    this.#server = HAS_ABSTRACT_NAMES ? answerAt(abstractName(id)) : undefined;
  }

  release(): void {
    owned.delete(this.#id);
    this.#server?.close();
  }
}

/**
 * Finds out whether a process listens on the socket file at `path` with this id, and
 * calls `answer` with `undefined` if nobody does, and otherwise with what was found:
 * `"listener"`, or the error of a connect that does not tell.
 */
export function findListener(path: string, id: string, answer: (found: Found) => void): void {
  if (owned.has(id)) {
    answer("listener");
    return;
  }
  const ask = () => tryConnect(path, (error) => answer(foundBy(error)));
  if (!HAS_ABSTRACT_NAMES) ask();
  else tryConnect(abstractName(id), (error) => (error === undefined ? answer("listener") : ask()));
}

/**
 * Takes the right to remove the socket file with this id, which one listener has at a
 * time; `undefined` while another has it. Of three that find the same file without a
 * listener, the second would else move away what the first has put in its place, and
 * the third use the gap. Where there are no abstract names, everybody has the right.
 *
 * @returns a function that gives it back
 */
export function tryClaimRemoval(id: string): (() => void) | undefined {
  if (!HAS_ABSTRACT_NAMES) return () => {};
  const server = answerAt(`${abstractName(id)}/removal`);
  return server?.listening === true ? () => void server.close() : undefined;
}

/** What was found at a path: see {@link findListener}. */
export type Found = "listener" | Error | undefined;

function foundBy(error: NodeJS.ErrnoException | undefined): Found {
  if (error === undefined || error.code === "EAGAIN") return "listener"; // its queue is full
  return error.code === "ECONNREFUSED" || error.code === "ENOENT" ? undefined : error;
}

function tryConnect(path: string, answer: (error: Error | undefined) => void): void {
  try {
    const socket = connect({ path });
    socket.once("connect", () => {
      drop(socket);
      answer(undefined);
    });
    socket.on("error", answer);
  } catch (error) {
    answer(error as Error);
  }
}

/** A server that says by its existence alone that somebody has this name. A failure to start costs only that. */
function answerAt(name: string): Server | undefined {
  try {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      drop(socket);
    });
    server.on("error", () => {});
    // A worker of node:cluster has the name itself, and not its primary.
    return server.listen({ path: name, exclusive: true }).unref();
  } catch {
    return undefined;
  }
}

function abstractName(id: string): string {
  return `\0tickwire/${id}`;
}

const HAS_ABSTRACT_NAMES = process.platform === "linux";
/** The ids of the files on which this process listens. */
const owned = new Set<string>();
