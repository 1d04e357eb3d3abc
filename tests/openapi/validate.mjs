// validate.mjs FILE: ends with 1 and the errors when FILE is no document of OpenAPI 3.1.
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";

const document = JSON.parse(readFileSync(process.argv[2], "utf8"));
const validator = new Validator();
const result = await validator.validate(document);
if (!result.valid || validator.version !== "3.1") {
  console.log(validator.version, JSON.stringify(result.errors, null, 1));
  process.exit(1);
}
validator.resolveRefs(); // throws when a reference leads nowhere
console.log("valid", validator.version);
