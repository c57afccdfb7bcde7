import { expect, test } from "vitest";
import { addressOf, asCurl, headersOf } from "./api-request";
import { type OpenApi, exampleOf, operationsOf } from "./openapi";

const document: OpenApi = {
  info: { title: "demo", version: "1" },
  paths: {
    "/api/demo/deal/{id}": {
      put: {
        operationId: "put_deal", summary: "A partial update", tags: ["deal"],
        parameters: [{ name: "id", in: "path", required: true }, { $ref: "#/components/parameters/IfMatch" } as never, { name: "sort", in: "query" }],
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/record.deal" } } } },
        responses: { "200": { content: { "application/json": { schema: { type: "object" } } } } },
      },
    },
  },
  components: {
    parameters: { IfMatch: { name: "If-Match", in: "header" } },
    schemas: {
      "record.deal": {
        type: "object", required: ["title", "stage", "lines"],
        properties: {
          title: { type: "string" }, note: { type: "string" }, stage: { type: ["string", "null"], enum: [null, "lead"] },
          lines: { type: "array", items: { type: "object", properties: { on: { type: "string", format: "date" }, amount: { type: "integer", minimum: 2 } } } },
        },
      },
    },
  },
};
const operation = operationsOf(document)[0]!;
const filled = { operation, values: { "path.id": "a/b", "header.If-Match": '"3"', "query.sort": "-title" }, further: "filter[title.in]=a,b", body: `{"title": "It's"}` };

test("references of parameters and bodies are followed", () => {
  expect(operation).toMatchObject({ id: "put_deal", method: "PUT", tag: "deal", body: { type: "application/json" } });
  expect(operation.parameters.map((parameter) => parameter.name)).toEqual(["id", "If-Match", "sort"]);
});

test("a body begins with what is required, by types", () => {
  expect(exampleOf(document, operation.body!.schema)).toEqual({ title: "", stage: "lead", lines: [{}] });
  expect(exampleOf(document, { type: "object", properties: { on: { type: "string", format: "date" }, n: { type: "integer", minimum: 2 } } })).toEqual({ on: "2026-01-31", n: 2 });
});

test("parameters stand in path, query and headers", () => {
  expect(addressOf(filled)).toBe("/api/demo/deal/a%2Fb?sort=-title&filter%5Btitle.in%5D=a%2Cb");
  expect(headersOf(filled)).toEqual({ "If-Match": '"3"' });
});

test("as a command for a shell it is quoted, and holds no token", () => {
  const command = asCurl("http://x", filled);
  expect(command).toContain("-X PUT 'http://x/api/demo/deal/");
  expect(command).toContain(`-d '{"title": "It'\\''s"}'`);
  expect(command).toContain("Bearer $TOKEN");
});
