/**
 * Each limit's name is its code: whatever a limit of the core ends, refuses or drops says
 * so by the name of the option, in `closeReason.code`, `droppedBy` and the `drop` event, or
 * in the error where the caller went over it. A limit without a row does not compile.
 */
import { describe, expect, test } from "vitest";
import type { ConnectLimitOptions, LimitOptions } from "../../../src/core/limits/limits.ts";
import type { PeerLimitOptions } from "../../../src/core/limits/peer-limits.ts";
import type { AcceptLimitOptions } from "../../../src/core/listen/accept-limits.ts";
import { bytes, type CloseReason, type ConnectOptions, lines, Poller } from "../../../src/index.ts";
import { addressedNetwork, from } from "../listen/addressed-network.ts";
import { ScriptedLink } from "../scripted-link.ts";

type LimitName = keyof (LimitOptions & ConnectLimitOptions & PeerLimitOptions & AcceptLimitOptions);

/** Reaches a limit, and returns the reason that was told; `"policy"` where an option only chooses what a limit does. */
type Row = (() => CloseReason | undefined) | "policy";

/** An open connection to a scripted peer, whose frames pass 100 ms each; ends with the reason that it is told. */
function ended(
  options: ConnectOptions,
  act: (parts: { link: ScriptedLink; send(text: string): void; close(): void; frame(): void }) => void,
): CloseReason | undefined {
  const link = new ScriptedLink();
  const poller = new Poller({ unsentTimeoutMs: Infinity, closeTimeoutMs: 2_000 });
  const connection = poller.connect({ connect: () => link }, lines(), options);
  let nowMs = 0;
  const frame = (): void => {
    poller.poll((nowMs += 100));
    poller.flush();
  };
  link.events.opened();
  frame();
  const send = (text: string): void => {
    connection.trySend(text);
  };
  act({ link, send, close: () => connection.close(), frame });
  for (let frames = 0; frames < 50; frames++) {
    frame();
    if (connection.state === "closing") for (const _ of connection); // an ending waits behind the messages
  }
  return connection.closeReason;
}

/** What a listener's `drop` event says of the connections that it rejects, out of three from two addresses. */
function rejected(options: AcceptLimitOptions): CloseReason | undefined {
  const hosts = ["10.0.0.1", "10.0.0.1", "10.0.0.2"];
  const { wire, listen } = addressedNetwork(() => from(hosts.shift() ?? ""));
  const server = new Poller();
  const client = new Poller();
  const listener = server.listen(listen, lines(), options);
  let told: CloseReason | undefined;
  server.on("drop", ({ reason }) => {
    told = reason;
  });
  for (let count = 0; count < 3; count++) client.connect(wire, lines());
  client.poll(0);
  server.poll(0);
  expect(Object.keys(listener.stats.droppedBy)).toEqual([told?.code]);
  return told;
}

const LIMITS: Record<LimitName, Row> = {
  receiveLimitBytes: () =>
    ended({ receiveLimitBytes: 10, receiveOverflow: "close" }, ({ link }) => link.say("more than ten bytes")),
  sendLimitBytes: () =>
    ended({ sendLimitBytes: 10, sendOverflow: "close" }, ({ link, send }) => {
      link.isStuck = true;
      send("12345678");
      send("12345678");
    }),
  closeTimeoutMs: () =>
    ended({ closeTimeoutMs: 1_000 }, ({ link, send, close }) => {
      link.isStuck = true;
      send("last words");
      close();
    }),
  timeoutMs: () => {
    const poller = new Poller();
    const connection = poller.connect({ connect: () => new ScriptedLink() }, lines(), { timeoutMs: 1_000 });
    for (let nowMs = 0; nowMs < 5_000; nowMs += 100) poller.poll(nowMs);
    return connection.closeReason;
  },
  faultTimeoutMs: "policy", // it bounds an ending that has its reason already
  receiveOverflow: "policy",
  sendOverflow: "policy",
  messageRateHz: () =>
    ended({ messageRateHz: 2, receiveOverflow: "close" }, ({ link }) => {
      for (let count = 0; count < 5; count++) link.say("again");
    }),
  maxMessageBytes: () => ended({ maxMessageBytes: 5 }, ({ link }) => link.say("much too long")),
  firstMessageTimeoutMs: () => ended({ firstMessageTimeoutMs: 1_000 }, () => {}),
  partialMessageTimeoutMs: () =>
    ended({ partialMessageTimeoutMs: 1_000 }, ({ link }) => link.events.received(new Uint8Array([65]))),
  idleTimeoutMs: () => ended({ idleTimeoutMs: 1_000 }, ({ link }) => link.say("and then nothing")),
  unsentTimeoutMs: () =>
    ended({ unsentTimeoutMs: 1_000 }, ({ link, send }) => {
      link.isStuck = true;
      send("taken by nobody");
    }),
  pauseTimeoutMs: () =>
    ended({ pauseTimeoutMs: 1_000, receiveLimitBytes: 10 }, ({ link }) => link.say("more than ten bytes")),
  untakenTimeoutMs: () =>
    ended({ untakenTimeoutMs: 1_000 }, ({ link }) => {
      link.say("taken by nobody");
      link.events.ended();
    }),
  acceptLimit: () => rejected({ acceptLimit: 2 }),
  maxConnections: () => rejected({ maxConnections: 2 }),
  maxConnectionsPerAddress: () => rejected({ maxConnectionsPerAddress: 1 }),
  acceptRateHz: () => rejected({ acceptRateHz: 2 }),
  allowList: () => rejected({ allowList: { check: (host) => host === "10.0.0.1" } }),
  denyList: () => rejected({ denyList: { check: (host) => host === "10.0.0.2" } }),
};

const REACHED = Object.entries(LIMITS).flatMap(([name, reach]) =>
  reach === "policy" ? [] : [{ name, reach }],
);

describe("a limit that is reached", () => {
  test.each(REACHED)("says its name: $name", ({ name, reach }) => {
    const reason = reach();
    expect(reason?.code).toBe(name);
    expect(["overflow", "timeout", "protocol", "denied"]).toContain(reason?.kind);
  });

  test("by a message that could never be sent is named in the error", () => {
    const poller = new Poller();
    const connection = poller.connect({ connect: () => new ScriptedLink() }, bytes(), { sendLimitBytes: 4 });
    expect(() => connection.trySend(new Uint8Array(5))).toThrow(/^message: .*sendLimitBytes/);
  });
});

describe("the counts of rejected connections", () => {
  test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])(
    "are right for the code %s, whatever word a transport's reason has",
    (code) => {
      const server = new Poller();
      let reject = (_: CloseReason): void => {};
      const listener = server.listen(
        {
          listen: () => ({
            attach(events) {
              events.listening(undefined);
              reject = (reason) => events.rejected(reason);
            },
            close() {},
          }),
        },
        lines(),
      );
      for (let count = 1; count <= 3; count++) {
        reject({ kind: "handshake", code, message: "no" });
        reject({ kind: "handshake", message: "no" });
        server.poll(count);
        expect(Object.entries(listener.stats.droppedBy)).toEqual([
          [code, count],
          ["handshake", count],
        ]);
      }
      expect(listener.stats.dropped).toBe(6);
    },
  );
});
