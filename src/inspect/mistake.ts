/**
 * The error for what whoever types a command can put right. It is told without a trace.
 */

/** A mistake in a command. */
export class Mistake extends Error {}
