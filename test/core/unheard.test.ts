/** What goes wrong and has nobody who listens for it is said once, with a code and how to listen. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { type CloseReason, lines, memory, Poller } from "../../src/index.ts";
import type { AcceptorEvents } from "../../src/port/acceptor.ts";
import { lineRig } from "../rig.ts";

/** The warnings of this test, as `code: text`. */
function warningsOf(): string[] {
  const warnings: string[] = [];
  vi.spyOn(process, "emitWarning").mockImplementation((text, options) => {
    warnings.push(`${(options as { code?: string }).code}: ${text}`);
  });
  return warnings;
}

/** A listener whose acceptor is the test, and the poller. */
function scripted(poller = new Poller()) {
  let events: AcceptorEvents | undefined;
  const acceptor = { attach: (given: AcceptorEvents) => (events = given), close() {} };
  const listener = poller.listen({ listen: () => acceptor }, lines());
  const reject = (reason: CloseReason): void => events?.rejected(reason);
  return { poller, listener, reject };
}

describe("what nobody listens for", () => {
  afterEach(() => vi.restoreAllMocks());

  test("is said once: a listener that could not start", () => {
    const warnings = warningsOf();
    const { wire, server } = lineRig();
    for (let count = 0; count < 2; count++) server.listen(wire, lines());
    server.poll(16);
    expect(warnings).toEqual([]); // the game may still look
    server.poll(32);
    server.poll(48);
    expect(warnings).toEqual([
      "TICKWIRE_UNLISTEN: a listener does not listen: another listener is on this memory network; " +
        'listen to "unlisten" to hear of each',
    ]);
  });

  test("is said once for each kind of reason: incoming connections that were dropped, or denied", () => {
    const warnings = warningsOf();
    const { poller, reject } = scripted();
    for (let nowMs = 0; nowMs < 3; nowMs++) {
      reject({ kind: "overflow", code: "maxConnections", message: "full" });
      reject({ kind: "denied", code: "origins", message: "that page may not connect" });
      poller.poll(nowMs);
    }
    expect(warnings).toEqual([
      'TICKWIRE_DROP: an incoming connection was dropped: full; listen to "drop" to hear of each',
      'TICKWIRE_DROP: an incoming connection was dropped: that page may not connect; listen to "drop" to hear of each',
    ]);
    const other = scripted();
    other.reject({ kind: "overflow", message: "full" });
    other.poller.poll(0);
    expect(warnings).toHaveLength(3); // of another poller
  });

  test("is said once: a datagram socket that could not be bound", () => {
    const warnings = warningsOf();
    const poller = new Poller();
    const reason: CloseReason = { kind: "address-in-use", message: "another program has that port" };
    const link = { attach: (events: { closed(reason: CloseReason): void }) => events.closed(reason) };
    poller.bind({ bind: () => link as never }, lines());
    poller.poll(0);
    poller.poll(1);
    expect(warnings).toEqual([
      "TICKWIRE_UNBIND: a datagram socket is closed: another program has that port; " +
        'listen to "unbind" to hear of each',
    ]);
  });

  test("is not said of what the game has looked at: why a listener or a socket is closed", () => {
    const warnings = warningsOf();
    const { wire, server } = lineRig();
    const reason: CloseReason = { kind: "address-in-use", message: "another program has that port" };
    const link = { attach: (events: { closed(reason: CloseReason): void }) => events.closed(reason) };
    const early = server.listen(wire, lines());
    expect(early.closeReason).toBeUndefined(); // which says nothing yet
    const ends = [server.listen(wire, lines()), server.bind({ bind: () => link as never }, lines())];
    server.poll(16);
    expect(ends.map(({ closeReason }) => closeReason?.kind)).toEqual(["address-in-use", "address-in-use"]);
    server.poll(32);
    expect(early.closeReason?.kind).toBe("address-in-use");
    expect(warnings).toEqual([
      "TICKWIRE_UNLISTEN: a listener does not listen: another listener is on this memory network; " +
        'listen to "unlisten" to hear of each',
    ]);
  });

  test("is not said of one's own close, nor of what is listened for, on the poller or the listener", () => {
    const warnings = warningsOf();
    const heard: string[] = [];
    const one = scripted();
    one.listener.on("drop", ({ reason }) => heard.push(reason.message));
    const two = scripted();
    two.poller.on("drop", ({ reason }) => heard.push(reason.message));
    for (const { reject } of [one, two]) reject({ kind: "denied", message: "no" });
    two.poller.bind(memory(), lines()).close();
    for (const { listener, poller } of [one, two]) {
      listener.close();
      poller.poll(0);
    }
    expect([warnings, heard]).toEqual([[], ["no", "no"]]);
  });
});

describe("unlisten", () => {
  test("tells one's own close from a listener that could not start", () => {
    const { wire, server, listener } = lineRig();
    const kinds: string[] = [];
    server.on("unlisten", ({ reason }) => kinds.push(reason.kind));
    server.listen(wire, lines());
    server.poll(0);
    listener.close();
    server.poll(16);
    expect(kinds).toEqual(["address-in-use", "local"]);
  });
});
