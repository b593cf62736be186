/**
 * The reference of all public names, by TypeDoc, out of the doc comments:
 *
 *     npm run docs              writes it into `dist-docs`
 *     npm run docs -- --check   looks alone
 *
 * Ends with 1 when a public name has no words, a link leads nowhere, or a public
 * type names one that is not public. A member of a type without a name counts as
 * described by what has that type, and a word of two entries is told once.
 */
import { fileURLToPath } from "node:url";
import { Application, type DeclarationReflection, type ProjectReflection, ReflectionKind } from "typedoc";

const root = fileURLToPath(new URL("../..", import.meta.url));
const REPOSITORY = "https://github.com/tickwire/tickwire";
/** Types that only shorten how others are written. */
const SHORTHANDS = ["ArrayOf", "Flat", "IsOptional"];

const app = await Application.bootstrap({
  name: "tickwire",
  entryPoints: ["index", "browser", "websocket", "nats", "native"].map((entry) => `${root}src/${entry}.ts`),
  tsconfig: `${root}src/tsconfig.json`,
  basePath: root,
  readme: "none", // its links are of the repository; the manuals are linked to
  includeVersion: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  sort: ["source-order"],
  disableGit: true,
  gitRevision: "main",
  sourceLinkTemplate: `${REPOSITORY}/blob/{gitRevision}/{path}#L{line}`,
  navigationLinks: { Manuals: `${REPOSITORY}#the-manuals`, GitHub: REPOSITORY },
  validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true },
  intentionallyNotExported: SHORTHANDS,
});
const project = await app.convert();
if (project === undefined) throw new Error("TypeDoc could not read the sources");
app.validate(project);
const names = publicNames(project);
for (const name of names) if (!isDescribed(name)) app.logger.warn(`${name.getFullName()} has no words`);
if (!process.argv.includes("--check")) await app.generateDocs(project, `${root}dist-docs`);
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1;
else console.log(`${names.length} public names, each with its words`);

/** All that has a name of its own, but for what is in a type without one. */
function publicNames(all: ProjectReflection): DeclarationReflection[] {
  const kinds =
    ReflectionKind.ClassOrInterface |
    ReflectionKind.TypeAlias |
    ReflectionKind.FunctionOrMethod |
    ReflectionKind.Property |
    ReflectionKind.Accessor |
    ReflectionKind.Variable;
  const found = all.getReflectionsByKind(kinds) as DeclarationReflection[];
  return found.filter(
    ({ parent, flags }) => !flags.isExternal && !parent?.kindOf(ReflectionKind.TypeLiteral),
  );
}

/** Whether it has words of its own: a function's and an accessor's are on its signatures. */
function isDescribed(name: DeclarationReflection): boolean {
  const signatures = [...(name.signatures ?? []), name.getSignature, name.setSignature];
  return [name, ...signatures].some((one) => one?.hasComment() === true);
}
