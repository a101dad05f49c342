// Speaks a text into speech.mp3, recognises it in three ways, and prints the responses as JSON.
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import OpenAI from "openai";

const [baseURL, text] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "anything" });

const speech = await client.audio.speech.create({ model: "hibari", voice: "alloy", input: text });
await writeFile("speech.mp3", Buffer.from(await speech.arrayBuffer()));

const transcribe = (more) =>
  client.audio.transcriptions.create({
    file: createReadStream("speech.mp3"), model: "whisper-1", language: "en", ...more,
  });

const told = { json: await transcribe({}), verbose: await transcribe({ response_format: "verbose_json" }) };
told.stream = [];
for await (const event of await transcribe({ stream: true })) told.stream.push(event);
try {
  await client.audio.speech.create({ model: "nothing-such", voice: "alloy", input: text });
} catch (error) {
  told.error = { status: error.status, code: error.code };
}
console.log(JSON.stringify(told));
