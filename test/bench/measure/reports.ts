/** What the processes of one run measured. Knows nothing of what was run. */

/** What one run found. */
export interface Result {
  readonly server: ServerReport;
  readonly load: LoadReport;
  /** In a ping-pong, per round trip. */
  readonly syscallsPerFrame?: number;
}

/** A function and its own share of the time that was spent at all. */
export interface Share {
  readonly name: string;
  readonly percent: number;
}

/** What a process of either kind used between `begin` and `end`. */
export interface Usage {
  readonly elapsedMs: number;
  /** User and system time of the whole process. */
  readonly cpuMs: number;
  /** The part of it that was spent in the system: reads, writes, polls. */
  readonly systemMs: number;
  /** The time of the thread that runs the game, where the system says it. */
  readonly mainThreadMs?: number;
  /** How late its event loop was, beyond what was asked for; none from Python. */
  readonly loopDelayP99Ms?: number;
}

/** What the server measured between `begin` and `end`. */
export interface ServerReport extends Usage {
  readonly frames: number;
  readonly frameP50Us: number;
  readonly frameP99Us: number;
  readonly frameMaxUs: number;
  readonly connections: number;
  /** Messages that the game was given. */
  readonly taken: number;
  /** Messages that were sent, each client counted. */
  readonly sent: number;
  /** The most memory that the process ever had, from its start. */
  readonly peakBytes: number;
  readonly collections?: number;
  readonly gcPauseMs?: number;
  /** JavaScript's heap and buffers at `begin`, less what they were before the first client came. */
  readonly grownBytes?: number;
  /** Of a silent server: one of many frames without a rest between them. */
  readonly hotFrameUs?: number;
  /** Of a silent server: what such a frame allocates. */
  readonly allocatedBytesPerFrame?: number;
  /** Of a profiled server: where its time went, the most first. */
  readonly profile?: readonly Share[];
  /** Why the server ended the window itself, if it did. */
  readonly gaveUp?: string;
}

/** What the clients measured between `begin` and `end`. */
export interface LoadReport extends Usage {
  readonly connections: number;
  readonly sent: number;
  readonly receivedBytes: number;
  readonly roundTripP50Us?: number;
  readonly roundTripP99Us?: number;
}
