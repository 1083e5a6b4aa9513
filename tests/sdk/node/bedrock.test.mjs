// What Bedrock has and OpenAI's form has a place for, with the clients for Node: the same for all of them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import portkeyAi from 'portkey-ai';
import {
  BEDROCK_API_KEY, CLAUDE_4_5, CLAUDE_5, CLIENTS, ECHO, GATEWAY_URL, GPT, IMAGE_URL, KEYS, LIVELY_URL, LLAMA, MODEL,
  NOVA, NOVA_2, PNG, PORTKEY_API_KEY, PROMPT, THINKING, WEATHER,
  collect, contentBlocks, dataUrl, finishReasons, joined, messageOf, toolCalls, toolResult, user,
} from './support.mjs';

const { Portkey } = portkeyAi;
const LOOSE = { 'x-portkey-strict-open-ai-compliance': 'false' };
const SEEN = `I see a png image of 16x16 pixels (${PNG.length} bytes).`;
const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1 } },
  required: ['city', 'days'],
};

// Each is asked for OpenAI's form and for Portkey's.
const clients = Object.entries(CLIENTS).map(([name, OpenAI]) => {
  const build = (baseURL, loose = false) =>
    new OpenAI({ apiKey: BEDROCK_API_KEY, baseURL, maxRetries: 0, defaultHeaders: loose ? LOOSE : {} });
  return [name, build];
});
clients.push([
  'portkey',
  (baseURL, loose = false) =>
    new Portkey({ apiKey: PORTKEY_API_KEY, provider: 'bedrock', ...KEYS, baseURL, strictOpenAICompliance: !loose }),
]);

for (const [name, build] of clients) {
  describe(name, () => {
    const strict = build(GATEWAY_URL);
    const loose = build(GATEWAY_URL, true);
    const chat = (body, of = strict) =>
      of.chat.completions.create({ model: CLAUDE_4_5, messages: [user(PROMPT)], ...body });
    const contentOf = (answer) => answer.choices[0].message.content;

    it('shows images by data URL and by URL, documents and sound', async () => {
      const image = (url) => ({ type: 'image_url', image_url: { url } });
      const asked = (...parts) => ({ messages: [user([{ type: 'text', text: 'look' }, ...parts])] });
      for (const url of [dataUrl(PNG), IMAGE_URL]) {
        assert.equal(contentOf(await chat(asked(image(url)))), `${SEEN}\nYou said: look`);
      }
      const pdf = Buffer.from('%PDF-1.4\n%%EOF\n').toString('base64');
      const file = { filename: 'a.pdf', file_data: `data:application/pdf;base64,${pdf}` };
      assert.match(contentOf(await chat(asked({ type: 'file', file }))), /document "a" \(pdf, 15 bytes\)/);
      const wav = Buffer.concat([Buffer.from('RIFF\x24\0\0\0WAVEfmt '), Buffer.alloc(40)]);
      const sound = { type: 'input_audio', input_audio: { data: wav.toString('base64'), format: 'wav' } };
      assert.match(contentOf(await chat({ ...asked(sound), model: MODEL })), /wav audio/);
      const call = { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{}' } };
      const result = toolResult('call_1', [{ type: 'text', text: 'a map:' }, image(dataUrl(PNG))]);
      const turn = { role: 'assistant', content: null, tool_calls: [call] };
      const answer = await chat({ messages: [user('go'), turn, result], tools: [WEATHER] });
      assert.equal(contentOf(answer), `The tool get_weather answered: a map: ${SEEN}`);
    });

    it('counts what is read from the cache', async () => {
      const part = { type: 'text', text: `long, for ${name}`, cache_control: { type: 'ephemeral' } };
      const body = { messages: [{ role: 'system', content: [part] }, user('hi')] };
      const first = (await chat(body, loose)).usage;
      assert.ok(first.cache_creation_input_tokens > 0);
      const second = (await chat(body)).usage;
      assert.equal(second.prompt_tokens_details.cached_tokens, first.cache_creation_input_tokens);
    });

    for (const model of [CLAUDE_4_5, NOVA]) {
      it(`gets an answer in a form from ${model}`, async () => {
        const messages = [user('plan a trip')];
        const response_format = { type: 'json_schema', json_schema: { name: 'trip', strict: true, schema: SCHEMA } };
        const expected = { city: 'example', days: 1 };
        assert.deepEqual(JSON.parse(contentOf(await chat({ model, messages, response_format }))), expected);
        const chunks = await collect(await chat({ model, messages, response_format, stream: true }));
        assert.deepEqual(JSON.parse(joined(chunks)), expected);
        assert.deepEqual(finishReasons(chunks), ['stop']);
      });
    }

    const families = [
      [CLAUDE_4_5, THINKING, 'thinking'],
      [CLAUDE_5, { thinking: { type: 'adaptive' }, max_tokens: 2048 }, 'thinking'],
      [NOVA_2, { reasoning_effort: 'low' }, 'thinking'],
      [GPT, { reasoning_effort: 'low' }, 'redacted_thinking'],
    ];
    for (const [model, thinking, kind] of families) {
      for (const stream of [false, true]) {
        it(`keeps thoughts through calls of ${model}, ${stream ? 'streamed' : 'whole'}`, async () => {
          const turn = async (messages) => {
            const answer = await chat({ model, messages, tools: [WEATHER], stream, ...thinking }, loose);
            return stream ? messageOf(await collect(answer)) : answer.choices[0].message;
          };
          const messages = [];
          for (const words of ['', 'redact this and ', 'think in two and ']) {
            messages.push(user(`${words}use the tool get_weather for Lisbon`));
            const asked = await turn(messages);
            assert.match(asked.content_blocks[0].type, /thinking/);
            if (!words) assert.equal(asked.content_blocks[0].type, kind);
            messages.push(asked, toolResult(asked.tool_calls[0].id, '18 degrees'));
            const answered = await turn(messages);
            assert.equal(answered.content, 'The tool get_weather answered: 18 degrees');
            messages.push(answered);
          }
        });
      }
    }

    it('finds the names of its tools again', async () => {
      for (const odd of ['files/read', 'größe', 'a'.repeat(100)]) {
        const tools = [{ type: 'function', function: { name: odd, parameters: { type: 'object', properties: {} } } }];
        const body = { messages: [user('go')], tools, tool_choice: { type: 'function', function: { name: odd } } };
        assert.equal((await chat(body)).choices[0].message.tool_calls[0].function.name, odd);
        assert.equal(toolCalls(await collect(await chat({ ...body, stream: true })))[0].name, odd);
      }
    });

    it('gets one call at a time', async () => {
      const tools = ['a1', 'b2'].map((tool) => ({ type: 'function', function: { name: tool } }));
      const body = { messages: [user('use a1 and b2')], tools };
      assert.equal((await chat(body)).choices[0].message.tool_calls.length, 2);
      assert.equal((await chat({ ...body, parallel_tool_calls: false })).choices[0].message.tool_calls.length, 1);
    });

    it('gets a stream where the family does not stream tools', async () => {
      const body = { model: LLAMA, messages: [user('use the tool get_weather for Lisbon')], tools: [WEATHER] };
      const chunks = await collect(await chat({ ...body, stream: true }));
      assert.equal(JSON.parse(toolCalls(chunks)[0].arguments).location, 'Lisbon');
      assert.deepEqual(finishReasons(chunks), ['tool_calls']);
    });

    it('is told what a guardrail did', async () => {
      const guardrail_config = { guardrailIdentifier: 'emulatorblock', guardrailVersion: '1', trace: 'enabled' };
      const answer = await chat({ guardrail_config }, loose);
      assert.equal(answer.choices[0].finish_reason, 'guardrail_intervened');
      assert.ok(answer.trace.guardrail);
      const told = await chat({ guardrail_config });
      assert.equal(told.choices[0].finish_reason, 'content_filter');
      assert.ok(!('trace' in told));
      const chunks = await collect(await chat({ guardrail_config, stream: true }, loose));
      assert.ok(chunks.at(-1).trace.guardrail);
    });

    it('is told the tier, and the pages of an answer', async () => {
      assert.equal((await chat({ service_tier: 'flex' })).service_tier, 'flex');
      const tools = [{ type: 'system_tool', system_tool: { name: 'nova_grounding' } }];
      const { message } = (await chat({ model: 'us.amazon.nova-premier-v1:0', tools })).choices[0];
      assert.equal(message.annotations[0].url_citation.url, 'https://example.com/one');
      const document = {
        type: 'document',
        source: { type: 'text', media_type: 'text/plain', data: 'The sky is blue. And more.' },
        citations: { enabled: true },
      };
      const body = { messages: [user([{ type: 'text', text: 'which?' }, document])] };
      const cited = (await chat(body, loose)).choices[0].message.content_blocks.at(-1);
      assert.equal(cited.citations[0].sourceContent[0].text, 'The sky is blue.');
      const blocks = contentBlocks(await collect(await chat({ ...body, stream: true }, loose)));
      assert.deepEqual(Object.values(blocks).at(-1), { text: cited.text, citation: cited.citations });
    });

    it('is told what was passed over', async () => {
      const body = { model: MODEL, messages: [user('hi')], seed: 7, user: 'kim' };
      const answer = strict.chat.completions.create(body);
      const headers = answer.withResponse ? (await answer.withResponse()).response.headers : new Headers(
        Object.entries((await answer).getHeaders()).map(([key, value]) => [`x-portkey-${key}`, value]),
      );
      assert.equal(headers.get('x-portkey-ignored-params'), 'seed, user');
    });

    it('is refused what would change the answer', async () => {
      for (const [param, more] of [['n', { n: 2 }], ['logprobs', { logprobs: true }]]) {
        await assert.rejects(chat(more), (error) => {
          assert.equal(error.status, 400);
          const told = error.param ?? (error.error.error ?? error.error).param;
          assert.equal(told, param);
          return true;
        });
      }
    });

    it('does not see signs of life', async () => {
      const lively = build(LIVELY_URL);
      for (const model of ['emulator.silent-after-1-350', 'emulator.slow-first-350']) {
        assert.equal(joined(await collect(await chat({ model, stream: true }, lively))), ECHO);
      }
    });

    it('throws when the answer does not come after signs of life', async () => {
      // Portkey's client hands an error inside a stream on as a chunk.
      const seen = [];
      const broken = async () => {
        await collect(await chat({ model: 'emulator.hang', stream: true }, build(LIVELY_URL)), seen);
        if (seen.at(-1)?.error) throw seen.at(-1).error;
      };
      await assert.rejects(broken);
      assert.deepEqual(finishReasons(seen.filter((chunk) => chunk.choices)), []);
    });
  });
}
