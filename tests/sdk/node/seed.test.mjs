// The Node examples of Portkey's page on AWS Bedrock. Changed are keys and base URL; direct AWS details stand
// where the page names a virtual key.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import portkeyAi from 'portkey-ai';
import {
  BEDROCK_API_KEY, CLIENTS, GATEWAY_URL, KEYS, PORTKEY_API_KEY, SESSION,
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

it('chat completions with direct AWS details', async () => {
  const portkey = new Portkey({
    apiKey: PORTKEY_API_KEY,
    provider: 'bedrock',
    awsAccessKeyId: SESSION.awsAccessKeyId,
    awsSecretAccessKey: SESSION.awsSecretAccessKey,
    awsRegion: 'us-east-1',
    awsSessionToken: SESSION.awsSessionToken,
    baseURL: GATEWAY_URL,
  });
  const chatCompletion = await portkey.chat.completions.create({
    messages: [{ role: 'user', content: 'Say this is a test' }],
    model: 'anthropic.claude-v2:1',
    max_tokens: 250, // Required field for Anthropic
  });
  assert.equal(chatCompletion.choices[0].message.content, 'You said: Say this is a test');
});

it('a session token in the spelling of "Using Virtual Key with AWS STS"', async () => {
  const portkey = new Portkey({
    apiKey: PORTKEY_API_KEY,
    provider: 'bedrock',
    awsAccessKeyId: SESSION.awsAccessKeyId,
    awsSecretAccessKey: SESSION.awsSecretAccessKey,
    awsRegion: 'us-east-1',
    aws_session_token: SESSION.awsSessionToken,
    baseURL: GATEWAY_URL,
  });
  const chatCompletion = await portkey.chat.completions.create({
    messages: [{ role: 'user', content: 'Say this is a test' }],
    model: 'anthropic.claude-v2:1',
    max_tokens: 250,
  });
  assert.equal(chatCompletion.choices[0].message.content, 'You said: Say this is a test');
});

for (const model of ['anthropic.claude-3-sonnet', 'anthropic.claude-3-haiku', 'anthropic.claude-3-opus']) {
  it(`vision with ${model}`, async () => {
    const portkey = new Portkey({ apiKey: PORTKEY_API_KEY, provider: 'bedrock', ...KEYS, baseURL: GATEWAY_URL });
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
      apiKey: PORTKEY_API_KEY,
      provider: 'bedrock',
      ...KEYS,
      strictOpenAICompliance: false,
      baseURL: GATEWAY_URL,
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
    it(`thinking, ${example}, by ${name}`, async () => {
      const openai = new OpenAI({
        apiKey: BEDROCK_API_KEY,
        baseURL: GATEWAY_URL,
        defaultHeaders: createHeaders({
          provider: 'bedrock',
          apiKey: PORTKEY_API_KEY,
          strictOpenAICompliance: false,
        }),
      });
      const response = await openai.chat.completions.create(body);
      assertThought(await collect(response), questionOf(body));
    });
  }
}
