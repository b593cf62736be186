/**
 * The names that a source file shows to others: of what it exports, of the
 * members and parameters of that, and of the words in its types. Read from the
 * syntax tree, as there are more ways to export a name than a pattern can list.
 */
import ts from "typescript";

/** Every name that `source` exports, in the order of the text, each once. */
export function exportedNames(path: string, source: string): string[] {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const names = new Set<string>();
  for (const statement of file.statements) {
    if (ts.isExportDeclaration(statement)) addClause(statement, names);
    else if (isExported(statement)) addAll(statement, names);
  }
  return [...names];
}

function isExported(node: ts.Node): boolean {
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

/** `export { a as b }` and `export * as c`: the names on both sides. */
function addClause({ exportClause }: ts.ExportDeclaration, names: Set<string>): void {
  if (exportClause === undefined) return;
  if (ts.isNamespaceExport(exportClause)) names.add(exportClause.name.text);
  else
    for (const { name, propertyName } of exportClause.elements) {
      names.add(name.text);
      if (propertyName !== undefined) names.add(propertyName.text);
    }
}

/** The names that are declared in `node`, but for those inside function bodies and of private members. */
function addAll(node: ts.Node, names: Set<string>): void {
  if (ts.isBlock(node)) return;
  if (ts.isClassElement(node) && node.name !== undefined && ts.isPrivateIdentifier(node.name)) return;
  const name = (node as Partial<ts.NamedDeclaration>).name;
  if (name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteral(name))) names.add(name.text);
  if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal)) names.add(node.literal.text);
  ts.forEachChild(node, (child) => addAll(child, names));
}
