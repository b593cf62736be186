/**
 * Programs that are killed, stopped and woken while they talk: real processes,
 * on raw sockets, in two languages. The players never notice.
 */
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { Child, endAll } from "../../demo/children.ts";
import { describeRows, type Needing } from "../../rows.ts";
import { GameServer, type TestedPeer } from "../bystanders.ts";

interface Language extends Needing {
  readonly name: string;
  readonly command: string;
  readonly program: string;
}

const languages: readonly Language[] = [
  { name: "Node", command: process.execPath, program: peerProgram("node_peer.mjs") },
  { name: "Python", command: "python3", program: peerProgram("python_peer.py"), needs: ["python3"] },
];

let server: GameServer;

afterEach(async () => {
  await endAll();
  await server.close();
});

describeRows(languages)("a peer in $name, and the players do not notice,", (language) => {
  test("that is killed: told once, and all that it said came in order", async () => {
    const { child, peer } = await meet(language);
    await talk(peer, 50);
    await child.kill("SIGKILL");
    const { kind } = await server.ending(peer);
    expect(["remote", "reset", "protocol"]).toContain(kind); // the system closes what the dead has left
    checkWords(peer);
    await server.checkPlayers();
  });

  test("that stops for a while: its messages wait, and then it receives all of them", async () => {
    const { child, peer } = await meet(language);
    let sent = await talk(peer, 20);
    child.process.kill("SIGSTOP");
    const before = peer.connection.stats.refusedMessages;
    await server.until(() => {
      while (peer.connection.trySend(`word ${sent} ${"x".repeat(2_000)}`)) sent++;
      return peer.connection.stats.refusedMessages > before + 20; // refused in frame after frame: it is stopped
    }, "a full outbox");
    expect(peer.connection.state).toBe("open");
    await server.checkPlayers();
    child.process.kill("SIGCONT");
    await server.until(() => peer.connection.pendingBytes === 0, "an empty outbox");
    sent = await talk(peer, 20, sent);
    peer.connection.end();
    const [line] = await whileRunning(child.out.until(/^(gap.*|received \d+)$/));
    expect(line).toBe(`received ${sent}`);
    expect((await server.ending(peer)).kind).toBe("local");
    checkWords(peer);
    await server.checkPlayers();
  });

  test("that stops for ever: it is closed when the close deadline is over, with the reason", async () => {
    const { child, peer } = await meet(language);
    child.process.kill("SIGSTOP");
    await server.until(() => !peer.connection.trySend("x".repeat(60_000)), "a full outbox");
    peer.connection.close();
    const reason = await server.ending(peer);
    expect(reason.kind).toBe("timeout");
    expect(reason.message).toMatch(/^the peer did not take the last \d+ bytes within 500 ms$/);
    await server.checkPlayers();
  });
});

/** A peer of that language beside players. */
async function meet({ command, program }: Language): Promise<{ child: Child; peer: TestedPeer }> {
  server = await GameServer.open();
  const child = new Child(command, [program, String(server.port)]);
  const peer = await server.nextPeer();
  await server.until(() => peer.words.length > 10);
  return { child, peer };
}

/** Sends a peer one word in each frame; answers how many it was sent. */
async function talk(peer: TestedPeer, frames: number, said = 0): Promise<number> {
  for (let frame = 0; frame < frames; frame++) {
    expect(peer.connection.trySend(`word ${said++}`)).toBe(true);
    await server.frame();
  }
  return said;
}

/** Lets the server go on until `promise` is kept. */
async function whileRunning<Value>(promise: Promise<Value>): Promise<Value> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  promise.then(over, over);
  await server.until(() => isOver);
  return promise;
}

function checkWords({ words }: TestedPeer): void {
  expect(words).toEqual(words.map((_, at) => `say ${at}`));
}

function peerProgram(name: string): string {
  return fileURLToPath(new URL(`peers/${name}`, import.meta.url));
}
