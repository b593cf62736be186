import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Identity } from "../../src/index.ts";
import { type Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { certificates, NO_CERTIFICATES } from "../transport/node/certificates.ts";
import { insult, recipe } from "./recipe.ts";
import { endPlayers, insultByWebSocket, WebPlayer } from "./web-player.ts";

describe("the recipe of wss", { timeout: 3 * DEADLINE_MS, ...needs("openssl", "signals") }, () => {
  const { ca, localhost: first, selfSigned: next, example } = certificates() ?? NO_CERTIFICATES;
  let files: { cert: string; key: string };

  beforeEach(() => {
    const folder = mkdtempSync(join(tmpdir(), "tickwire-wss-"));
    files = { cert: join(folder, "fullchain.pem"), key: join(folder, "privkey.pem") };
  });
  afterEach(async () => {
    endPlayers();
    await endAll();
    rmSync(join(files.cert, ".."), { recursive: true });
  });

  function write({ cert, key }: Identity): void {
    writeFileSync(files.cert, String(cert));
    writeFileSync(files.key, String(key));
  }

  async function start(): Promise<{ child: Child; port: number }> {
    write(first);
    return recipe("wss", files.cert, files.key);
  }

  function player(port: number): WebPlayer {
    return new WebPlayer(`wss://127.0.0.1:${port}/play`, { ca: [ca, String(next.cert)] });
  }

  /** Sends a word and waits for it: so it is connected, and the server serves. */
  async function speaks(from: WebPlayer, word: string): Promise<void> {
    from.send(word);
    await from.received.until(new RegExp(`: ${word}$`));
  }

  it("keeps its players while the certificate changes, which new players see", async () => {
    const { child, port } = await start();
    const old = player(port);
    await speaks(old, "one");
    expect(shown(old)).toBe(fingerprint(first));
    write(next);
    child.process.kill("SIGHUP");
    await child.out.until(/^new players see the new certificate$/);
    const late = player(port);
    await speaks(late, "two");
    expect(shown(late)).toBe(fingerprint(next));
    await old.received.until(/^player 2: two$/);
    await speaks(old, "three");
    await late.received.until(/^player 1: three$/);
    expect(shown(old)).toBe(fingerprint(first));
  });

  it("keeps the old certificate while the files are not whole, or do not belong together", async () => {
    const { child, port } = await start();
    const cut = String(next.cert).slice(0, 300);
    const broken = [
      { cert: "", key: "" },
      { ...next, cert: "" },
      { ...next, cert: cut },
      { ...next, key: "" },
    ];
    for (const files of [...broken, { cert: next.cert, key: example.key }]) {
      write(files);
      child.process.kill("SIGHUP");
      await child.out.until(/^the old certificate stays: ./);
      const late = player(port);
      await speaks(late, "hi");
      expect(shown(late)).toBe(fingerprint(first));
    }
    write(next);
    child.process.kill("SIGHUP");
    await child.out.until(/^new players see the new certificate$/);
  });

  it("serves the page on the same port", async () => {
    const { port } = await start();
    const body = await new Promise<string>((resolve, reject) => {
      get(`https://127.0.0.1:${port}/`, { ca }, (response) =>
        response.once("data", (data) => resolve(`${data}`)),
      ).on("error", reject);
    });
    expect(body).toBe("the page of the game\n");
  });

  it("is ended by no stranger, before TLS, in it and behind it", async () => {
    const { child, port } = await start();
    await insult(child, port);
    for (const piece of [
      "x".repeat(100_000),
      "GET / HTTP/1.1\r\n\r\n",
      "GET /play HTTP/1.1\r\nUpgrade: x\r\n\r\n",
    ]) {
      await insideTls(port, piece);
    }
    await insultByWebSocket(child, `wss://127.0.0.1:${port}/play`, { ca });
    await speaks(player(port), "hi");
  });

  /** Sends `piece` in the place of a request, and waits for the end. */
  function insideTls(port: number, piece: string): Promise<unknown> {
    const socket = connect({ port, host: "127.0.0.1", ca }, () => socket.end(piece)).resume();
    socket.on("error", () => {}); // it may be refused in the middle
    return new Promise((resolve) => socket.once("close", resolve));
  }
});

/** The certificate that the server has shown to this player. */
function shown({ socket }: WebPlayer): string {
  const { _socket } = socket as unknown as { readonly _socket: TLSSocket };
  return _socket.getPeerCertificate().fingerprint256;
}

function fingerprint({ cert }: Identity): string {
  return new X509Certificate(String(cert)).fingerprint256;
}
