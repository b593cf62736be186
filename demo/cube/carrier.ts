/**
 * What carries between the peers of this process: sockets, sessions over them, either of them
 * recorded, or a recording in their place, which also says when to poll. Knows no cube.
 *
 *     recorded(session(conditioned(tcp(…))))
 */
import { readFileSync } from "node:fs";
import {
  type ConditionedOptions,
  Recording,
  type Replay,
  recorded,
  recordingFile,
  replayed,
  session,
  type Transport,
  tcp,
} from "../../src/index.ts";
import type { Endpoint } from "./endpoint.ts";
import { Line } from "./line.ts";
import type { Options } from "./options.ts";
import { HOLDING } from "./shared/holding.ts";

/** Where transports come from. */
export interface Carrier {
  /** A way to or from there, and its line, on which the conditions can change; a recording has none. */
  wayAt(endpoint: Endpoint, conditions: ConditionedOptions): Way;
  /** The recording that is played, if one is. */
  readonly replay?: Replay;
  /** Ends the recording that is made, before the peers are sent away. */
  close(): void;
}

interface Way {
  readonly transport: Transport;
  readonly line?: Line;
}

/** The system's own. */
export const SOCKETS: Carrier = {
  wayAt({ host, port }, conditions) {
    const line = new Line(tcp({ host, port }), conditions);
    return { transport: line.transport, line };
  },
  close() {},
};

/** Connections that outlive their sockets. The bad network is below them, so that a cut costs a line and no connection. */
export const SESSIONS: Carrier = {
  wayAt(endpoint, conditions) {
    const { transport, line } = SOCKETS.wayAt(endpoint, conditions);
    return { transport: session(transport, HOLDING), ...(line !== undefined && { line }) };
  },
  close() {},
};

/**
 * The carrier that the command line asks for.
 *
 * @throws Error when a file is there that must not be, or is none that can be played
 */
export function carrierOf({ record, replay: path, session: isSession }: Options): Carrier {
  const sockets = isSession ? SESSIONS : SOCKETS;
  if (path !== undefined) {
    const replay = replayed(named("--replay", path, () => Recording.fromBytes(readFileSync(path))));
    const left = [...replay.transports];
    return {
      replay,
      wayAt(endpoint, conditions) {
        const transport = left.shift();
        return transport === undefined ? sockets.wayAt(endpoint, conditions) : { transport };
      },
      close() {},
    };
  }
  if (record === undefined) return sockets;
  const recording = named("--record", record, () => recordingFile(record, { meta: { demo: "cube" } }));
  return {
    wayAt(endpoint, conditions) {
      const way = sockets.wayAt(endpoint, conditions);
      return { ...way, transport: recorded(way.transport, recording) };
    },
    close: () => recording.close(),
  };
}

/** Does it; what is wrong with the file is told with the flag and the file that it is wrong with. */
function named<Result>(flag: string, path: string, open: () => Result): Result {
  try {
    return open();
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new Error(`${flag} ${path}: ${SENTENCES.get(code) ?? message.replace(/^bytes: /, "")}`, {
      cause: error,
    });
  }
}

const SENTENCES = new Map([
  ["EEXIST", "it is there already, and is not written over"],
  ["ENOENT", "there is no such file or folder"],
  ["EISDIR", "it is a folder"],
  ["EACCES", "the system does not allow it to this user"],
]);
