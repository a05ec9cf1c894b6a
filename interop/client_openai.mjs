// Runs beside the `openai` package of npm: what an application does with the SDK, in JavaScript.

import assert from "node:assert/strict";
import OpenAI from "openai";

const [baseURL, name] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "unused", maxRetries: 0, timeout: 30_000 });
const TEXT = "grüß Gott, 1 € 😀";
const CITIES = ["Oslo", 'Røros "north"'];
const TOOL = {
  type: "function",
  name: "weather",
  description: "Tells the weather.",
  strict: true,
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false },
};

async function plain() {
  const response = await client.responses.create({ model: "scripted", instructions: "Be brief.", input: `say ${TEXT}` });
  assert.equal(response.output_text, TEXT);
  assert.equal(response.status, "completed");
  assert.equal(response.usage.total_tokens, 18);
}

async function stream() {
  const deltas = [];
  let last;
  for await (last of await client.responses.create({ model: "scripted", input: `say ${TEXT}`, stream: true })) {
    if (last.type === "response.output_text.delta") deltas.push(last.delta);
  }
  assert.equal(deltas.join(""), TEXT);
  assert.ok(deltas.length > 1, "the text came in one piece");
  assert.equal(last.type, "response.completed");
  assert.equal(last.response.usage.total_tokens, 18);
}

async function tools() {
  const input = [{ role: "user", content: "weather" }];
  await finish(input, await client.responses.create({ model: "scripted", input, tools: [TOOL] }));
}

async function toolsStreamed() {
  const input = [{ role: "user", content: "weather" }];
  const events = client.responses.stream({ model: "scripted", input, tools: [TOOL] });
  await finish(input, await events.finalResponse());
}

// Answers both calls, as an agent loop does, with the response's own items in the history.
async function finish(input, response) {
  const calls = response.output.filter((item) => item.type === "function_call");
  assert.deepEqual(calls.map((call) => JSON.parse(call.arguments).city), CITIES);
  const outputs = calls.map((call, index) => ({ type: "function_call_output", call_id: call.call_id, output: ["snow", "sun"][index] }));
  const end = await client.responses.create({ model: "scripted", input: [...input, ...response.output, ...outputs], tools: [TOOL] });
  assert.match(end.output_text, /^It says: .*snow.*sun/);
}

// The conversation goes on by id: the proxy keeps it, since the upstream does not.
async function state() {
  const first = await client.responses.create({ model: "scripted", input: "weather", tools: [TOOL] });
  const calls = first.output.filter((item) => item.type === "function_call");
  const input = calls.map((call, index) => ({ type: "function_call_output", call_id: call.call_id, output: ["snow", "sun"][index] }));
  const second = await client.responses.create({ model: "scripted", previous_response_id: first.id, input, tools: [TOOL] });
  assert.match(second.output_text, /^It says: .*snow.*sun/);
  assert.equal(second.previous_response_id, first.id);
}

async function errors() {
  const kinds = { 400: OpenAI.BadRequestError, 401: OpenAI.AuthenticationError, 429: OpenAI.RateLimitError, 500: OpenAI.InternalServerError };
  for (const [status, kind] of Object.entries(kinds)) {
    await assert.rejects(client.responses.create({ model: "scripted", input: `fail ${status}` }), (error) => {
      assert.ok(error instanceof kind, String(error));
      assert.match(String(error), new RegExp(`scripted ${status}`));
      return true;
    });
  }
}

for (const check of [plain, stream, tools, toolsStreamed, state, errors]) {
  try {
    await check();
    console.log(`PASS ${name} ${check.name}`);
  } catch (error) {
    console.log(`FAIL ${name} ${check.name}: ${String(error).replace(/\s+/g, " ").slice(0, 900)}`);
  }
}
