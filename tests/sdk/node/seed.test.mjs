// The Node examples of Portkey's page on AWS Bedrock. Changed are the API key, which is a gateway key here, and the
// base URL. The virtual key is called `VIRTUAL_KEY`, as on the page.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import portkeyAi from 'portkey-ai';
import {
  BEDROCK_API_KEY, CALLER_KEY, CLIENTS, GATEWAY_URL, KEYS, PORTKEY_API_KEY, SESSION, VAULT_URL,
  collect, contentBlocks, dataUrl, joined, PNG, seed,
} from './support.mjs';

const { Portkey, createHeaders } = portkeyAi;

const EXAMPLES = {
  'single turn': [seed('flight_single_turn'), (body) => body.messages[0].content[0].text],
  // The assistant's turn in between is a thought and nothing else, which Bedrock refuses as a turn and the gateway
  // leaves out: both questions stand in one turn.
  'multi turn': [
    seed('flight_multi_turn'),
    (body) => `${body.messages[0].content[0].text}\n${body.messages.at(-1).content}`,
  ],
};

function assertThought(chunks, question) {
  const blocks = contentBlocks(chunks);
  assert.equal(blocks[0].thinking, `Let me think about: ${question}`);
  assert.ok(blocks[0].signature);
  assert.equal(blocks[1].text, `You said: ${question}`);
  assert.equal(joined(chunks), blocks[1].text);
}

const TEST = {
  messages: [{ role: 'user', content: 'Say this is a test' }],
  model: 'anthropic.claude-v2:1',
  max_tokens: 250, // Required field for Anthropic
};

// A gateway key is known to the one; the other has no keys and passes over what it is given.
const GATEWAYS = { 'gateway key': [VAULT_URL, CALLER_KEY], 'gateway without keys': [GATEWAY_URL, PORTKEY_API_KEY] };

async function assertTested(options, call) {
  const portkey = new Portkey(options);
  const chatCompletion = await portkey.chat.completions.create(TEST, ...call);
  assert.equal(chatCompletion.choices[0].message.content, 'You said: Say this is a test');
}

it('chat completions with a virtual key', () =>
  assertTested({ apiKey: CALLER_KEY, virtualKey: 'VIRTUAL_KEY', baseURL: VAULT_URL }, []));

it('another virtual key in the call', async () => {
  const options = { apiKey: CALLER_KEY, virtualKey: 'VIRTUAL_KEY', baseURL: VAULT_URL };
  await assertTested(options, [{ virtualKey: 'role-by-pair' }]);
  await assert.rejects(assertTested(options, [{ virtualKey: 'no-such-key' }]), { status: 404 });
});

it('a virtual key with AWS STS, in the spelling of the page', async () => {
  const options = { apiKey: CALLER_KEY, virtualKey: 'sts-pair', baseURL: VAULT_URL };
  await assertTested({ ...options, aws_session_token: SESSION.awsSessionToken }, []);
  await assertTested({ ...options, awsSessionToken: SESSION.awsSessionToken }, []);
  await assertTested({ ...options, virtualKey: 'VIRTUAL_KEY', aws_session_token: '' }, []);
  // Without its token the pair is good for nothing.
  await assert.rejects(assertTested(options, []), { status: 403 });
});

for (const [known, [baseURL, apiKey]] of Object.entries(GATEWAYS)) {
  it(`direct AWS details, ${known}`, async () => {
    const { awsSessionToken, ...pair } = SESSION;
    await assertTested({ apiKey, provider: 'bedrock', ...pair, awsSessionToken, baseURL }, []);
    await assertTested({ apiKey, provider: 'bedrock', ...pair, aws_session_token: awsSessionToken, baseURL }, []);
    await assertTested({ apiKey, provider: 'bedrock', ...KEYS, awsSessionToken: '', baseURL }, []);
  });
}

for (const model of ['anthropic.claude-3-sonnet', 'anthropic.claude-3-haiku', 'anthropic.claude-3-opus']) {
  it(`vision with ${model}`, async () => {
    const portkey = new Portkey({ apiKey: CALLER_KEY, virtualKey: 'VIRTUAL_KEY', baseURL: VAULT_URL });
    const response = await portkey.chat.completions.create({
      model,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: "What's in this image?" },
            { type: 'image_url', image_url: { url: dataUrl(PNG) } },
          ],
        },
      ],
      max_tokens: 300,
    });
    assert.match(response.choices[0].message.content, /png image of 16x16 pixels/);
  });
}

for (const [example, [body, questionOf]] of Object.entries(EXAMPLES)) {
  it(`thinking, ${example}, by Portkey`, async () => {
    const portkey = new Portkey({
      apiKey: CALLER_KEY,
      virtualKey: 'VIRTUAL_KEY',
      strictOpenAICompliance: false,
      baseURL: VAULT_URL,
    });
    const response = await portkey.chat.completions.create(body);
    const chunks = [];
    const shown = [];
    for await (const chunk of response) {
      chunks.push(chunk);
      if (chunk.choices[0].delta?.content_blocks) {
        for (const contentBlock of chunk.choices[0].delta.content_blocks) shown.push(contentBlock);
      }
    }
    assert.ok(shown.length > 0);
    assertThought(chunks, questionOf(body));
  });

  for (const [name, OpenAI] of Object.entries(CLIENTS)) {
    for (const [known, [baseURL, apiKey]] of Object.entries(GATEWAYS)) {
      it(`thinking, ${example}, by ${name}, ${known}`, async () => {
        const openai = new OpenAI({
          apiKey: BEDROCK_API_KEY,
          baseURL,
          defaultHeaders: createHeaders({
            provider: 'bedrock',
            apiKey,
            strictOpenAICompliance: false,
          }),
        });
        const response = await openai.chat.completions.create(body);
        assertThought(await collect(response), questionOf(body));
      });
    }
  }
}
