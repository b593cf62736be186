/** How the tests run. */
import { readFileSync } from "node:fs";
import type { ViteUserConfig } from "vitest/config";
import { patternOf } from "./test/left-out.ts";

/** A list of tests, which are all that run then. */
const { TICKWIRE_ONLY_OF: only = "" } = process.env;

const config: ViteUserConfig = {
  test: {
    /** Not those of the templates, which are for who gets them. */
    include: ["test/**/*.test.ts"],
    /** The second one tells what this machine lacks, and which tests were left out. */
    reporters: ["default", "./test/left-out.ts"],
    ...(only !== "" && { testNamePattern: patternOf(readFileSync(only, "utf8")) }),
    /** A deadline for what hangs, and never a measure: a busy machine is ten times slower than a quiet one. */
    testTimeout: 120_000,
    hookTimeout: 120_000,
    /** Most tests wait for others more than they work. */
    maxWorkers: "100%",
  },
};

export default config;
