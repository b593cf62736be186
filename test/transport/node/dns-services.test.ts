/** The port of a service, from the system's table of services as each system writes it. */
import type fs from "node:fs";
import { expect, test, vi } from "vitest";
import { type CloseReason, dns, type NameAnswer } from "../../../src/index.ts";

const table = vi.hoisted((): { text: string | undefined } => ({ text: "" }));

vi.mock("node:fs", async (original) => {
  const real = await original<typeof fs>();
  const readFile = (_path: string, _encoding: string, done: (error: Error | null, text?: string) => void) => {
    if (table.text === undefined) setImmediate(done, new Error("there is none"));
    else setImmediate(done, null, table.text);
  };
  return { ...real, readFile, default: { ...real, readFile } };
});

const TABLE = `# the services of this machine
game-lobby\t\t14900/tcp\t\tlobby  lobbies\t# named by an alias, too
  indented 14901/udp
bare
portless tcp
#hidden 14902/tcp
half 14903/tcp # other
`;

/** The port that a service has, or the kind of the failure. */
function portOf(service: string): Promise<number | CloseReason["kind"] | undefined> {
  return new Promise((resolve) => {
    const answer: NameAnswer = {
      found: ([first]) => resolve(first?.port),
      failed: ({ kind }) => resolve(kind),
    };
    dns({ host: "127.0.0.1", service }).ask(answer);
  });
}

test.each<[string, number | string]>([
  ["game-lobby", 14_900],
  ["lobby", 14_900],
  ["lobbies", 14_900],
  ["indented", 14_901],
  ["half", 14_903],
  ["http", 80], // known without the table
  ["65535", 65_535],
  ["65536", "unknown-host"],
  ["1x", "unknown-host"],
  ["x1", "unknown-host"],
  ["other", "unknown-host"],
  ["hidden", "unknown-host"],
  ["#hidden", "unknown-host"],
  ["bare", "unknown-host"],
  ["portless", "unknown-host"],
  ["14900/tcp", "unknown-host"],
])("the service %s is %s", async (service, port) => {
  table.text = TABLE;
  expect(await portOf(service)).toBe(port);
});

test("a machine without a table knows the common ones alone", async () => {
  table.text = undefined;
  expect([await portOf("https"), await portOf("lobby")]).toEqual([443, "unknown-host"]);
});
