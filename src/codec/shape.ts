/**
 * The contract of a value on the wire whose size may differ: how it is read, how it
 * is written, and by which steps its end is found.
 */
import type { RecordReading, RecordWriting } from "./record-cursor.ts";
import type { Step } from "./record-scanner.ts";

/** A value on the wire. */
export interface Shape {
  /** The fewest bytes that it takes. */
  readonly minBytes: number;
  /** Its size, if that is always the same. */
  readonly sizeBytes?: number;
  /** Appends the steps that lead to its end. */
  addSteps(steps: Step[]): void;
  /**
   * Reads the value, of which all bytes are there, and counts the memory that it takes.
   *
   * @throws DecodeError when it is one that is never written
   */
  read(from: RecordReading): unknown;
  /**
   * @throws TypeError when the value has another type
   * @throws RangeError when it is out of range, or too long
   */
  write(to: RecordWriting, value: unknown): void;
}
