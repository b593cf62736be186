/**
 * The page's side of a game: a poller and its connections, which do what the game
 * tells them by name, and report what they sent and what came. Polls when it is
 * told to, so that nothing leaves before the game knows of it.
 */
import { type Connection, type Goodbye, Poller, websocket } from "../../src/browser.ts";
import { SeededRandom } from "../soak/seeded-random.ts";
import {
  type CodecName,
  type Language,
  languageOf,
  type Message,
  type Name,
  nameOf,
  type Reader,
} from "./messages.ts";

/** How a page begins to play. */
export interface PageStart {
  readonly codec: CodecName;
  readonly longest: number;
  readonly framing: "stream" | "message";
  readonly languageSeed: number;
  readonly options: object;
}

/** What a page is told to do; `end` is the number of the sender that it is about. */
export interface PageCommand {
  readonly what:
    | "connect"
    | "send"
    | "take"
    | "take latest"
    | "hold"
    | "release"
    | "end"
    | "close"
    | "abort"
    | "poll"
    | "flush"
    | "all";
  readonly end?: number;
  readonly url?: string;
  readonly keys?: readonly (string | null)[];
  readonly much?: number;
  readonly goodbye?: Goodbye;
}

/** What a page did. */
export interface PageReport {
  readonly queued: readonly { end: number; name: Name; key: string | null; replaced: boolean }[];
  readonly came: readonly { end: number; name: Name }[];
  readonly fault: string | undefined;
  readonly ends: readonly PageEndView[];
}

/** What a page shows of one connection. */
export interface PageEndView {
  readonly end: number;
  readonly state: string;
  readonly reason:
    | { kind: string; code: string | undefined; message: string; goodbye: Goodbye | undefined }
    | undefined;
  readonly skipped: number;
}

/** What the game calls, by `page.evaluate`. */
export interface PageClient {
  start(how: PageStart): void;
  run(command: PageCommand): PageReport;
  stop(): void;
}

interface PageEnd {
  readonly connection: Connection<Message>;
  readonly reader: Reader;
  sequence: number;
}

let net: Poller;
let language: Language;
let framing: "stream" | "message" = "stream";
let ends = new Map<number, PageEnd>();
let queued: { end: number; name: Name; key: string | null; replaced: boolean }[] = [];
let came: { end: number; name: Name }[] = [];
let timeMs = 0;

const client: PageClient = {
  start({ codec, longest, languageSeed, options, framing: chosen }) {
    framing = chosen;
    net = new Poller(options);
    language = languageOf(codec, longest, new SeededRandom(languageSeed));
    ends = new Map();
  },
  run(command) {
    queued = [];
    came = [];
    let fault: string | undefined;
    try {
      act(command);
    } catch (error) {
      fault = String(error instanceof Error ? error.stack : error);
    }
    return { queued, came, fault, ends: [...ends].map(([end, { connection }]) => view(end, connection)) };
  },
  stop: () => net[Symbol.dispose](),
};

function act({ what, end = 0, url = "", keys = [], much = 0, goodbye }: PageCommand): void {
  if (what === "connect") {
    const connection = net.connect(websocket(url, { framing }), language.codec);
    ends.set(end, { connection, reader: language.reader(), sequence: 0 });
  } else if (what === "poll") net.poll((timeMs += much));
  else if (what === "flush") net.flush();
  else if (what === "all") {
    net.poll((timeMs += much));
    for (const number of ends.keys()) take(number, Infinity);
    net.flush();
  } else if (what === "send") for (const key of keys) send(end, key);
  else if (what === "take") take(end, much);
  else if (what === "take latest") look(end, at(end).connection.tryRecvLatest());
  else if (what === "close") at(end).connection.close(goodbye);
  else at(end).connection[what]();
}

function at(number: number): PageEnd {
  const end = ends.get(number);
  if (end === undefined) throw new Error(`there is no end ${number}`);
  return end;
}

function send(number: number, key: string | null): void {
  const end = at(number);
  const name = nameOf(number, end.sequence++);
  const before = end.connection.stats.replacedMessages;
  const message = language.messageOf(name);
  const was = key === null ? end.connection.trySend(message) : end.connection.trySendLatest(key, message);
  if (was) queued.push({ end: number, name, key, replaced: end.connection.stats.replacedMessages > before });
}

function take(number: number, most: number): void {
  const { connection } = at(number);
  for (let count = 0; count < most; count++) {
    const message = connection.tryRecv();
    if (message === undefined) return;
    look(number, message);
  }
}

function look(number: number, message: Message): void {
  if (message === undefined) return;
  for (const name of at(number).reader.names(message)) came.push({ end: number, name });
}

function view(end: number, { state, closeReason, stats }: Connection<Message>): PageEndView {
  const reason = closeReason && {
    kind: closeReason.kind,
    code: closeReason.code,
    message: closeReason.message,
    goodbye: closeReason.goodbye,
  };
  return { end, state, reason, skipped: stats.skippedMessages };
}

Object.assign(globalThis, { fuzzClient: client });
