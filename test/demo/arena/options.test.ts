/** What the arena's command line means. */
import { expect, test } from "vitest";
import { parseOptions } from "../../../demo/arena/options.ts";

test("the defaults are two gateways, two worlds and forty bots, over a NATS of its own", () => {
  expect(parseOptions([])).toMatchObject({
    kind: "run",
    options: {
      role: "launcher",
      bots: 40,
      gateways: 2,
      worlds: 2,
      nats: undefined,
      memory: false,
      open: true,
    },
  });
});

test.each([
  [["--bots", "200", "--nats", "nats://10.0.0.5:4222"], { bots: 200, nats: "nats://10.0.0.5:4222" }],
  [["--memory", "--no-open", "--worlds", "3"], { memory: true, open: false, worlds: 3 }],
  [["world", "--index", "1", "--nats", "nats://h"], { role: "world", index: 1 }],
] as const)("%s", (args, options) => {
  expect(parseOptions(args)).toMatchObject({ kind: "run", options });
});

test.each([
  [["--bots", "-1"], "Option '--bots' argument is ambiguous"],
  [["--bots", "many"], '--bots: expected a whole number from 0 to 2000, got "many"'],
  [["--worlds", "0"], '--worlds: expected a whole number from 1 to 8, got "0"'],
  [["--nats", "10.0.0.5"], "--nats: expected an address such as nats://127.0.0.1:4222"],
  [["--nats", "nats://me:secret@h"], "--nats: expected an address such as nats://127.0.0.1:4222"],
  [["--memory", "--nats", "nats://h"], "--memory and --nats: expected one of them, got both"],
  [["dance"], 'unexpected "dance"'],
] as const)("%s is wrong, and says how", (args, message) => {
  expect(parseOptions(args)).toEqual({ kind: "wrong", message });
});
