// The OpenAI client for Node: answers, streams, tools, images, thinking, errors.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  BEDROCK_API_KEY, CLIENTS, DEV_URL, ECHO, GATEWAY_URL, MODEL, PROMPT, THINKING, TIME, WEATHER,
  assertUsageAddsUp, collect, contentBlocks, dataUrl, finishReasons, joined, PNG, toolCalls, toolResult, user,
} from './support.mjs';

for (const [name, OpenAI] of Object.entries(CLIENTS)) {
  describe(name, () => {
    const client = (options = {}) =>
      new OpenAI({ apiKey: BEDROCK_API_KEY, baseURL: GATEWAY_URL, maxRetries: 0, ...options });
    const openai = client();
    const loose = client({ defaultHeaders: { 'x-portkey-strict-open-ai-compliance': 'false' } });
    const chat = (body, of = openai) => of.chat.completions.create({ model: MODEL, messages: [user(PROMPT)], ...body });

    it('gets a plain answer, OpenAI to the letter', async () => {
      const answer = await chat({});
      assert.match(answer.id, /^chatcmpl-/);
      assert.equal(answer.object, 'chat.completion');
      assert.equal(answer.model, MODEL);
      const [choice] = answer.choices;
      assert.equal(choice.finish_reason, 'stop');
      assert.deepEqual(choice.message, { role: 'assistant', content: ECHO, refusal: null });
      assertUsageAddsUp(answer.usage);
      assert.ok(!('provider' in answer));
    });

    it('gets the same in pieces', async () => {
      const chunks = await collect(await chat({ stream: true, stream_options: { include_usage: true } }));
      const last = chunks.pop();
      assert.deepEqual(last.choices, []);
      assertUsageAddsUp(last.usage);
      assert.deepEqual(chunks[0].choices[0].delta, { role: 'assistant', content: '' });
      assert.equal(joined(chunks), ECHO);
      assert.deepEqual(finishReasons(chunks), ['stop']);
      assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
      assert.ok(chunks.every((chunk) => !chunk.usage));
    });

    it('puts a stream together by its own helper', async () => {
      const stream = openai.chat.completions.stream({ model: MODEL, messages: [user(PROMPT)] });
      let said = '';
      stream.on('content', (delta) => (said += delta));
      const final = await stream.finalChatCompletion();
      assert.equal(said, ECHO);
      assert.equal(final.choices[0].message.content, ECHO);
      assert.equal(final.choices[0].finish_reason, 'stop');
    });

    it('reads the headers of an answer', async () => {
      const { response } = await chat({}).withResponse();
      assert.ok(response.headers.get('x-portkey-trace-id'));
      assert.equal(response.headers.get('x-portkey-provider'), 'bedrock');
      assert.ok(response.headers.get('x-amzn-requestid'));
    });

    it('goes a round with two tools', async () => {
      const ask = user('use get_weather and get_time for Lisbon');
      const tools = [WEATHER, TIME];
      const first = await chat({ messages: [ask], tools });
      assert.equal(first.choices[0].finish_reason, 'tool_calls');
      const { message } = first.choices[0];
      assert.deepEqual(new Set(message.tool_calls.map((call) => call.function.name)), new Set(['get_weather', 'get_time']));
      const results = message.tool_calls.map((call) => toolResult(call.id, `${call.function.name} is fine`));
      const second = await chat({ messages: [ask, message, ...results], tools });
      assert.match(second.choices[0].message.content, /The tool get_weather answered: get_weather is fine/);
      assert.match(second.choices[0].message.content, /The tool get_time answered: get_time is fine/);
    });

    it('puts streamed arguments together', async () => {
      const body = { messages: [user('use the tool get_weather for Lisbon')], tools: [WEATHER], stream: true };
      const chunks = await collect(await chat(body));
      const [call, ...more] = toolCalls(chunks);
      assert.equal(more.length, 0);
      assert.equal(call.name, 'get_weather');
      assert.deepEqual(JSON.parse(call.arguments), { location: 'Lisbon', unit: 'celsius' });
      assert.deepEqual(finishReasons(chunks), ['tool_calls']);
    });

    for (const stream of [false, true]) {
      it(`runs tools by its own loop, ${stream ? 'streamed' : 'plain'}`, async () => {
        const asked = [];
        const get_weather = { ...WEATHER.function, parse: JSON.parse, function: (input) => (asked.push(input), '18 degrees') };
        const runner = openai.chat.completions.runTools({
          model: MODEL,
          messages: [user('use the tool get_weather for Lisbon')],
          tools: [{ type: 'function', function: get_weather }],
          stream,
        });
        assert.equal(await runner.finalContent(), 'The tool get_weather answered: 18 degrees');
        assert.deepEqual(asked, [{ location: 'Lisbon', unit: 'celsius' }]);
      });
    }

    it('shows an image', async () => {
      const content = [{ type: 'text', text: 'what is this?' }, { type: 'image_url', image_url: { url: dataUrl(PNG) } }];
      const answer = await chat({ messages: [user(content)] });
      assert.ok(answer.choices[0].message.content.includes(`I see a png image of 16x16 pixels (${PNG.length} bytes).`));
    });

    it('sends thoughts back, which are verified', async () => {
      const first = await chat(THINKING, loose);
      const { message } = first.choices[0];
      assert.equal(first.choices[0].finish_reason, 'end_turn');
      assert.equal(message.content_blocks[0].thinking, `Let me think about: ${PROMPT}`);
      assert.equal(message.reasoning_content, message.content_blocks[0].thinking);
      const chunks = await collect(await chat({ ...THINKING, stream: true }, loose));
      const { thinking, signature } = message.content_blocks[0];
      assert.deepEqual(contentBlocks(chunks), { 0: { thinking, signature }, 1: { text: ECHO } });
      assert.equal(joined(chunks, 'reasoning_content'), thinking);
      const turn = { role: 'assistant', content: message.content_blocks };
      const second = await chat({ ...THINKING, messages: [user(PROMPT), turn, user('go on')] }, loose);
      assert.equal(second.choices[0].message.content, 'You said: go on');
      turn.content[0].thinking += ' no';
      await assert.rejects(chat({ ...THINKING, messages: [user(PROMPT), turn, user('go on')] }, loose), (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError);
        assert.match(error.message, /signature/);
        return true;
      });
    });

    const faults = [
      ['validation', 400, 'ValidationException', 'BadRequestError'],
      ['access-denied', 403, 'AccessDeniedException', 'PermissionDeniedError'],
      ['resource-not-found', 404, 'ResourceNotFoundException', 'NotFoundError'],
      ['model-not-ready', 429, 'ModelNotReadyException', 'RateLimitError'],
      ['internal', 500, 'InternalServerException', 'InternalServerError'],
      ['unavailable', 503, 'ServiceUnavailableException', 'InternalServerError'],
    ];
    for (const [kind, status, code, type] of faults) {
      it(`throws ${type} for ${kind}`, async () => {
        for (const stream of [false, true]) {
          await assert.rejects(chat({ model: `emulator.error-${kind}`, stream }), (error) => {
            assert.ok(error instanceof OpenAI[type], error.constructor.name);
            assert.deepEqual([error.status, error.code], [status, code]);
            assert.ok(error.error.message);
            return true;
          });
        }
      });
    }

    it('throws AuthenticationError without credentials', async () => {
      await assert.rejects(chat({}, client({ apiKey: 'OPENAI_API_KEY' })), (error) => {
        assert.ok(error instanceof OpenAI.AuthenticationError);
        assert.match(error.message, /x-portkey-aws-access-key-id/);
        return true;
      });
    });

    for (const fault of ['exception-throttling', 'message-error', 'cut', 'end', 'corrupt']) {
      it(`throws in the middle of a stream for ${fault}`, async () => {
        const seen = [];
        await assert.rejects(
          async () => collect(await chat({ model: `emulator.${fault}-after-2`, stream: true }), seen),
          (error) => {
            assert.ok(error instanceof OpenAI.APIError);
            assert.ok(error.message);
            return true;
          },
        );
        assert.ok(joined(seen) && ECHO.startsWith(joined(seen)));
        assert.deepEqual(finishReasons(seen), []);
      });
    }

    it('is served by dev without any key', async () => {
      const answer = await chat({}, client({ apiKey: 'OPENAI_API_KEY', baseURL: DEV_URL }));
      assert.equal(answer.choices[0].message.content, ECHO);
    });
  });
}
