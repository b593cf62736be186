/**
 * Moments of a WebSocket's life that a real one reaches by chance alone: what is told of
 * each end, in which order, and what is asked of ws and of the socket then.
 */
import { describe, expect, test } from "vitest";
import type { CloseReason } from "../../../src/port/close-reason.ts";
import { ScriptedLink } from "./scripted-websocket.ts";

const CLOSE_1000: readonly number[] = [0x88, 0x02, 0x03, 0xe8];
const OVERFLOW: CloseReason = { kind: "overflow", message: "too much", code: "receiveLimitBytes" };

describe("an end of the peer's", () => {
  test("in order is told as an end, then as a close", () => {
    const one = new ScriptedLink().attach();
    one.ws.finish(1000);
    expect(one.told).toEqual(["opened", "ended remote", "closed remote"]);
  });

  test("without a close frame is a break, and no end in order", () => {
    const one = new ScriptedLink().attach();
    one.ws.finish(1006);
    expect(one.told).toEqual(["opened", "closed reset"]);
    expect(one.lastReason?.message).toBe("the connection broke without a close frame");
  });

  test("is told once, as soon as its stream ends without a close frame", () => {
    const one = new ScriptedLink().attach();
    one.socket.emit("end");
    expect(one.told).toEqual(["opened", "ended reset"]);
    one.ws.finish(1006);
    expect(one.told).toEqual(["opened", "ended reset", "closed reset"]);
  });

  test("is told at its close frame, which ws has acted upon, and by what the frame says", () => {
    const one = new ScriptedLink().attach();
    one.ws.readyState = one.ws.CLOSING;
    one.wire(...CLOSE_1000);
    expect(one.told).toEqual(["opened", "ended remote"]);
    expect(one.lastReason?.message).toBe("the peer closed the connection");
    one.socket.emit("end");
    one.ws.finish(1006);
    expect(one.told).toEqual(["opened", "ended remote", "closed remote"]);
  });

  test("by a close frame that ws does not act upon is none", () => {
    const one = new ScriptedLink().attach();
    one.wire(...CLOSE_1000); // it stands behind a frame that ws has refused
    expect(one.told).toEqual(["opened"]);
  });

  test("is mapped from a page's codes at a server, and not at a client", () => {
    const told = (["client", "accepted"] as const).map((role) => {
      const one = new ScriptedLink({ role }).attach();
      one.ws.finish(4013, "tickwire: too much");
      return one.told.at(-1);
    });
    expect(told).toEqual(["closed remote", "closed overflow"]);
  });

  test("leaves nothing to ping", () => {
    const one = new ScriptedLink().attach();
    one.ws.readyState = one.ws.CLOSING;
    one.wire(...CLOSE_1000);
    expect(one.heartbeat.size).toBe(0);
  });
});

describe("an error", () => {
  test("of the peer's frames ends what it sends, and stays the reason", () => {
    const one = new ScriptedLink().attach();
    const error = Object.assign(new Error("Invalid opcode"), { code: "WS_ERR_INVALID_OPCODE" });
    one.ws.emit("error", error);
    one.ws.finish(1006);
    expect(one.told).toEqual(["opened", "ended protocol", "closed protocol"]);
    expect(one.lastReason?.cause).toBe(error);
  });

  test("of the socket is the reason once it is open, before what ws makes of it", () => {
    const one = new ScriptedLink().attach();
    one.socket.emit("error", Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
    one.ws.finish(1006);
    expect(one.told).toEqual(["opened", "closed reset"]);
    expect(one.lastReason?.code).toBe("ECONNRESET");
  });

  test("of the socket before it is open is told by ws, as what it did to the handshake", () => {
    const one = new ScriptedLink();
    one.ws.readyState = one.ws.CONNECTING;
    one.attach();
    one.socket.emit("error", Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
    one.ws.emit("error", new Error("Parse Error: Expected HTTP/"));
    one.ws.finish(1006);
    expect(one.told).toEqual(["closed protocol"]);
    expect(one.lastReason?.message).toBe("the server does not speak WebSocket (Parse Error: Expected HTTP/)");
  });

  test("counts when it is the first, as later ones follow from it", () => {
    const one = new ScriptedLink().attach();
    one.ws.emit("error", Object.assign(new Error("bad mask"), { code: "WS_ERR_EXPECTED_MASK" }));
    one.socket.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    one.link.refuse(OVERFLOW);
    one.ws.finish(1006);
    expect(one.lastReason?.code).toBe("WS_ERR_EXPECTED_MASK");
  });

  test.each(["send", "pause", "resume", "pong", "ping", "close"])(
    "that %s throws ends the link, and reaches nobody",
    (call) => {
      const one = new ScriptedLink().attach();
      one.ws.broken = call;
      one.heartbeat.pump(0, true);
      if (call === "send") expect(one.write("a")).toBe(true);
      if (call === "pause") one.link.pause();
      if (call === "resume") one.link.resume();
      if (call === "pong") one.link.probe();
      if (call === "close") one.link.end();
      expect(one.ws.asked.at(-1)).toBe("terminate");
      one.ws.finish(1006);
      expect(one.told.at(-1)).toBe("closed reset");
      expect(one.lastReason?.code).toBe("EPIPE");
    },
  );
});

describe("an end of this side's", () => {
  test("is clean when the peer has answered it, and a break when it has not", () => {
    const ends = [1000, 1006].map((code) => {
      const one = new ScriptedLink().attach();
      one.link.end();
      one.ws.finish(code);
      return one.told;
    });
    expect(ends).toEqual([
      ["opened", "closed local"],
      ["opened", "closed reset"],
    ]);
  });

  test("is no half-close, and pings nobody from there on", () => {
    const one = new ScriptedLink().attach();
    one.heartbeat.pump(0, true);
    one.link.endSending();
    expect(one.ws.asked).toEqual(["ping", "close 1000"]);
    expect(one.heartbeat.size).toBe(0);
    expect(one.write("late")).toBe(true);
    one.link.end();
    expect(one.ws.asked).toEqual(["ping", "close 1000"]);
  });

  test("for a limit tells the peer which, and lets the frame leave", () => {
    const one = new ScriptedLink().attach();
    one.link.abort(OVERFLOW);
    expect(one.ws.asked).toEqual(["close 1013 too much"]);
    expect(one.isDestroyedSoon).toBe(true);
  });

  test.each([
    ["without a reason", undefined],
    ["by the game, without a word", { kind: "local", message: "over" } as CloseReason],
  ])("%s cuts at once", (_how, reason) => {
    const one = new ScriptedLink().attach();
    one.link.abort(reason);
    expect([one.ws.asked, one.isDestroyedSoon]).toEqual([["terminate"], false]);
  });

  test("for a limit cuts where bytes wait before the close frame, or the frame itself waits", () => {
    const behind = new ScriptedLink().attach();
    behind.ws.bufferedAmount = 10;
    expect(behind.write("four")).toBe(false);
    behind.link.abort(OVERFLOW);
    const stuck = new ScriptedLink().attach();
    stuck.ws.bufferedAmount = 8; // pings and pongs
    stuck.link.abort(OVERFLOW);
    expect([behind.ws.asked, stuck.ws.asked]).toEqual([
      ["send four", "terminate"],
      ["close 1013 too much", "terminate"],
    ]);
    expect([behind.isDestroyedSoon, stuck.isDestroyedSoon]).toEqual([false, false]);
  });

  test("now tells nothing more but that it is over", () => {
    const one = new ScriptedLink().attach();
    one.link.abort();
    one.message("late");
    one.socket.emit("end");
    one.ws.finish(1000);
    expect([one.told.length, one.told.at(-1)?.startsWith("closed")]).toEqual([2, true]);
    expect(one.heartbeat.size).toBe(0);
  });

  test("at a peer that does not answer pings is told as that", () => {
    const one = new ScriptedLink().attach();
    for (let nowMs = 0; nowMs <= 400; nowMs += 100) one.link.pump(nowMs, undefined, true);
    expect(one.ws.asked.at(-1)).toBe("terminate");
    one.ws.finish(1006);
    expect([one.told.at(-1), one.lastReason?.code]).toEqual(["closed timeout", "deadPeerMs"]);
  });

  test("by ws, for pings whose answers are not taken, is told as that", () => {
    const one = new ScriptedLink().attach();
    one.ws.emit("ping"); // answered
    one.ws.readyState = one.ws.CLOSING;
    one.ws.emit("ping"); // cut
    one.ws.finish(1006);
    expect([one.told.at(-1), one.lastReason?.message]).toEqual([
      "closed overflow",
      "the peer sends pings, and does not take the answers",
    ]);
  });

  test("by ws at a ping does not take the place of a reason that was there", () => {
    const one = new ScriptedLink().attach();
    one.link.refuse(OVERFLOW);
    one.ws.readyState = one.ws.CLOSING;
    one.ws.emit("ping");
    one.ws.finish(1006);
    expect(one.lastReason?.code).toBe("receiveLimitBytes");
  });
});

describe("an open link", () => {
  test("opens when ws does, if that is later", () => {
    const one = new ScriptedLink();
    one.ws.readyState = one.ws.CONNECTING;
    one.attach();
    expect([one.told, one.heartbeat.size]).toEqual([[], 0]);
    one.ws.readyState = one.ws.OPEN;
    one.ws.emit("open");
    expect([one.told, one.heartbeat.size]).toEqual([["opened"], 1]);
  });

  test("is behind while ws holds bytes, and tells how many of them have left", () => {
    const one = new ScriptedLink().attach();
    expect(one.write("taken")).toBe(true);
    one.ws.bufferedAmount = 9;
    expect(one.write("waits")).toBe(false);
    one.ws.bufferedAmount = 0;
    for (const sent of one.ws.unsent) sent();
    expect(one.told).toEqual(["opened", "drained 5"]);
  });

  test("shows the round trip of its own ping, in a frame, and of no other pong", () => {
    const one = new ScriptedLink().attach();
    one.heartbeat.pump(0, true);
    one.ws.emit("pong", Buffer.from("not mine"));
    one.heartbeat.pump(1, true);
    expect(one.link.rttMs).toBeUndefined();
    one.ws.emit("pong", Buffer.from(one.ws.lastPing));
    expect(one.link.rttMs).toBeUndefined();
    one.link.pump(2, undefined, true);
    expect(one.link.rttMs).toBeGreaterThanOrEqual(0);
  });

  test("measures nothing by a ping whose answer waits while it is paused", () => {
    const one = new ScriptedLink().attach();
    one.heartbeat.pump(0, true);
    one.link.pause();
    one.link.resume();
    one.ws.emit("pong", Buffer.from(one.ws.lastPing));
    one.heartbeat.pump(1, true);
    expect(one.link.rttMs).toBeUndefined();
  });

  test("shows that it lives while it is paused, but not behind bytes that show as much", () => {
    const one = new ScriptedLink().attach();
    one.link.pause();
    expect(one.link.isPaused).toBe(true);
    one.link.probe();
    one.ws.bufferedAmount = 1;
    one.link.probe();
    one.ws.bufferedAmount = 0;
    one.ws.readyState = one.ws.CLOSING;
    one.link.probe();
    expect(one.ws.asked).toEqual(["pause", "pong"]);
  });

  test("counts no silence while it was paused", () => {
    const one = new ScriptedLink().attach();
    one.heartbeat.pump(0, true);
    one.link.pause();
    for (let nowMs = 100; nowMs <= 500; nowMs += 100) one.heartbeat.pump(nowMs, true);
    one.link.resume();
    one.heartbeat.pump(700, true);
    expect(one.ws.asked).not.toContain("terminate");
  });

  test("takes any byte of the wire for life", () => {
    const one = new ScriptedLink().attach();
    one.heartbeat.pump(0, true);
    for (let nowMs = 100; nowMs <= 900; nowMs += 100) {
      one.wire(0x82); // the first byte of a message
      one.heartbeat.pump(nowMs, true);
    }
    expect(one.ws.asked).not.toContain("terminate");
  });

  test("takes whole frames for life where no socket is shown", () => {
    const one = new ScriptedLink({}, false).attach();
    one.heartbeat.pump(0, true);
    for (const [at, frame] of ["ping", "pong", "message", "ping", "pong", "message"].entries()) {
      one.ws.emit(frame, Buffer.from("x"), true);
      one.heartbeat.pump(200 * (at + 1), true);
    }
    expect(one.ws.asked).not.toContain("terminate");
  });

  test("hints at texts without a line break, in a stream alone, until a text has one", () => {
    const hints = (["stream", "message"] as const).map((framing) => {
      const one = new ScriptedLink({ framing }).attach();
      one.message("binary");
      const before = one.link.unfinishedHint;
      one.message("text", false);
      const hint = one.link.unfinishedHint;
      one.message("line\n", false);
      return [before, hint, one.link.unfinishedHint];
    });
    expect(hints).toEqual([
      [undefined, 'texts without a line break need framing: "message"', undefined],
      [undefined, undefined, undefined],
    ]);
  });

  test("tells how much of an unfinished message has come", () => {
    const one = new ScriptedLink().attach();
    one.wire(0x82, 0x05, 0x61, 0x62);
    expect(one.told).toEqual(["opened", "partial 4"]);
  });

  test("is not pumped when it has closed", () => {
    const one = new ScriptedLink().attach();
    expect(one.link.pump(0, undefined, true)).toBeGreaterThan(0);
    one.ws.finish(1000);
    expect(one.link.pump(1, undefined, true)).toBeUndefined();
    expect(one.heartbeat.size).toBe(0);
  });
});
