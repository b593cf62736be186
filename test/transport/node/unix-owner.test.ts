/**
 * What the answers of the system say about a socket file: whether somebody listens
 * there. Each connect is answered by the test, so that every answer is had.
 */
import type net from "node:net";
import type { Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type Found,
  findListener,
  tryClaimRemoval,
  UnixOwner,
} from "../../../src/transport/node/unix-owner.ts";
import { needs } from "../../machine.ts";
import { turn } from "../link-pair.ts";

/** The connects in their order; what they say is `answers`' matter. */
const asked = vi.hoisted((): { readonly path: string; readonly socket: Socket }[] => []);
/** What a path says: nothing for a connect that succeeds, or the code of its error. */
const answers = vi.hoisted(() => new Map<string, string | undefined>());

vi.mock("node:net", async (original) => {
  const real = await original<typeof net>();
  const connect = ({ path }: { path: string }): Socket => {
    if (answers.get(path) === "THROWN") throw Object.assign(new Error("thrown"), { code: "THROWN" });
    const socket = new real.Socket();
    asked.push({ path, socket });
    const code = answers.has(path) ? answers.get(path) : "ECONNREFUSED";
    setImmediate(() => {
      if (code === undefined) socket.emit("connect");
      else socket.emit("error", Object.assign(new Error(code), { code }));
    });
    return socket;
  };
  return { ...real, connect, default: { ...real, connect } };
});

const PATH = "/folder/game.sock";
const ID = `test-${process.pid}`;
const NAME = `\0tickwire/${ID}`;

afterEach(() => {
  for (const { socket } of asked.splice(0)) socket.destroy();
  answers.clear();
});

/** All that is answered; more than one would be a fault. */
async function found(): Promise<Found[]> {
  const all: Found[] = [];
  findListener(PATH, ID, (one) => all.push(one));
  for (let turns = 0; turns < 6; turns++) await turn();
  return all;
}

describe("whether somebody listens on a socket file", () => {
  test("is known without any connect where it is this process, until it closes", async () => {
    const owner = new UnixOwner(ID);
    expect([await found(), asked]).toEqual([["listener"], []]);
    owner.release();
    expect(await found()).toEqual([undefined]);
    expect(asked.map(({ path }) => path)).toContain(PATH);
  });

  test(
    "is asked at the name beside it first, which leaves the listener alone",
    needs("abstract names"),
    async () => {
      answers.set(NAME, undefined);
      expect(await found()).toEqual(["listener"]);
      expect(asked.map(({ path }) => path)).toEqual([NAME]);
      expect(asked[0]?.socket.destroyed).toBe(true);
    },
  );

  test.each<[string | undefined, string]>([
    [undefined, "a listener"],
    ["EAGAIN", "a listener"], // whose queue is full
    ["ECONNREFUSED", "nobody"],
    ["ENOENT", "nobody"],
    ["EACCES", "the error"],
    ["THROWN", "the error"],
  ])("is told by a connect to the file itself: %s is %s", async (code, meaning) => {
    answers.set(PATH, code);
    const [one, ...more] = await found();
    expect(more).toEqual([]);
    if (meaning === "the error") expect(one).toMatchObject({ code });
    else expect(one).toBe(meaning === "nobody" ? undefined : "listener");
    for (const { path, socket } of asked) expect(socket.destroyed).toBe(path === PATH && code === undefined);
  });
});

describe("the name beside a socket file", needs("abstract names"), () => {
  test("answers by its existence alone: who connects is left at once, and a close frees it", async () => {
    const { connect } = await vi.importActual<typeof net>("node:net");
    const owner = new UnixOwner(ID);
    await turn();
    const seen = (path: string) =>
      new Promise<string>((resolve) => {
        const socket = connect({ path });
        socket
          .on("error", ({ message }) => resolve(message))
          .on("close", () => resolve("left"))
          .resume();
      });
    expect(await seen(NAME)).toBe("left");
    owner.release();
    await turn();
    expect(await seen(NAME)).toMatch(/ECONNREFUSED/);
  });

  test("is one's own for the removal of a file until it is given back", async () => {
    const giveBack = tryClaimRemoval(ID);
    const another = tryClaimRemoval(`${ID}-2`);
    expect([giveBack, tryClaimRemoval(ID), another].map((claim) => typeof claim)).toEqual([
      "function",
      "undefined",
      "function",
    ]);
    giveBack?.();
    await turn();
    const again = tryClaimRemoval(ID);
    expect(typeof again).toBe("function");
    again?.();
    another?.();
  });
});
