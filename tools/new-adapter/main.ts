// Begins an adapter: `npm run new:adapter NAME` makes packages/NAME, wired to the conformance suite.
import { parseArgs } from "node:util";
import { root } from "../public-packages.ts";
import { NameError } from "./name.ts";
import { scaffold } from "./scaffold.ts";

const help = `Begins an adapter for a host library.

npm run new:adapter NAME

  NAME   lower-case, as in @batchnorm/NAME; usually the host's own
`;

try {
  const { values, positionals } = parse();
  if (values.help) console.log(help);
  else {
    if (positionals.length > 1)
      throw new NameError(`one name must be given, got ${positionals.length}`);
    const files = scaffold(positionals[0], root);
    const name = positionals[0];
    console.log(files.map((file) => `wrote ${file}`).join("\n"));
    console.log(`
Next:
  npm install                              # links @batchnorm/${name}
  npm test --workspace @batchnorm/${name}  # says what to write first
docs/write-an-adapter.md goes through it.`);
  }
} catch (error) {
  if (!(error instanceof NameError)) throw error;
  console.error(`new:adapter: ${error.message}`);
  process.exitCode = 2;
}

function parse() {
  try {
    return parseArgs({ options: { help: { type: "boolean" } }, allowPositionals: true });
  } catch (error) {
    throw new NameError((error as Error).message);
  }
}
