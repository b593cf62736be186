import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import {
  type Connection,
  formatAddress,
  type Listener,
  lines,
  Poller,
  type TcpOptions,
  type Transport,
  tcp,
  waitForActivity,
} from "../../../src/index.ts";
import { nativeTcp } from "../../../src/native.ts";
import { needs } from "../../machine.ts";
import { describeRows, type Needing } from "../../rows.ts";
import { until as gone, heldSockets } from "../link-pair.ts";
import { until } from "../poll-until.ts";

const pollers: Poller[] = [];

function newPoller(): Poller {
  const poller = new Poller();
  pollers.push(poller);
  return poller;
}

afterEach(async () => {
  for (const poller of pollers.splice(0)) await poller[Symbol.asyncDispose]();
});

interface Kind extends Needing {
  readonly name: string;
  readonly tcp: (options: TcpOptions) => Transport;
}

/** Node's sockets, and those that the system is asked for without Node. */
const kinds: readonly Kind[] = [
  { name: "tcp", tcp },
  { name: "nativeTcp", tcp: nativeTcp, needs: ["native sockets"] },
];

describeRows(kinds)("$name", ({ name, tcp }) => {
  async function listening(poller: Poller, options: TcpOptions): Promise<Listener<string>> {
    const listener = poller.listen(tcp(options), lines());
    await until(poller, () => listener.state !== "starting");
    return listener;
  }

  async function nextAccepted(poller: Poller, listener: Listener<string>): Promise<Connection<string>> {
    let accepted: Connection<string> | undefined;
    await until(poller, () => (accepted = listener.tryAccept()) !== undefined);
    return accepted as Connection<string>;
  }

  describe("connections", () => {
    test("listens on both families when no host is given", needs("IPv6"), async () => {
      const poller = newPoller();
      const listener = await listening(poller, { port: 0 });
      const port = listener.address?.port ?? 0;
      for (const host of ["127.0.0.1", "::1", "localhost"]) {
        const connection = poller.connect(tcp({ host, port }), lines());
        await until(poller, () => connection.state !== "connecting");
        expect(connection.state).toBe("open");
      }
    });

    test(
      "shows an IPv4 peer as IPv4 on a listener of both families, and admits it as such",
      needs("IPv6"),
      async () => {
        const poller = newPoller();
        const asked: string[] = [];
        const allowList = { check: (host: string, family?: string) => asked.push(`${family} ${host}`) > 0 };
        const listener = poller.listen(tcp({ port: 0 }), lines(), { allowList });
        await until(poller, () => listener.state === "listening");
        poller.connect(tcp({ port: listener.address?.port ?? 0, host: "127.0.0.1" }), lines());
        let accepted: Connection<string> | undefined;
        await until(poller, () => (accepted = listener.tryAccept()) !== undefined);
        expect(accepted?.remoteAddress).toMatchObject({ family: "IPv4", host: "127.0.0.1" });
        expect(accepted?.localAddress).toMatchObject({ family: "IPv4", host: "127.0.0.1" });
        expect(asked).toEqual(["ipv4 127.0.0.1"]);
      },
    );

    test("listens on IPv6 alone when asked", needs("IPv6"), async () => {
      const poller = newPoller();
      const listener = await listening(poller, { port: 0, host: "::", ipv6Only: true });
      const connection = poller.connect(
        tcp({ host: "127.0.0.1", port: listener.address?.port ?? 0 }),
        lines(),
      );
      await until(poller, () => connection.state === "closed");
      expect(connection.closeReason?.kind).toBe("refused");
    });

    test("tells the own address of an accepted connection, also after the close, where it listens on one address and on all", async () => {
      const poller = newPoller();
      for (const host of ["127.0.0.1", "0.0.0.0"]) {
        const listener = await listening(poller, { host, port: 0 });
        const port = listener.address?.port ?? 0;
        const client = poller.connect(tcp({ host: "127.0.0.1", port }), lines());
        const accepted = await nextAccepted(poller, listener);
        const ends = { localAddress: accepted.localAddress, remoteAddress: accepted.remoteAddress };
        expect(ends.localAddress).toEqual({ family: "IPv4", host: "127.0.0.1", port });
        await until(poller, () => client.state === "open");
        client.close();
        await until(poller, () => accepted.state === "closed");
        expect(accepted).toMatchObject(ends);
        expect(ends.remoteAddress).toEqual(client.localAddress);
      }
    });

    test("reports a refusal of every address of a name as one reason with all errors behind it", async () => {
      const poller = newPoller();
      const listener = await listening(poller, { port: 0 });
      const port = listener.address?.port ?? 0;
      listener.close();
      await until(poller, () => true);
      await new Promise((resolve) => setImmediate(resolve));
      const connection = poller.connect(tcp({ host: "localhost", port }), lines());
      await until(poller, () => connection.state === "closed");
      expect(connection.closeReason).toMatchObject({ kind: "refused", code: "ECONNREFUSED" });
      expect(connection.closeReason?.message).toMatch(/^nobody listens there \(/);
      expect(connection.closeReason?.cause).toBeInstanceOf(Error);
    });

    test("reports a name without an address", async () => {
      const poller = newPoller();
      const connection = poller.connect(tcp({ host: "no-such-host.invalid", port: 1 }), lines(), {
        timeoutMs: Infinity,
      });
      await until(poller, () => connection.state === "closed");
      expect(connection.closeReason?.kind).toBe("unknown-host");
    });

    test("reports an address that this machine does not have", async () => {
      const poller = newPoller();
      const listener = await listening(poller, { host: "192.0.2.1", port: 0 });
      expect(listener.closeReason).toMatchObject({ kind: "unreachable", code: "EADDRNOTAVAIL" });
    });

    test("ends the attempt by signal, before or while it connects", async () => {
      const poller = newPoller();
      const listener = await listening(poller, { host: "127.0.0.1", port: 0 });
      const transport = tcp({ host: "127.0.0.1", port: listener.address?.port ?? 0 });
      const controller = new AbortController();
      const during = poller.connect(transport, lines(), { signal: controller.signal });
      controller.abort();
      const before = poller.connect(transport, lines(), { signal: controller.signal });
      await until(poller, () => before.state === "closed" && during.state === "closed");
      expect([before.closeReason?.kind, during.closeReason?.kind]).toEqual(["aborted", "aborted"]);
    });

    test("answers a plain client that finishes first: the answer still reaches it", async () => {
      const poller = newPoller();
      const listener = await listening(poller, { host: "127.0.0.1", port: 0 });
      let received = "";
      const plain = net.connect({
        port: listener.address?.port ?? 0,
        host: "127.0.0.1",
        allowHalfOpen: true,
      });
      plain.on("data", (chunk) => {
        received += chunk;
      });
      plain.end("question\n");
      const accepted = await nextAccepted(poller, listener);
      await until(poller, () => accepted.tryRecv() === "question" && accepted.trySend("answer"));
      await until(poller, () => accepted.state === "closed");
      expect(received).toBe("answer\n");
      expect(accepted.closeReason?.kind).toBe("remote");
    });

    test("loses nothing that was sent before close(), though the client talks on and reads late", async () => {
      const poller = newPoller();
      const listener = await listening(poller, { host: "127.0.0.1", port: 0 });
      const plain = net.connect({ port: listener.address?.port ?? 0, host: "127.0.0.1" });
      plain.pause();
      plain.write("x".repeat(60_000)); // never read by the game: a careless close would reset this
      const accepted = await nextAccepted(poller, listener);
      const text = "y".repeat(60_000);
      for (let count = 0; count < 10; count++) accepted.trySend(text);
      accepted.close();
      await until(poller, () => listener.connections.size === 1 && accepted.pendingBytes === 0);
      let heardBytes = 0;
      plain.on("data", (chunk) => {
        heardBytes += chunk.length;
      });
      plain.resume();
      await until(poller, () => accepted.state === "closed");
      expect(heardBytes).toBe(10 * 60_001);
      expect(accepted.closeReason?.kind).toBe("local");
    });

    test("reports a reset, not a close, when the peer resets while a close has bytes unsent", async () => {
      const poller = newPoller();
      const listener = await listening(poller, { host: "127.0.0.1", port: 0 });
      const plain = net.connect({ port: listener.address?.port ?? 0, host: "127.0.0.1" });
      plain.pause();
      const accepted = await nextAccepted(poller, listener);
      while (accepted.trySend("x".repeat(60_000))) poller.flush(); // until the system takes no more
      accepted.close();
      poller.flush();
      plain.resetAndDestroy();
      await until(poller, () => accepted.state === "closed");
      expect(accepted.closeReason?.kind).toBe("reset");
    });

    test("keeps the newest of each key for a peer that reads nothing, and no more than that", async () => {
      const poller = newPoller();
      const listener = await listening(poller, { host: "127.0.0.1", port: 0 });
      const plain = net.connect({ port: listener.address?.port ?? 0, host: "127.0.0.1" });
      plain.pause();
      const accepted = await nextAccepted(poller, listener);
      const frameBytes = 3 * 10_001;
      let behindFrames = 0;
      for (let frame = 0; behindFrames < 200; frame++) {
        for (const key of ["a", "b", "c"])
          accepted.trySendLatest(key, `${key} ${frame} `.padEnd(10_000, "."));
        poller.flush();
        await new Promise((resolve) => setImmediate(resolve));
        poller.poll();
        if (accepted.stats.replacedMessages > 0) behindFrames++;
        // One frame is in the socket, and one waits for it.
        expect(accepted.pendingBytes).toBeLessThan(2 * frameBytes + 100);
      }
      const newest = accepted.stats.replacedMessages;
      accepted.trySend("the end");
      let received = "";
      plain.on("data", (chunk) => {
        received += chunk;
      });
      plain.resume();
      await until(poller, () => received.endsWith("the end\n"));
      const got = received.split("\n").map((line) => line.split(" ", 2).join(" "));
      expect(got.length - 1).toBe(accepted.stats.sentMessages);
      expect(newest).toBeGreaterThan(500);
      const frames = got.slice(-5, -2).map((line) => line.split(" "));
      expect(frames.map(([key]) => key)).toEqual(["a", "b", "c"]);
      expect(new Set(frames.map(([, frame]) => frame)).size).toBe(1);
    });

    test("keeps the peer's address after the close, and writes it as people do", needs("IPv6"), async () => {
      const poller = newPoller();
      const listener = await listening(poller, { host: "::1", port: 0 });
      const plain = net.connect(listener.address?.port ?? 0, "::1");
      const accepted = await nextAccepted(poller, listener);
      plain.destroy();
      await until(poller, () => accepted.state === "closed");
      const address = accepted.remoteAddress;
      expect(address).toMatchObject({ family: "IPv6", host: "::1" });
      expect(address && formatAddress(address)).toBe(`[::1]:${address?.port}`);
    });

    test("refuses what is no object of options at the call", () => {
      expect(() => tcp(undefined as never)).toThrow("options: expected an object, got undefined");
    });

    test("closed while it starts, is gone for good", async () => {
      for (const host of ["127.0.0.1", "localhost"]) {
        const before = heldSockets();
        const poller = newPoller();
        const listener = poller.listen(tcp({ host, port: 0 }), lines());
        listener.close();
        for (let frame = 0; frame < 10; frame++) await waitForActivity(poller, 1);
        await gone(() => JSON.stringify(heldSockets()) === JSON.stringify(before));
        expect(heldSockets()).toEqual(before);
        expect(listener.closeReason?.kind).toBe("local");
      }
    });
  });

  describe("a process with no file descriptor left", () => {
    // libuv turns them away by itself while it has a descriptor in reserve; otherwise they wait, and are reported.
    test("rejects connections, and accepts again when descriptors are free", async () => {
      const [index, own] = ["index", name === "tcp" ? "index" : "native"].map((file) =>
        JSON.stringify(fileURLToPath(new URL(`../../../src/${file}.ts`, import.meta.url))),
      );
      const program = `
      import { lines, Poller, waitForActivity } from ${index};
      import { ${name} as tcp } from ${own};
      const net = new Poller();
      const listener = net.listen(tcp({ host: "127.0.0.1", port: 0 }), lines());
      net.on("listen", () => console.log("port", listener.address.port));
      net.on("drop", ({ reason }) => console.log("drop", reason.kind, reason.code));
      for (;;) {
        net.poll();
        while (listener.tryAccept() !== undefined);
        listener.drain((connection, line) => connection.trySend("you said " + line));
        net.flush();
        await waitForActivity(net);
      }`;
      const node = `exec "$0" --import tsx --input-type=module --eval "$1"`;
      const child = spawn("sh", ["-c", `ulimit -n 150; ${node}`, process.execPath, program]);
      let printed = "";
      let complained = "";
      child.stderr.on("data", (data) => {
        complained += data;
      });
      child.stdout.on("data", (data) => {
        printed += data;
      });
      const clients: net.Socket[] = [];
      try {
        const gone = once(child, "exit").then(() => {
          throw new Error(`it ended too early: ${complained}`);
        });
        gone.catch(() => {}); // it ends by our hand, too
        while (!printed.includes("port")) await Promise.race([once(child.stdout, "data"), gone]);
        const port = Number(printed.match(/port (\d+)/)?.[1]);
        await new Promise((resolve) => {
          child.stdout.on("data", () => printed.includes("drop") && resolve(undefined));
          for (let count = 0; count < 250; count++) {
            clients.push(net.connect(port, "127.0.0.1").on("error", resolve).on("end", resolve).resume());
          }
        });
        expect(printed).not.toMatch(/drop (?!overflow EMFILE)/);
        for (const accepted of clients) accepted.destroy();
        let answer = "";
        while (answer === "") answer = await ask(port, "hello\n"); // until the others have left
        expect(answer).toBe("you said hello\n");
      } finally {
        child.kill("SIGKILL");
        await Promise.all(
          clients.map(
            (accepted) => accepted.closed || new Promise((gone) => accepted.destroy().on("close", gone)),
          ),
        );
      }
    });
  });

  describe("after an awaited dispose", () => {
    test("no handle is left, also with peers that never close", async () => {
      const before = process.getActiveResourcesInfo().filter(isSocket).length;
      const poller = new Poller({ closeTimeoutMs: 50 });
      const listener = await listening(poller, { host: "127.0.0.1", port: 0 });
      const port = listener.address?.port ?? 0;
      const rude = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      rude.on("error", () => {});
      const own = poller.connect(tcp({ host: "127.0.0.1", port }), lines());
      await until(poller, () => own.state === "open" && listener.stats.accepted === 2);
      while (listener.tryAccept() !== undefined);
      await poller[Symbol.asyncDispose]();
      expect([own.state, listener.state, listener.connections.size]).toEqual(["closed", "closed", 0]);
      rude.destroy();
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      expect(process.getActiveResourcesInfo().filter(isSocket).length).toBe(before);
    });
  });

  function isSocket(resource: string): boolean {
    return resource.startsWith("TCP");
  }

  /** What a server answers to a question; empty when it rejects the client. */
  function ask(port: number, question: string): Promise<string> {
    return new Promise((resolve) => {
      let answer = "";
      const socket = net.connect(port, "127.0.0.1", () => socket.write(question));
      socket.on("error", () => {});
      socket.on("data", (data) => {
        answer += data;
        socket.destroy();
      });
      socket.on("close", () => resolve(answer));
    });
  }
});
