/** What a subject is, and which ones a pattern matches. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  hasWildcards,
  isReserved,
  matches,
  problemOfDestination,
  problemOfGroup,
  problemOfSubject,
  subject,
} from "../../src/port/subject.ts";

const token = fc.stringMatching(/^[a-z0-9-]{1,4}$/);
const name = fc.array(token, { minLength: 1, maxLength: 6 }).map((tokens) => tokens.join("."));

test("a subject is a destination that nobody can change", () => {
  const to = subject("world.7");
  expect(to).toEqual({ host: "world.7", port: 0 });
  expect(() => Object.assign(to, { port: 1 })).toThrow(TypeError);
  expect(() => subject(7 as unknown as string)).toThrow("name: expected a string, got number");
  expect(() => subject("world.*")).toThrow('name: expected a subject such as "world.7", got "world.*"');
  expect(() => subject("x".repeat(256))).toThrow("name: expected at most 255 characters, got 256");
});

test("every printable character but space, dot, star and greater-than makes a token", () => {
  for (let code = 0; code < 300; code++) {
    const character = String.fromCharCode(code);
    const isToken = code > 0x20 && code < 0x7f && !"*>.$".includes(character);
    expect(problemOfSubject(character) === undefined, character).toBe(isToken);
    expect(problemOfSubject(`a${character}b`) === undefined, character).toBe(
      isToken || character === "." || character === "$",
    );
  }
});

test("what belongs to the broker or to tickwire is nobody's to send to, and no wildcard's to match", () => {
  for (const own of ["$SYS.a", "$JS.API", "a._tw.b", "_tw", "_tw.a", "a._tw"]) {
    expect(problemOfSubject(own), own).toBe(`${JSON.stringify(own)} is not for games`);
    expect(isReserved(own)).toBe(true);
    expect(matches(">", own)).toBe(false);
  }
  expect(problemOfSubject("_INBOX.a")).toBeUndefined(); // where an answer is wanted
  expect([matches("_INBOX.>", "_INBOX.a"), matches("_INBOX.a", "_INBOX.a")]).toEqual([false, true]);
  expect([problemOfSubject("a_tw.b_tw"), problemOfSubject("a.$b")]).toEqual([undefined, undefined]);
});

test("a pattern matches the subject that it was made of, and none with another token", () => {
  fc.assert(
    fc.property(
      name,
      fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
      fc.nat(6),
      (subjectName, stars, cut) => {
        const tokens = subjectName.split(".");
        const starred = tokens.map((one, index) => (stars[index] ? "*" : one));
        expect(matches(starred.join("."), subjectName)).toBe(true);
        expect(problemOfGroup(starred.join("."))).toBeUndefined();
        expect(matches(starred.join("."), `${subjectName}.more`)).toBe(false);
        const rest = [...starred.slice(0, Math.min(cut, tokens.length - 1)), ">"].join(".");
        expect(matches(rest, subjectName)).toBe(true);
        expect(matches(rest, `${subjectName}.more`)).toBe(true);
        expect(hasWildcards(rest)).toBe(true);
        const other = starred.map((one, index) => (index === tokens.length - 1 ? "ZZ" : one)).join(".");
        expect(matches(other, subjectName)).toBe(false);
        expect(matches([...tokens, ">"].join("."), subjectName)).toBe(false);
      },
    ),
  );
});

test("a group is a pattern, and perhaps a queue group", () => {
  for (const right of ["a", "*", ">", "a.*.b", "*.*", "a.>", "_INBOX.x.*"]) {
    expect(problemOfGroup(right), right).toBeUndefined();
    expect(problemOfGroup(right, "workers"), right).toBeUndefined();
  }
  for (const wrong of [
    "",
    ".",
    "a.",
    "a*",
    "*a.b",
    "a.>.b",
    ">.",
    "a b",
    "$SYS.>",
    "*._tw.*",
    "x".repeat(256),
  ]) {
    expect(problemOfGroup(wrong), wrong).toBeDefined();
  }
  for (const queue of ["", "a b", "ä", "x".repeat(256)]) {
    expect(problemOfGroup("a", queue), queue).toContain("expected a queue group");
  }
});

test("a destination has a subject or, where there are ports, a port", () => {
  expect(problemOfDestination({ host: "a", port: 0 }, false)).toBeUndefined();
  expect(problemOfDestination({ host: "a", port: 7 }, false)).toBe(
    "expected a subject, whose port is 0, got the port 7",
  );
  expect(problemOfDestination({ host: "a b", port: 7 }, true)).toBeUndefined();
  expect(problemOfDestination({ host: "a b", port: 0 }, true)).toContain("expected a subject");
});
