// The Portkey client for Node: direct AWS details, session tokens, configs, its own shape, tools, errors.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import portkeyAi from 'portkey-ai';
import {
  BEDROCK_API_KEY, ECHO, GATEWAY_URL, KEYS, MODEL, PORTKEY_API_KEY, PROMPT, SESSION, THINKING, TIME, WEATHER,
  assertUsageAddsUp, collect, contentBlocks, dataUrl, finishReasons, joined, PNG, toolCalls, toolResult, user,
} from './support.mjs';

const { Portkey } = portkeyAi;

// A client of its own for each case: options of one call stay with the client.
const client = (options = {}) =>
  new Portkey({ apiKey: PORTKEY_API_KEY, baseURL: GATEWAY_URL, provider: 'bedrock', ...options });
const chat = (body = {}, options = KEYS) =>
  client(options).chat.completions.create({ model: MODEL, messages: [user(PROMPT)], ...body });

it('gets a plain answer in the shape of Portkey', async () => {
  const answer = await chat();
  assert.match(answer.id, /^chatcmpl-/);
  assert.equal(answer.provider, 'bedrock');
  assert.equal(answer.choices[0].finish_reason, 'end_turn');
  assert.equal(answer.choices[0].message.content, ECHO);
  assert.deepEqual(answer.choices[0].message.content_blocks, [{ type: 'text', text: ECHO }]);
  assertUsageAddsUp(answer.usage);
});

it('gets a stream in the shape of Portkey', async () => {
  const chunks = await collect(await chat({ stream: true }));
  assert.equal(joined(chunks), ECHO);
  assert.deepEqual(contentBlocks(chunks), { 0: { text: ECHO } });
  assert.deepEqual(finishReasons(chunks), ['end_turn']);
  assertUsageAddsUp(chunks.at(-1).usage);
  assert.ok(chunks.every((chunk) => chunk.provider === 'bedrock'));
});

it('gets OpenAI to the letter with the strict flag', async () => {
  const strict = { ...KEYS, strictOpenAiCompliance: true };
  const answer = await chat(THINKING, strict);
  assert.ok(!('provider' in answer));
  assert.ok(!('content_blocks' in answer.choices[0].message));
  assert.equal(answer.choices[0].finish_reason, 'stop');
  const chunks = await collect(await chat({ ...THINKING, stream: true }, strict));
  assert.deepEqual(contentBlocks(chunks), {});
  assert.equal(joined(chunks), ECHO);
});

it('gets what the strict flag says as the page spells it', async () => {
  // strictOpenAICompliance makes a second header, beside the `false` that the client sends by itself.
  for (const strictOpenAICompliance of [true, false]) {
    const answer = await chat({}, { ...KEYS, strictOpenAICompliance });
    assert.equal('content_blocks' in answer.choices[0].message, !strictOpenAICompliance);
  }
});

it('reads headers by getHeaders()', async () => {
  const headers = (await chat({}, { ...KEYS, traceID: 'trace-of-mine' })).getHeaders();
  assert.equal(headers['trace-id'], 'trace-of-mine');
  assert.equal(headers.provider, 'bedrock');
  assert.equal(headers['retry-attempt-count'], '0');
  assert.equal(headers['cache-status'], 'DISABLED');
  assert.equal(headers['last-used-option-index'], 'config');
});

it('sends a session token', async () => {
  assert.equal((await chat({}, SESSION)).choices[0].message.content, ECHO);
  assert.equal(joined(await collect(await chat({ stream: true }, SESSION))), ECHO);
});

it('sends a Bedrock API key', async () => {
  for (const Authorization of [BEDROCK_API_KEY, `Bearer ${BEDROCK_API_KEY}`]) {
    assert.equal((await chat({}, { Authorization, awsAuthType: 'apiKey' })).choices[0].message.content, ECHO);
  }
});

const config = {
  provider: 'bedrock',
  aws_access_key_id: SESSION.awsAccessKeyId,
  aws_secret_access_key: SESSION.awsSecretAccessKey,
  aws_session_token: SESSION.awsSessionToken,
  aws_region: 'eu-west-1',
};

it('sends a config', async () => {
  const bare = await chat({}, { provider: undefined, config });
  assert.equal(bare.choices[0].message.content, ECHO);
  const targets = { strategy: { mode: 'single' }, targets: [{ ...config, override_params: { max_tokens: 2 } }] };
  const single = await chat({}, { provider: undefined, config: targets });
  assert.equal(single.choices[0].finish_reason, 'max_tokens');
  assert.equal(single.getHeaders()['last-used-option-index'], 'config.targets[0]');
});

it('sends metadata and a trace id per call', async () => {
  const body = { model: MODEL, messages: [user(PROMPT)] };
  const answer = await client(KEYS).chat.completions.create(body, { traceID: 'one-call', metadata: { _user: 'kim' } });
  assert.equal(answer.choices[0].message.content, ECHO);
  assert.equal(answer.getHeaders()['trace-id'], 'one-call');
});

it('goes a round with two tools', async () => {
  const ask = user('use get_weather and get_time for Lisbon');
  const tools = [WEATHER, TIME];
  const first = await chat({ messages: [ask], tools });
  assert.equal(first.choices[0].finish_reason, 'tool_use');
  const { message } = first.choices[0];
  const results = message.tool_calls.map((call) => toolResult(call.id, `${call.function.name} is fine`));
  const second = await chat({ messages: [ask, message, ...results], tools });
  assert.match(second.choices[0].message.content, /The tool get_weather answered: get_weather is fine/);
  assert.match(second.choices[0].message.content, /The tool get_time answered: get_time is fine/);
});

it('puts streamed arguments together', async () => {
  const body = { messages: [user('use the tool get_weather for Lisbon')], tools: [WEATHER], stream: true };
  const [call] = toolCalls(await collect(await chat(body)));
  assert.equal(call.name, 'get_weather');
  assert.deepEqual(JSON.parse(call.arguments), { location: 'Lisbon', unit: 'celsius' });
});

it('shows an image', async () => {
  const content = [{ type: 'text', text: 'what is this?' }, { type: 'image_url', image_url: { url: dataUrl(PNG) } }];
  const answer = await chat({ messages: [user(content)] });
  assert.ok(answer.choices[0].message.content.includes(`I see a png image of 16x16 pixels (${PNG.length} bytes).`));
});

it('sends thoughts back, which are verified', async () => {
  const { message } = (await chat(THINKING)).choices[0];
  assert.equal(message.content_blocks[0].type, 'thinking');
  const turn = { role: 'assistant', content: message.content_blocks };
  const second = await chat({ ...THINKING, messages: [user(PROMPT), turn, user('go on')] });
  assert.equal(second.choices[0].message.content, 'You said: go on');
});

const errors = [
  ['validation', 400, 'ValidationException'],
  ['access-denied', 403, 'AccessDeniedException'],
  ['resource-not-found', 404, 'ResourceNotFoundException'],
  ['model-not-ready', 429, 'ModelNotReadyException'],
  ['internal', 500, 'InternalServerException'],
];
for (const [kind, status, code] of errors) {
  it(`throws for ${kind}`, async () => {
    for (const stream of [false, true]) {
      await assert.rejects(chat({ model: `emulator.error-${kind}`, stream }), (error) => {
        assert.equal(error.status, status);
        assert.ok(JSON.stringify(error.error).includes(code), JSON.stringify(error.error));
        return true;
      });
    }
  });
}

it('throws for credentials that do not do', async () => {
  const cases = [
    [{}, 401, /x-portkey-aws-access-key-id/],
    [{ awsAccessKeyId: KEYS.awsAccessKeyId }, 400, /x-portkey-aws-secret-access-key/],
    [{ ...SESSION, awsSessionToken: 'emulator-expired-token' }, 403, /ExpiredTokenException/],
    [{ ...KEYS, awsRegion: 'evil.example/' }, 400, /x-portkey-aws-region/],
  ];
  for (const [options, status, text] of cases) {
    await assert.rejects(chat({}, options), (error) => {
      assert.equal(error.status, status);
      assert.match(JSON.stringify(error.error), text);
      return true;
    });
  }
});

it('does not take a broken stream for a whole one', async () => {
  // This client hands an error inside a stream on as a chunk; what matters is that no end of an answer follows.
  const seen = [];
  try {
    await collect(await chat({ model: 'emulator.exception-throttling-after-2', stream: true }), seen);
  } catch (error) {
    assert.match(JSON.stringify(error.error ?? error.message), /throttlingException/);
    return;
  }
  assert.equal(seen.at(-1).error.code, 'throttlingException');
  const chunks = seen.slice(0, -1);
  assert.ok(ECHO.startsWith(joined(chunks)));
  assert.deepEqual(finishReasons(chunks), []);
});
