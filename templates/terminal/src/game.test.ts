/** The game without a network: `memory()` stands in for it, and time is an argument. */
import { type Connection, lines, memory, Poller } from "tickwire";
import { expect, test } from "vitest";
import { Game } from "./game.ts";

/** Two players, and a frame of everybody. */
function stage(): { one: Connection<string>; two: Connection<string>; frames: () => void } {
  const net = new Poller();
  const network = memory();
  const game = new Game(net.listen(network, lines()));
  const [one, two] = [net.connect(network, lines()), net.connect(network, lines())];
  let nowMs = 0;
  const frames = (): void => {
    for (let i = 0; i < 4; i++) {
      net.poll((nowMs += 10));
      game.tick();
      net.flush();
    }
  };
  one.trySend("ada");
  two.trySend("ada");
  frames();
  two.trySend("bob");
  frames();
  return { one, two, frames };
}

test("asks for a name that is free, and tells all who came", () => {
  const { one, two } = stage();
  expect([...one]).toEqual(["Who are you?", "ada has come.", "bob has come."]);
  expect([...two]).toEqual(["Who are you?", "ada is here already. Another name?", "bob has come."]);
});

test("tells all what one says, without escape codes", () => {
  const { one, two, frames } = stage();
  one.trySend("say hello \x1b[2J");
  frames();
  expect([...two].at(-1)).toBe("ada says: hello ?[2J");
});

test("says who left", () => {
  const { one, two, frames } = stage();
  one.trySend("quit");
  frames();
  expect([...one].at(-1)).toBe("Goodbye.");
  expect([...two].at(-1)).toBe("ada has left.");
});
