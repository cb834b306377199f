// Validates the OpenAPI document on standard input, and prints what is wrong with it.
import { Validator } from "@seriousme/openapi-schema-validator";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const validator = new Validator();
const result = await validator.validate(JSON.parse(text));
if (!result.valid) console.log(JSON.stringify(result.errors, null, 2));
else console.log(`valid OpenAPI ${validator.version}`);
