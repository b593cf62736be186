/** What native datagrams do where the system has no such address. */
import { describe, expect, test } from "vitest";
import { lines, Poller } from "../../../src/index.ts";
import { nativeUdp } from "../../../src/native.ts";
import { needs } from "../../machine.ts";
import { until } from "../poll-until.ts";

describe("a datagram to an interface that is not there", needs("native sockets"), () => {
  test("fails by itself, and those before and behind it go", async () => {
    await using poller = new Poller();
    const socket = poller.bind(nativeUdp({ host: "::", port: 0 }), lines());
    await until(poller, () => socket.state === "open");
    const port = socket.address?.port ?? 0;
    const elsewhere = { host: "fe80::1%nosuchif", port };
    expect(socket.trySendTo("before", { host: "127.0.0.1", port })).toBe(true);
    for (let count = 0; count < 3; count++) expect(socket.trySendTo("lost", elsewhere)).toBe(true);
    expect(socket.trySendTo("behind", { host: "127.0.0.1", port })).toBe(true);
    poller.flush();
    const got: (string | undefined)[] = [];
    await until(poller, () => {
      for (let one = socket.tryRecv(); one !== undefined; one = socket.tryRecv()) got.push(one);
      return got.length === 2;
    });
    expect(got).toEqual(["before", "behind"]);
    expect([socket.lastFailure?.code, socket.pendingBytes]).toEqual(["EINVAL", 0]);
  });
});
