/** What a gateway or a world counts while it plays its part. */
import { Samples } from "../measure/meter.ts";
import { Latencies } from "./latencies.ts";

export class Counts {
  sent = 0;
  taken = 0;
  refused = 0;
  /** Of a gateway with players: from an input's frame to that with the state which has it. */
  readonly turnsMs: Samples = new Samples();
  readonly latencies: Latencies;

  constructor(wires: number) {
    this.latencies = new Latencies(wires);
  }
}
