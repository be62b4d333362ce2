// node scripts/check_asyncapi.cjs FILE: the AsyncAPI parser's complaints; exit code 1 if one of them is an error.
const path = require("node:path");
const modules = path.join(__dirname, "..", ".tools", "node_modules");
const { Parser, fromFile } = require(require.resolve("@asyncapi/parser", { paths: [modules] }));

fromFile(new Parser(), process.argv[2])
  .parse()
  .then(({ diagnostics }) => {
    const errors = diagnostics.filter((found) => found.severity === 0);
    for (const found of errors) console.log(`${found.path.join("/")}: ${found.message}`);
    process.exit(errors.length ? 1 : 0);
  });
