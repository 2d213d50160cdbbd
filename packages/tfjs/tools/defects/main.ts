// `npm run defects`: what the stock layer gets wrong, and what ours does, side by side.
import { parseArgs } from "node:util";
import { isAsStated } from "./defect.ts";
import { findAll } from "./defects.ts";
import { markdown, screen } from "./table.ts";

const { values } = parseArgs({ options: { markdown: { type: "boolean" } } });
const findings = await findAll();
console.log(values.markdown ? markdown(findings) : screen(findings));
const others = findings.filter((finding) => !isAsStated(finding));
for (const { defect } of others) console.error(`not as stated: ${defect.behaviour}`);
process.exitCode = others.length > 0 ? 1 : 0;
