/** What a row of things that go wrong is. Apart from the rows, which are in two files. */
import type { SeededRandom } from "../soak/seeded-random.ts";
import type { Evening } from "./evening.ts";

/** One thing that goes wrong. */
export interface Disturbance {
  readonly name: string;
  readonly play: (evening: Evening, random: SeededRandom) => void;
}
