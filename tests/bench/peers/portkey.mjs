// Portkey's conditional router, cut out of the gateway's bundle, which exports nothing: rules and requests come as JSON
// lines on standard input, answers and the nanoseconds of each go out as JSON lines.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const bundle = readFileSync(process.argv[2], "utf8");
const operators = bundle.match(/var (\w+);!function\(e\)\{e\.Equal="\$eq"/);
const router = bundle.match(/class (\w+)\{config;context;constructor/);
const modes = bundle.match(/strategy\?\.mode!==(\w+)\.CONDITIONAL/);
const end = router ? bundle.indexOf("class ", router.index + 6) : -1;
if (!operators || !modes || end < 0) throw new Error(`no conditional router in ${process.argv[2]}`);
const source = bundle.slice(operators.index, end).replace(/(let|const|var) \w+=$/, "");
const Router = new Function(modes[1], `${source}; return ${router[1]};`)({ CONDITIONAL: "conditional" });

let config;
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (asked.config) {
    config = asked.config;
    continue;
  }
  const answers = [], nanoseconds = [];
  for (const context of asked.contexts) {
    const begin = process.hrtime.bigint();
    const target = new Router(config, context).resolveTarget();
    nanoseconds.push(Number(process.hrtime.bigint() - begin));
    answers.push(target.name);
  }
  console.log(JSON.stringify({ answers, nanoseconds }));
}
