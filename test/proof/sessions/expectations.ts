/** What the tests expect of sessions that went on. */
import { expect } from "vitest";
import type { Facts } from "./end.ts";
import type { EndProgram } from "./end-program.ts";

/** That an end has a line again after `before`, and hears on it. */
export async function expectOn(end: EndProgram, before: Facts): Promise<void> {
  const resumed = await end.until(({ resumes, linked }) => resumes > before.resumes && linked);
  await end.until(({ got }) => got > resumed.got);
}

/** That all has come that was said, once and in order, and that the session is the first one. */
export async function expectWhole(one: EndProgram, other: EndProgram): Promise<[Facts, Facts]> {
  for (const end of [one, other]) end.tell("hush");
  const [first, second] = [await one.facts(), await other.facts()];
  const ends: [Facts, Facts] = [
    await one.until(({ got }) => got >= second.sent),
    await other.until(({ got }) => got >= first.sent),
  ];
  expect(ends.map(({ got, wrong, state, connections }) => [got, wrong, state, connections])).toEqual([
    [second.sent, undefined, "open", 1],
    [first.sent, undefined, "open", 1],
  ]);
  return ends;
}
