/** What crosses to the network thread, and what is said of what does not. */
import { createServer } from "node:http";
import { BlockList } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import {
  bytes,
  conditioned,
  lines,
  memory,
  Poller,
  type Transport,
  tcp,
  threaded,
  tls,
} from "../../../src/index.ts";
import { nats } from "../../../src/nats.ts";
import { websocket, websocketServer } from "../../../src/websocket.ts";
import { until } from "../poll-until.ts";

let poller = new Poller();
afterEach(async () => {
  await poller[Symbol.asyncDispose]();
  poller = new Poller();
});

class OwnList {
  readonly addresses = ["127.0.0.1"];
  check(address: string): boolean {
    return this.addresses.includes(address);
  }
}

describe("threaded()", () => {
  test.each<[string, () => unknown, string]>([
    ["memory()", memory, "transport: this one cannot run in another thread"],
    ["a wrapper", () => conditioned(tcp({ port: 0 })), "wrappers go around threaded()"],
    [
      "nats()",
      () => nats({ servers: "nats://127.0.0.1" }),
      "transport: this one cannot run in another thread",
    ],
    ["nothing", () => undefined, "transport: expected a transport such as tcp(), got undefined"],
    ["an object", () => ({ pump() {} }), "transport: expected a transport such as tcp(), got an object"],
    [
      "a server of the game's",
      () => websocketServer({ server: createServer() }),
      "options.server: an object of the class Server cannot cross to another thread",
    ],
    [
      "a function",
      () => websocketServer({ port: 0, admit: () => true }),
      "options.admit: a function cannot cross to another thread",
    ],
    [
      "a list of a class of the game's",
      () => tcp({ port: 0, proxyProtocol: "require", trustedProxies: new OwnList() }),
      "options.trustedProxies: an object of the class OwnList cannot cross to another thread",
    ],
    [
      "a list with a method",
      () => websocketServer({ port: 0, trustedProxies: { check: () => true } }),
      "options.trustedProxies.check: a function cannot cross to another thread",
    ],
  ])("refuses %s, and says why", (_, make, message) => {
    const call = () => threaded(make() as Transport);
    expect(call).toThrow(TypeError);
    expect(call).toThrow(message);
  });

  test.each<[object, ErrorConstructor, string]>([
    [{ ringBytes: 300_000 }, RangeError, "ringBytes: expected a power of two, got 300000"],
    [{ ringBytes: 1_024 }, RangeError, "ringBytes: expected a whole number from 262144 to 1073741824"],
    [{ ringBytes: "4" }, TypeError, "ringBytes: expected a number, got string"],
    [{ rings: 1 }, TypeError, "rings: there is no such option; the nearest one is ringBytes"],
    [{ workerFile: 1 }, TypeError, "workerFile: expected a path or a file: URL, got number"],
    [{ workerFile: new URL("http://localhost/worker.js") }, TypeError, "workerFile: expected a path"],
    [{ workerFile: "/nowhere/worker.js" }, Error, "the network thread's file is not at /nowhere/worker.js"],
  ])("refuses %o, and says why", (options, kind, message) => {
    const call = () => threaded(tcp({ port: 0 }), options);
    expect(call).toThrow(kind);
    expect(call).toThrow(message);
  });

  test("says at the call what a listener lacks, as the transport itself does", () => {
    expect(() => poller.listen(threaded(tls({ port: 0 })), lines())).toThrow("cert: expected a certificate");
  });

  test("takes a BlockList across, whose ranges hold there", async () => {
    const trustedProxies = new BlockList();
    trustedProxies.addAddress("127.0.0.1");
    const options = { host: "127.0.0.1", port: 0, proxyProtocol: "require", trustedProxies } as const;
    const listener = poller.listen(threaded(tcp(options)), lines());
    await until(poller, () => listener.state === "listening");
    const raw = poller.connect(tcp({ host: "127.0.0.1", port: listener.address?.port ?? 0 }), bytes());
    raw.trySend(new TextEncoder().encode("PROXY TCP4 192.0.2.7 192.0.2.1 4000 80\r\nhello\n"));
    let accepted: ReturnType<typeof listener.tryAccept>;
    await until(poller, () => (accepted ??= listener.tryAccept()) !== undefined);
    expect(accepted?.remoteAddress).toEqual({ family: "IPv4", host: "192.0.2.7", port: 4_000 });
  });

  test("takes the file of the network thread by its path, too", async () => {
    const workerFile = fileURLToPath(new URL("../../../src/network-worker.ts", import.meta.url));
    const listener = poller.listen(threaded(tcp({ host: "127.0.0.1", port: 0 }), { workerFile }), lines());
    await until(poller, () => listener.state === "listening");
  });

  test("has the goodbyes and the framing of the transport below", () => {
    const place = { host: "127.0.0.1", port: 0, framing: "message" } as const;
    const server = threaded(websocketServer(place));
    expect(server.framing).toBe("message");
    expect(server.listen?.().carriesCode?.(4_000)).toBe(true);
    expect(threaded(websocket("ws://127.0.0.1:1")).connect?.().carriesCode?.(1_234)).toBe(false);
    expect(threaded(tcp({ port: 1 })).connect?.().carriesCode).toBeUndefined();
  });

  test("shares one sleep among all transports, so that a loop may wait for all at once", () => {
    expect(threaded(tcp({ port: 0 })).sleep).toBe(threaded(tcp({ port: 1 })).sleep);
    expect(conditioned(threaded(tcp({ port: 0 }))).sleep).toBe(threaded(tcp({ port: 1 })).sleep);
  });
});
