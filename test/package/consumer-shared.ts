// Code that a page and its server share, as a user of the package writes it: it says `tickwire` in both.
import { type Connection, lines, struct } from "tickwire";

export const chat = lines({ maxLineBytes: 200 });
export const moves = struct({ x: "f32", y: "f32" });

export function lastLine(connection: Connection<string>): string | undefined {
  let last: string | undefined;
  for (const line of connection) last = line;
  return last;
}
