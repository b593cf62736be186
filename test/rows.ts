/**
 * Rows of the same tests, of which some need something of the machine. A row
 * whose need is lacking is left out with the reason, and stays in the count.
 */
import { describe, test } from "vitest";
import { type Need, needs } from "./machine.ts";

/** A row, and what it needs. */
export interface Needing {
  readonly needs?: readonly Need[];
}

/** `describe.each` for such rows; a title may name a field, as in `$name`. */
export function describeRows<Row extends Needing>(rows: readonly Row[]) {
  return (title: string, body: (row: Row) => void): void => {
    for (const row of rows) describe.each([row])(title, needs(...(row.needs ?? [])), body);
  };
}

/** `test.each` for such rows. */
export function testRows<Row extends Needing>(rows: readonly Row[]) {
  return (title: string, body: (row: Row) => Promise<void>): void => {
    for (const row of rows) test.each([row])(title, needs(...(row.needs ?? [])), body);
  };
}
