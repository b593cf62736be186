/**
 * Programs that are killed, stopped and woken while they talk: real processes,
 * on raw sockets, in two languages. The players never notice.
 */
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Child, endAll, noPython } from "../../demo/children.ts";
import { House, type Stranger } from "../bystanders.ts";

interface Language {
  readonly name: string;
  readonly command: string;
  readonly program: string;
}

const whyNoPython = noPython();
if (whyNoPython !== undefined) console.log(`skipped: the rows of Python, as ${whyNoPython}`);

const languages: readonly Language[] = [
  { name: "Node", command: process.execPath, program: peer("node_peer.mjs") },
  ...(whyNoPython === undefined
    ? [{ name: "Python", command: "python3", program: peer("python_peer.py") }]
    : []),
];

vi.setConfig({ testTimeout: 60_000 });

let house: House;

afterEach(async () => {
  await endAll();
  await house.close();
});

describe.each(languages)("a peer in $name, and the players do not notice,", (language) => {
  test("that is killed: told once, and all that it said came in order", async () => {
    const { child, stranger } = await meet(language);
    await talk(stranger, 50);
    await child.kill("SIGKILL");
    const { kind } = await house.ending(stranger);
    expect(["remote", "reset", "protocol"]).toContain(kind); // the system closes what the dead has left
    checkWords(stranger);
    await house.checkPlayers();
  });

  test("that stops for a while: it is held back, and then hears all that was taken for it", async () => {
    const { child, stranger } = await meet(language);
    let sent = await talk(stranger, 20);
    child.process.kill("SIGSTOP");
    const before = stranger.guest.stats.refusedMessages;
    await house.until(() => {
      while (stranger.guest.trySend(`word ${sent} ${"x".repeat(2_000)}`)) sent++;
      return stranger.guest.stats.refusedMessages > before + 20; // refused in frame after frame: it is stopped
    }, "a full outbox");
    expect(stranger.guest.state).toBe("open");
    await house.checkPlayers();
    child.process.kill("SIGCONT");
    await house.until(() => stranger.guest.pendingBytes === 0, "an empty outbox");
    sent = await talk(stranger, 20, sent);
    stranger.guest.end();
    const [line] = await whileRunning(child.out.until(/^(gap.*|heard \d+)$/));
    expect(line).toBe(`heard ${sent}`);
    expect((await house.ending(stranger)).kind).toBe("local");
    checkWords(stranger);
    await house.checkPlayers();
  });

  test("that stops for ever: it is let go when the goodbye's deadline is over, with the reason", async () => {
    const { child, stranger } = await meet(language);
    child.process.kill("SIGSTOP");
    await house.until(() => !stranger.guest.trySend("x".repeat(60_000)), "a full outbox");
    stranger.guest.close();
    const reason = await house.ending(stranger);
    expect(reason.kind).toBe("timeout");
    expect(reason.message).toMatch(/^the peer did not take the last \d+ bytes within 500 ms$/);
    await house.checkPlayers();
  });
});

/** A peer of that language in a house with players. */
async function meet({ command, program }: Language): Promise<{ child: Child; stranger: Stranger }> {
  house = await House.open();
  const child = new Child(command, [program, String(house.port)]);
  const stranger = await house.stranger();
  await house.until(() => stranger.words.length > 10);
  return { child, stranger };
}

/** Frames in which one word each is said to a stranger; answers how many it was told. */
async function talk(stranger: Stranger, frames: number, said = 0): Promise<number> {
  for (let frame = 0; frame < frames; frame++) {
    expect(stranger.guest.trySend(`word ${said++}`)).toBe(true);
    await house.frame();
  }
  return said;
}

/** Lets the house go on until `promise` is kept. */
async function whileRunning<Value>(promise: Promise<Value>): Promise<Value> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  promise.then(over, over);
  await house.until(() => isOver);
  return promise;
}

function checkWords({ words }: Stranger): void {
  expect(words).toEqual(words.map((_, at) => `say ${at}`));
}

function peer(name: string): string {
  return fileURLToPath(new URL(`peers/${name}`, import.meta.url));
}
