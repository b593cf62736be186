/**
 * The part of the command line that says how bad the network is: a preset, numbers
 * that overrule it, and the way back to arguments for a process of its own.
 */
import { type ConditionedOptions, conditioned, memory, type NetworkName } from "../../src/index.ts";

/** Its flags, for `parseArgs`. */
export const NETWORK_FLAGS = {
  network: { type: "string" },
  latency: { type: "string" },
  jitter: { type: "string" },
  loss: { type: "string" },
  "bytes-per-second": { type: "string" },
  stall: { type: "string" },
  seed: { type: "string" },
} as const;

/** What was given of them. */
export type NetworkValues = { readonly [Flag in keyof typeof NETWORK_FLAGS]?: string | undefined };

/** Their lines of the help. */
export const NETWORK_HELP = `  --network broadband|wifi|mobile|poor
                        play over a bad network: the mover's, or that of the
                        one peer that is started. Numbers overrule the name:
  --latency MS  --jitter MS  --loss PERCENT  --bytes-per-second N
  --stall EVERY_MS,FOR_MS  --seed N
`;

/** The network that was asked for; throws, with the flag first, when that is none. */
export function networkOf(values: NetworkValues): ConditionedOptions {
  const stall = STALL.exec(values.stall ?? "");
  if (values.stall !== undefined && (stall === null || Number(stall[1]) === 0))
    throw new RangeError(
      `--stall: expected EVERY_MS,FOR_MS, two numbers such as 5000,200, got "${values.stall}"`,
    );
  const loss = numberOf("loss", values);
  if (loss !== undefined && loss > 100)
    throw new RangeError(`--loss: expected a percentage from 0 to 100, got "${values.loss}"`);
  const options = {
    network: values.network as NetworkName | undefined,
    latencyMs: numberOf("latency", values),
    jitterMs: numberOf("jitter", values),
    lossChance: loss === undefined ? undefined : loss / 100,
    bytesPerSecond: numberOf("bytes-per-second", values),
    stall: stall === null ? undefined : { everyMs: Number(stall[1]), forMs: Number(stall[2]) },
    seed: numberOf("seed", values),
  };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  try {
    conditioned(memory(), given); // its checks are the ones that count
  } catch (error) {
    throw new RangeError(`--${(error as Error).message.replace(/^\w+/, (name) => FLAG_OF[name] ?? name)}`);
  }
  return given;
}

/** The same as arguments. */
export function networkArgs({ network, stall, ...numbers }: ConditionedOptions): string[] {
  const args = network === undefined ? [] : ["--network", network];
  for (const [name, value] of Object.entries(numbers))
    args.push(`--${FLAG_OF[name] ?? name}`, String(name === "lossChance" ? Number(value) * 100 : value));
  if (stall !== undefined && "everyMs" in stall) args.push("--stall", `${stall.everyMs},${stall.forMs}`);
  return args;
}

function numberOf(flag: keyof NetworkValues, values: NetworkValues): number | undefined {
  const text = values[flag];
  if (text === undefined) return undefined;
  if (!NUMBER.test(text))
    throw new RangeError(`--${flag}: expected a number such as 50 or 2.5, got "${text}"`);
  return Number(text);
}

const NUMBER = /^\d{1,12}(\.\d{1,6})?$/;
const STALL = /^(\d{1,12}(?:\.\d{1,6})?),(\d{1,12}(?:\.\d{1,6})?)$/;
const FLAG_OF: Readonly<Record<string, string>> = {
  latencyMs: "latency",
  jitterMs: "jitter",
  lossChance: "loss",
  bytesPerSecond: "bytes-per-second",
};
