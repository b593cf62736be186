/**
 * How mutants are made and run. `main.ts` says of which files, and which tests judge
 * them. Options: https://stryker-mutator.io/docs/stryker-js/configuration
 */
export default {
  packageManager: "npm",
  testRunner: "vitest",
  vitest: { configFile: "test/mutate/vitest.config.ts", related: false },
  plugins: ["@stryker-mutator/vitest-runner"],
  // Sentences are for people, and no game hangs on their words: codes and kinds are words too, but typed.
  mutator: { excludedMutations: ["StringLiteral"] },
  ignoreStatic: true,
  ignorePatterns: ["dist", "coverage", ".mutants", "test/bench/results"],
  disableTypeChecks: false,
  checkers: [],
  timeoutMS: 10_000,
  timeoutFactor: 3,
  tempDirName: ".mutants/sandbox",
  cleanTempDir: "always",
  reporters: ["clear-text", "json"],
  jsonReporter: { fileName: process.env.MUTATE_REPORT ?? ".mutants/report.json" },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: false },
  thresholds: { high: 95, low: 90, break: null },
};
