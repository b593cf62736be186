/**
 * Subjects: the names that datagrams are sent to where there are names, such as
 * `world.7.state`. Decides what a subject and a pattern of subjects are, and which
 * subjects a pattern matches, for every transport that has them.
 *
 *     tokens, with dots between       world.7.state
 *     one token of any text           world.*.state
 *     one token or more, at the end   world.>
 *
 * The words are those of NATS: https://docs.nats.io/nats-concepts/subjects
 */
import type { Destination } from "./datagram-link.ts";

/**
 * A subject as a destination, for `trySendTo`: whoever has that name, or has joined it.
 *
 * @param name 1 to 255 printable characters of ASCII without spaces, `*` and `>`, in tokens
 *   with dots between; the first begins with no `$`, and none is `_tw`
 * @throws TypeError or RangeError when `name` is no subject
 */
export function subject(name: string): Destination {
  if (typeof name !== "string") throw new TypeError(`name: expected a string, got ${typeof name}`);
  const problem = problemOfSubject(name);
  if (problem !== undefined) throw new RangeError(`name: ${problem}`);
  return Object.freeze({ host: name, port: 0 });
}

/** What is wrong with a subject, as the end of a sentence; `undefined` when nothing is. @internal */
export function problemOfSubject(name: string): string | undefined {
  if (name.length > MAX_CHARACTERS)
    return `expected at most ${MAX_CHARACTERS} characters, got ${name.length}`;
  if (!SUBJECT.test(name)) return `expected a subject such as "world.7", got ${JSON.stringify(name)}`;
  return RESERVED.test(name) ? `${JSON.stringify(name)} is not for games` : undefined;
}

/**
 * What is wrong with a destination of a link with subjects, which may have ports beside
 * them; `undefined` when nothing is. @internal
 */
export function problemOfDestination({ host, port }: Destination, hasPorts: boolean): string | undefined {
  if (port === 0) return problemOfSubject(host);
  return hasPorts ? undefined : `expected a subject, whose port is 0, got the port ${port}`;
}

/** What is wrong with what a game joins, and with the name of its queue group; `undefined` when nothing is. @internal */
export function problemOfGroup(pattern: string, queue?: string): string | undefined {
  const problem = problemOfPattern(pattern);
  if (problem !== undefined || queue === undefined || QUEUE.test(queue)) return problem;
  return `expected a queue group of 1 to ${MAX_CHARACTERS} printable characters, got ${JSON.stringify(queue)}`;
}

/** The same as for a subject of a pattern, which may have wildcards as whole tokens. */
function problemOfPattern(pattern: string): string | undefined {
  const plain = pattern.replace(/(^|\.)>$/, "$1x").replace(/(?<=^|\.)\*(?=\.|$)/g, "x");
  const problem = problemOfSubject(plain);
  if (problem === undefined || plain === pattern) return problem;
  return `expected a subject such as "world.*" or "world.>", got ${JSON.stringify(pattern)}`;
}

/** Whether a pattern has wildcards. @internal */
export function hasWildcards(pattern: string): boolean {
  return pattern.includes("*") || pattern.endsWith(">");
}

/**
 * Whether a pattern matches a subject. Wildcards match no subject that is
 * {@link isReserved reserved}. @internal
 */
export function matches(pattern: string, name: string): boolean {
  if (pattern === name) return true;
  if (!hasWildcards(pattern) || isReserved(name)) return false;
  const wanted = pattern.split(".");
  const tokens = name.split(".");
  for (const [index, token] of wanted.entries()) {
    if (token === ">") return index < tokens.length;
    if (token !== "*" && token !== tokens[index]) return false;
    if (index >= tokens.length) return false;
  }
  return wanted.length === tokens.length;
}

/** Whether a subject belongs to the carrier and not to games, such as the address of one answer. @internal */
export function isReserved(name: string): boolean {
  return name.startsWith("_") || RESERVED.test(name);
}

const MAX_CHARACTERS = 255;
/** Tokens of printable characters, without `*` and `>`, and dots between them. */
const SUBJECT = /^[!-)+,\-/-=?-~]+(\.[!-)+,\-/-=?-~]+)*$/;
const QUEUE = /^[!-~]{1,255}$/;
/** What the broker keeps for itself, and what tickwire does. */
const RESERVED = /^\$|(^|\.)_tw(\.|$)/;
