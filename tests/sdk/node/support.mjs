// What the tests for Node share: keys, prompts, expectations, and ways to read a stream.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import OpenAI7 from 'openai';
import OpenAI6 from 'openai-6';

export const GATEWAY_URL = process.env.GATEWAY_URL;
export const DEV_URL = process.env.DEV_URL;
// A gateway that gives signs of life, and where it may fetch the image below from.
export const LIVELY_URL = process.env.LIVELY_URL;
export const IMAGE_URL = process.env.IMAGE_URL;
// A gateway with a vault that has a virtual key of every kind, its admin's key, and that of a caller.
export const { VAULT_URL, ADMIN_KEY, CALLER_KEY } = process.env;
assert.ok(GATEWAY_URL && DEV_URL && LIVELY_URL && IMAGE_URL && VAULT_URL && ADMIN_KEY && CALLER_KEY, 'start these tests by tests/sdk/run');

// The newest client, and the newest of the line before, which many still have.
export const CLIENTS = { 'openai 7': OpenAI7, 'openai 6': OpenAI6 };

export const KEYS = {
  awsAccessKeyId: 'AKIAEMULATOREXAMPLE1',
  awsSecretAccessKey: 'emulator/secret/access/key/EXAMPLE/000001',
  awsRegion: 'us-east-1',
};
export const SESSION = {
  awsAccessKeyId: 'ASIAEMULATOREXAMPLE1',
  awsSecretAccessKey: 'emulator/session/access/key/EXAMPLE/0001',
  awsRegion: 'us-east-1',
  awsSessionToken: 'emulator-session-token',
};
export const BEDROCK_API_KEY = 'bedrock-api-key-emulator';
export const PORTKEY_API_KEY = 'portkey-key-that-nobody-checks';

export const MODEL = 'emulator.echo';
export const CLAUDE_4_5 = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
export const CLAUDE_5 = 'us.anthropic.claude-sonnet-5';
export const NOVA = 'us.amazon.nova-lite-v1:0';
export const NOVA_2 = 'us.amazon.nova-2-lite-v1:0';
export const LLAMA = 'us.meta.llama3-3-70b-instruct-v1:0';
export const GPT = 'openai.gpt-5.5';
export const PROMPT = 'please repeat zanzibar-quokka after me, word for word';
export const ECHO = `You said: ${PROMPT}`;
export const THINKING = { thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 2048 };

export const user = (content) => ({ role: 'user', content });
export const toolResult = (id, content) => ({ role: 'tool', tool_call_id: id, content });

export const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather of a place',
    parameters: {
      type: 'object',
      properties: { location: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
      required: ['location', 'unit'],
    },
  },
};
export const TIME = {
  type: 'function',
  function: {
    name: 'get_time',
    parameters: { type: 'object', properties: { timezone: { type: 'string' } }, required: ['timezone'] },
  },
};

export const seed = (name) => JSON.parse(readFileSync(new URL(`../seed/${name}.json`, import.meta.url), 'utf8'));

export async function collect(stream, seen = []) {
  for await (const chunk of stream) seen.push(chunk);
  return seen;
}

const deltas = (chunks) => chunks.flatMap((chunk) => chunk.choices).map((choice) => choice.delta);

export const joined = (chunks, field = 'content') => deltas(chunks).map((delta) => delta[field] ?? '').join('');

export const finishReasons = (chunks) =>
  chunks.flatMap((chunk) => chunk.choices).map((choice) => choice.finish_reason).filter(Boolean);

// Portkey's content_blocks of a stream, put together by index and kind: texts are joined, others listed.
export function contentBlocks(chunks) {
  const blocks = {};
  for (const { index, delta } of deltas(chunks).flatMap((delta) => delta.content_blocks ?? [])) {
    for (const [kind, text] of Object.entries(delta)) {
      blocks[index] ??= {};
      if (typeof text === 'string') blocks[index][kind] = (blocks[index][kind] ?? '') + text;
      else (blocks[index][kind] ??= []).push(text);
    }
  }
  return blocks;
}

// The tool calls of a stream, put together by index.
export function toolCalls(chunks) {
  const calls = [];
  for (const tool of deltas(chunks).flatMap((delta) => delta.tool_calls ?? [])) {
    if (tool.index === calls.length) {
      assert.ok(tool.id && tool.function.name);
      calls.push({ id: tool.id, name: tool.function.name, arguments: '' });
    }
    calls[tool.index].arguments += tool.function.arguments ?? '';
  }
  return calls;
}

// The assistant's turn that a stream told, as it is sent back.
export function messageOf(chunks) {
  const content_blocks = Object.values(contentBlocks(chunks)).map((parts) => {
    if ('data' in parts) return { type: 'redacted_thinking', ...parts };
    if ('text' in parts) return { type: 'text', ...parts };
    return { type: 'thinking', thinking: '', ...parts };
  });
  const calls = toolCalls(chunks).map(({ id, ...called }) => ({ id, type: 'function', function: called }));
  const message = { role: 'assistant', content: joined(chunks), content_blocks };
  return calls.length ? { ...message, tool_calls: calls } : message;
}

export function assertUsageAddsUp(usage) {
  assert.ok(usage.prompt_tokens > 0 && usage.completion_tokens > 0);
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
}

// A red square of 16x16 pixels.
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAF0lEQVR4nGP4z8BAEiJN9aiGUQ1DSgMAkPn/Afnh+ngAAAAASUVO' +
    'RK5CYII=',
  'base64',
);

export const dataUrl = (image) => `data:image/png;base64,${image.toString('base64')}`;
