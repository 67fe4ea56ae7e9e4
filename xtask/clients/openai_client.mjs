// openai-node, unmodified. Prints one line for each case: its name, `ok` or `failed`, and what came.

import OpenAI from "openai";

const url = process.env.PROBITY_URL;
const model = process.env.PROBITY_MODEL;
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: process.env.PROBITY_KEY ?? "none", maxRetries: 0 });
const messages = [{ role: "user", content: "Name three colours." }];
const freedMs = 20_000;
const parameters = {
  type: "object",
  properties: { city: { type: "string", maxLength: 20 } },
  required: ["city"],
  additionalProperties: false,
};
const tools = [{ type: "function", function: { name: "get_weather", description: "The weather in a city.", parameters } }];
const ask = (options) => client.chat.completions.create({ model, messages, max_tokens: 24, temperature: 0, ...options });
const input = "Name three colours.";
const respond = (options) => client.responses.create({ model, input, max_output_tokens: 16, temperature: 0, ...options });
const check = (holds, otherwise) => {
  if (!holds) throw new Error(typeof otherwise === "string" ? otherwise : JSON.stringify(otherwise));
};

async function waitUntilFree() {
  const end = Date.now() + freedMs;
  for (;;) {
    const text = await (await fetch(`${url}/metrics`)).text();
    const line = text.split("\n").find((line) => line.startsWith("probity_answers_running"));
    check(line, "the server has no metric probity_answers_running");
    if (Number(line.split(" ").at(-1)) === 0) return;
    check(Date.now() < end, "the place was not freed");
    await new Promise((done) => setTimeout(done, 50));
  }
}

const cases = {
  async chat() {
    const answer = await ask({});
    check(answer.usage.completion_tokens === 24 && answer.probity.receipt_id, answer);
    return answer.choices[0].message.content;
  },
  async stream() {
    const whole = (await ask({})).choices[0].message.content;
    let text = "";
    for await (const chunk of await ask({ stream: true })) text += chunk.choices[0]?.delta?.content ?? "";
    check(text === whole, `${text} is not ${whole}`);
  },
  async tools() {
    const answer = await ask({ tools, tool_choice: "required", max_tokens: 100 });
    const call = answer.choices[0].message.tool_calls[0];
    check(call.function.name === "get_weather" && "city" in JSON.parse(call.function.arguments), call);
    return call.function.arguments;
  },
  async json_schema() {
    const schema = { ...parameters };
    const answer = await ask({ response_format: { type: "json_schema", json_schema: { name: "city", strict: true, schema } }, max_tokens: 300 });
    check("city" in JSON.parse(answer.choices[0].message.content), answer);
    return answer.choices[0].message.content;
  },
  async logprobs() {
    const answer = await ask({ logprobs: true, top_logprobs: 2 });
    check(answer.choices[0].logprobs.content.length === 24, answer.choices[0].logprobs);
  },
  async responses() {
    const answer = await respond({});
    check(answer.output_text && answer.store === false && answer.status === "incomplete", answer);
    return answer.output_text;
  },
  async responses_stream() {
    const whole = (await respond({})).output_text;
    let text = "";
    for await (const event of await respond({ stream: true })) if (event.type === "response.output_text.delta") text += event.delta;
    check(text === whole, `${text} is not ${whole}`);
    const stream = client.responses.stream({ model, input, max_output_tokens: 16, temperature: 0 });
    const last = await stream.finalResponse();
    check(last.output_text === whole, last);
  },
  async responses_parse() {
    const format = { type: "json_schema", name: "city", strict: true, schema: parameters };
    const answer = await client.responses.parse({ model, input, max_output_tokens: 300, temperature: 0, text: { format } });
    check("city" in JSON.parse(answer.output_text), answer);
    return answer.output_text;
  },
  async responses_tools() {
    const tools = [{ type: "function", name: "get_weather", description: "The weather in a city.", strict: true, parameters }];
    const answer = await respond({ tools, tool_choice: "required", parallel_tool_calls: false, max_output_tokens: 100 });
    const call = answer.output.find((item) => item.type === "function_call");
    check(call?.name === "get_weather" && "city" in JSON.parse(call.arguments), answer);
    const result = { type: "function_call_output", call_id: call.call_id, output: "sunny" };
    const again = await respond({ input: [{ role: "user", content: input }, ...answer.output, result], tools });
    check(again.output, again);
    return call.arguments;
  },
  async embeddings() {
    const answer = await client.embeddings.create({ model, input: ["a river", "a stream"] });
    const plain = await client.embeddings.create({ model, input: "a river", encoding_format: "float" });
    check(answer.data.length === 2 && answer.probity.receipts.length === 2, answer.probity);
    // The client decodes base64 to binary32, which holds every number exactly.
    const same = plain.data[0].embedding.every((number, at) => number === answer.data[0].embedding[at]);
    check(same && plain.data[0].embedding.length === answer.data[0].embedding.length, "two forms, two vectors");
  },
  async errors() {
    for (const [options, status, word] of [
      [{ model: "nobody" }, 404, "nobody"],
      [{ temperature: -1 }, 400, "temperature"],
      [{ flavour: 1 }, 400, "flavour"],
    ]) {
      const error = await ask(options).then(() => undefined, (error) => error);
      check(error?.status === status && error.message.includes(word), `${word}: ${error?.status} ${error?.message}`);
    }
  },
  async cancel() {
    const stream = await ask({ stream: true, max_tokens: 2000 });
    for await (const _ of stream) break;
    stream.controller.abort();
    await waitUntilFree();
  },
};

let failed = 0;
for (const [name, run] of Object.entries(cases)) {
  let line;
  try {
    line = [name, "ok", (await run()) ?? ""];
  } catch (error) {
    failed += 1;
    line = [name, "failed", `${error.name}: ${error.message}`];
  }
  console.log(line.map((part) => String(part).split(/\s+/).join(" ").slice(0, 300)).join("\t"));
}
process.exitCode = failed ? 1 : 0;
