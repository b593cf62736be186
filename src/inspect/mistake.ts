/**
 * The error for what whoever types a command can put right. It is told without a trace.
 */

/** A mistake in a command. */
export class Mistake extends Error {
  /** How the command is used; empty where that is not what was wrong, such as with a file. */
  readonly usage: string;

  constructor(message: string, usage = "") {
    super(message);
    this.usage = usage;
  }
}
