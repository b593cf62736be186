import { afterEach, describe, expect, it } from "vitest";
import { Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { python } from "../demo/sockets/foreign.ts";
import { needs } from "../machine.ts";
import { overUdp } from "../strangers.ts";
import { insult, player } from "./recipe.ts";

afterEach(endAll);

const GROUP = "239.255.77.77";
const QUESTION = "tickwire lobby: which games are here?".padEnd(64, ".");

describe("the recipe of a lobby", { timeout: 3 * DEADLINE_MS }, () => {
  it("shows each game of the network, until it is gone", async () => {
    const { child: ada, port } = await host(0, "Ada's game");
    const { child: bob } = await host(port, "Bob's game");
    const finder = await find(port);
    for (const found = new Set(); found.size < 2; ) {
      found.add((await finder.out.until(/^127\.0\.0\.1:\d+ (Ada|Bob)'s game, 0 players$/))[1]);
    }
    await ada.kill("SIGKILL");
    await bob.kill("SIGKILL");
    await finder.out.until(/^no games$/);
  });

  it("lets Python find a game and play", needs("python3"), async () => {
    const { port } = await host(0, "Ada's game");
    const { out, err } = await python(
      `
seeker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
seeker.settimeout(60)
seeker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
for question in ["which games are here?", "${QUESTION}"]: seeker.sendto(question.encode(), ("${GROUP}", ${port}))
answer, (host, _) = seeker.recvfrom(2000)
word, port, players, name = answer.decode().split(" ", 3)
print(word, players, name, len(answer) <= ${QUESTION.length})
game = socket.create_connection((host, int(port)))
game.sendall(b"hi\\n")
print(game.makefile().readline(), end="")
seeker.sendto(b"${QUESTION}", ("${GROUP}", ${port}))
print(seeker.recvfrom(2000)[0].decode().split(" ")[2])`,
      port,
    );
    expect([out.toString(), err]).toEqual(["game 0 Ada's game True\nplayer 1: hi\n1\n", ""]);
  });

  it("finds a game of Python's", needs("python3"), async () => {
    const game = new Child("python3", ["-uc", PYTHON_GAME]);
    const port = await game.port();
    const finder = await find(port);
    await finder.out.until(/^127\.0\.0\.1:4321 A Python's game, 7 players$/);
  });

  it("shows nothing that a terminal would obey, and no more than fifty", needs("python3"), async () => {
    const game = new Child("python3", ["-uc", PYTHON_GAME, "many"]);
    const finder = await find(await game.port());
    await finder.out.until(/^127\.0\.0\.1:4321 A Python's game, 7 players$/);
    await finder.out.until(/:50 game 50, 1 players$/);
    const shown = finder.out.all.join("");
    expect(shown).not.toMatch(/[^ -~]|evil|:51 |65536/);
  });

  it("takes no name that nobody would be shown", async () => {
    const child = new Child(process.execPath, ["--import", "tsx", PROGRAM, "0", "host", "\x1b[2J"]);
    expect(await child.exit()).toBe(1);
    await child.err.until(/Error: a name has up to 30 letters/);
  });

  it("is ended by no stranger, neither who looks nor who hosts", async () => {
    const { child, port } = await host(0, "Ada's game");
    const finder = await find(port);
    const [, gamePort] = await finder.out.until(/:(\d+) Ada's game/);
    const [, finderPort] = /:(\d+)$/.exec(finder.out.all[0] ?? "") ?? [];
    const words = [
      "game",
      "game 1 1",
      "game -1 1 x",
      "game 99999 1 x\xe2\x80\xae",
      `${QUESTION}\n${QUESTION}`,
    ];
    for (const at of [port, Number(finderPort)]) await overUdp(at, words);
    await insult(child, Number(gamePort), "hi");
    await player(Number(gamePort), "hi").received.until(/^player \d+: hi$/);
    const another = await find(port);
    await another.out.until(/Ada's game, \d+ players$/);
    expect([finder.process.exitCode, finder.err.all]).toEqual([null, []]);
  });
});

const PROGRAM = "demo/recipes/lobby.ts";

/** A game whose lobby is at this port, beside the others there; at 0, at one that the system chose. */
async function host(port: number, name: string): Promise<{ child: Child; port: number }> {
  const args = ["--import", "tsx", PROGRAM, `${port}`, "host", name, "127.0.0.1"];
  const child = new Child(process.execPath, args);
  return { child, port: await child.port() };
}

async function find(port: number): Promise<Child> {
  const args = ["--import", "tsx", PROGRAM, `${port}`, "find", "-", "127.0.0.1"];
  const child = new Child(process.execPath, args);
  await child.port();
  return child;
}

/** Answers each question with one game, or with many and bad ones before it. */
const PYTHON_GAME = `
import socket, struct, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("", 0))
member = struct.pack("4s4s", socket.inet_aton("${GROUP}"), socket.inet_aton("127.0.0.1"))
sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
print(f"listening on 0.0.0.0:{sock.getsockname()[1]}")
while True:
    question, sender = sock.recvfrom(2000)
    assert question == b"${QUESTION}"
    def answer(text): sock.sendto(text.encode(), sender)
    if len(sys.argv) > 1:
        for bad in ["game 1 1 \\x1b[2Jevil", "game 1 1 \\u202eevil", "game x 1 evil", "game 1 1 " + "evil" * 8, "evil", ""]: answer(bad)
    answer("game 4321 7 A Python's game")
    if len(sys.argv) > 1:
        for number in range(2, 100): answer(f"game {number} 1 game {number}")
`;
