/**
 * What an operator can do to the arena, whether its processes are processes or share one.
 */
import type { BrokerView, ProcessState, ProcessView } from "./shared/operator-wire.ts";

/** The arena's processes, and what carries it. */
export interface Controls {
  readonly processes: readonly Controlled[];
  readonly broker: BrokerView;
  /** Takes the broker away for some seconds. */
  cut(): void;
}

/** One of them. */
export interface Controlled {
  readonly name: string;
  readonly role: ProcessView["role"];
  readonly pid: number | undefined;
  readonly state: ProcessState;
  /** Ends it at once, without a word to anybody. It is started again. */
  kill(): void;
  /** Has it stand still, as SIGSTOP does. */
  stop(): void;
  /** Has it go on. */
  continue(): void;
}

/** For how long the broker is taken away. */
export const CUT_MS = 5_000;
/** Who was killed is started again after so long. */
export const RESTART_MS = 500;
