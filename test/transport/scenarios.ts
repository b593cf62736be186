/**
 * What every stream transport must do, whoever the client is: another poller in
 * this process, or one in a page. So the near end is spoken to by calls that may
 * take their time, and the far end is a connection as it is.
 */
import { expect } from "vitest";
import type { CloseReason, Connection, ConnectionState } from "../../src/index.ts";

/** The client's end of a connection. */
export interface NearEnd {
  /** Sends, and answers how many of them were queued before one was refused. */
  send(texts: readonly string[]): number | Promise<number>;
  /** Sends bytes that need be no line. */
  sendRaw(bytes: readonly number[]): unknown;
  /** What has come since the last call. */
  take(): string[] | Promise<string[]>;
  look(): NearView | Promise<NearView>;
  close(): unknown;
  abort(): unknown;
}

/** What a frame shows of the near end. */
export interface NearView {
  readonly state: ConnectionState;
  readonly closeReason: CloseReason | undefined;
  readonly pendingBytes: number;
}

/** A server that listens, and a client that can reach it. */
export interface Stage {
  /** What the far end sees when the near one aborts, and the near end when it is sent away. */
  readonly abortKind: string;
  /** Whether one write is one message, so that none is cut; a stream by default. */
  readonly framing?: "stream" | "message" | undefined;
  connect(): NearEnd | Promise<NearEnd>;
  /** The next accepted connection. */
  accepted(): Promise<Connection<string>>;
  /** Takes steps of both ends until it is so. */
  until(isThere: () => boolean | Promise<boolean>): Promise<void>;
}

/** One thing that must be so. */
export interface Scenario {
  readonly title: string;
  /** Whether it takes nothing to come in a few steps for a sign that nothing comes. */
  readonly isPaced?: boolean;
  readonly run: (stage: Stage) => Promise<void>;
}

export const scenarios: readonly Scenario[] = [
  {
    title: "carries messages both ways, in order",
    async run(stage) {
      const { near, far } = await pair(stage);
      const texts = Array.from({ length: 500 }, (_, index) => `${index} ${"x".repeat(index)} ✓`);
      expect(await near.send(texts)).toBe(500);
      for (const text of texts) expect(far.trySend(`answer ${text}`)).toBe(true);
      const [atFar, atNear]: [string[], string[]] = [[], []];
      await stage.until(async () => {
        atFar.push(...far);
        atNear.push(...(await near.take()));
        return atFar.length === texts.length && atNear.length === texts.length;
      });
      expect(atFar).toEqual(texts);
      expect(atNear).toEqual(texts.map((text) => `answer ${text}`));
    },
  },
  {
    title: "delivers what was sent before it opened",
    async run(stage) {
      const near = await stage.connect();
      await near.send(["early"]);
      const far = await stage.accepted();
      await stage.until(() => far.tryRecv() === "early");
    },
  },
  {
    title: "delivers everything before a clean close, then says remote here and local there",
    async run(stage) {
      const { near, far } = await pair(stage);
      const sent = Array.from({ length: 2_000 }, (_, index) => `line ${index}`);
      await near.send(sent);
      await near.close();
      const got: string[] = [];
      await stage.until(async () => {
        got.push(...far);
        return far.state === "closed" && (await near.look()).state === "closed";
      });
      expect(got).toEqual(sent);
      expect(far.closeReason?.kind).toBe("remote");
      expect((await near.look()).closeReason?.kind).toBe("local");
    },
  },
  {
    title: "lets the answer to a peer's last message reach it, when the peer has not closed yet",
    async run(stage) {
      const { near, far } = await pair(stage);
      await near.send(["question"]);
      await stage.until(() => far.tryRecv() === "question");
      far.trySend("answer");
      far.close();
      const got: string[] = [];
      await stage.until(async () => {
        got.push(...(await near.take()));
        return (await near.look()).state === "closed" && far.state === "closed";
      });
      expect(got).toEqual(["answer"]);
      expect((await near.look()).closeReason?.kind).toBe("remote");
      expect(far.closeReason?.kind).toBe("local");
    },
  },
  {
    title: "shows an abort to the peer",
    async run(stage) {
      for (let round = 0; round < 20; round++) {
        const { near, far } = await pair(stage);
        await near.send(["received before"]);
        await stage.until(() => far.tryRecv() === "received before");
        await near.abort();
        await stage.until(() => far.state === "closed");
        expect(far.closeReason?.kind).toBe(stage.abortKind);
        expect((await near.look()).closeReason?.kind).toBe("local");
      }
    },
  },
  {
    title: "shows the server's abort to the client",
    async run(stage) {
      const { near, far } = await pair(stage);
      far.trySend("received before");
      await stage.until(async () => (await near.take()).includes("received before"));
      far.abort();
      await stage.until(async () => (await near.look()).state === "closed");
      // Not the kind that the other way round has: what a page sends for an abort is a word, a server's is none.
      expect(["reset", "remote"]).toContain((await near.look()).closeReason?.kind);
      expect(far.closeReason?.kind).toBe("local");
    },
  },
  {
    title: "closes on bad bytes with protocol, after what was good, and nobody else notices",
    async run(stage) {
      const good = await pair(stage);
      const { near, far } = await pair(stage);
      await near.sendRaw([0x6f, 0x6b, 0x0a, 0xc3, 0x28, 0x0a]);
      const got: string[] = [];
      await stage.until(() => {
        got.push(...far);
        return far.state === "closed";
      });
      expect(got).toEqual(["ok"]);
      expect(far.closeReason).toMatchObject({ kind: "protocol", message: "line 2 is not valid UTF-8" });
      await good.near.send(["fine"]);
      await stage.until(() => good.far.tryRecv() === "fine");
    },
  },
  {
    title: "does not mind where one write ends and the next begins",
    async run(stage) {
      const { near, far } = await pair(stage);
      const line = [...new TextEncoder().encode("half, ünd half\n")];
      const pieces = stage.framing === "message" ? [line] : line.map((byte) => [byte]);
      for (const piece of pieces) {
        await near.sendRaw(piece);
        await stage.until(async () => (await near.look()).pendingBytes === 0);
      }
      await stage.until(() => far.tryRecv() === "half, ünd half");
    },
  },
  {
    title: "holds back a sender at the receive limit, in bounded memory, and loses nothing",
    isPaced: true,
    async run(stage) {
      const { near, far } = await pair(stage);
      const text = "x".repeat(1_000);
      let sent = 0;
      let stuck = 0;
      await stage.until(async () => {
        const before = sent;
        sent += await near.send(Array.from({ length: 200 }, (_, index) => `${before + index} ${text}`));
        stuck = sent === before ? stuck + 1 : 0;
        return stuck > 20 && far.stats.pauses > 0; // a broker's process may take its time
      });
      const one = 1_010 + 64;
      expect(far.stats.pauses).toBe(1);
      expect(far.stats.inboxPeakBytes).toBeLessThan(RECEIVE_LIMIT_BYTES + 3 * 65_536 + one);
      expect((await near.look()).pendingBytes).toBeLessThanOrEqual(SEND_LIMIT_BYTES);
      let got = 0;
      await stage.until(() => {
        for (const message of far) expect(message.startsWith(`${got++} `)).toBe(true);
        return got === sent;
      });
      await stage.until(async () => (await near.look()).pendingBytes === 0);
    },
  },
];

async function pair(stage: Stage): Promise<{ near: NearEnd; far: Connection<string> }> {
  const near = await stage.connect();
  const far = await stage.accepted();
  await stage.until(async () => (await near.look()).state === "open");
  return { near, far };
}

/** The limits that the server's and the client's connections have in these scenarios. */
export const RECEIVE_LIMIT_BYTES = 100_000;
export const SEND_LIMIT_BYTES = 1_048_576;
