// Virtual keys, by Portkey and by OpenAI for Node. The callers bring nothing else that Bedrock would take.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import portkeyAi from 'portkey-ai';
import {
  BEDROCK_API_KEY, CALLER_KEY, CLIENTS, ECHO, KEYS, MODEL, PORTKEY_API_KEY, PROMPT, SESSION, VAULT_URL,
  collect, joined, user,
} from './support.mjs';

const { Portkey, createHeaders } = portkeyAi;

const BODY = { model: MODEL, messages: [user(PROMPT)] };
const ROLE = 'arn:aws:iam::111122223333:role/inline';

// Roles that the emulator gives to nobody else show that the whole of a virtual key is used.
const WAYS = {
  'an access key': { virtualKey: 'VIRTUAL_KEY' },
  'an STS pair and its token': { virtualKey: 'sts-pair', awsSessionToken: SESSION.awsSessionToken },
  'an assumed role with an external id': { virtualKey: 'role-by-gateway' },
  'a role that its own pair assumes': { virtualKey: 'role-by-pair' },
  'chained roles': { virtualKey: 'chained' },
  'a Bedrock API key': { virtualKey: 'bedrock-api-key' },
  'the service role': { virtualKey: 'service-role' },
  'provider with @': { provider: '@chained' },
  'virtual_key in a config': { config: { virtual_key: 'chained' } },
  'provider with @ in a config': { config: { provider: '@chained' } },
};
const DIRECT = {
  'direct details': { provider: 'bedrock', ...KEYS },
  'direct details of a session': { provider: 'bedrock', ...SESSION },
  'a direct role': { provider: 'bedrock', ...KEYS, awsAuthType: 'assumedRole', awsRoleArn: ROLE },
};

const portkey = (options) => new Portkey({ apiKey: CALLER_KEY, baseURL: VAULT_URL, ...options });

for (const [way, options] of Object.entries({ ...WAYS, ...DIRECT })) {
  it(`Portkey with ${way}`, async () => {
    const answer = await portkey(options).chat.completions.create(BODY);
    assert.equal(answer.choices[0].message.content, ECHO);
    const chunks = await collect(await portkey(options).chat.completions.create({ ...BODY, stream: true }));
    assert.equal(joined(chunks), ECHO);
  });
}

it('Portkey with a Bedrock API key of the caller', async () => {
  const options = { provider: 'bedrock', Authorization: `Bearer ${BEDROCK_API_KEY}` };
  const answer = await portkey(options).chat.completions.create(BODY);
  assert.equal(answer.choices[0].message.content, ECHO);
});

it('Portkey with a model that names the virtual key', async () => {
  const model = `@chained/${MODEL}`;
  const answer = await portkey({}).chat.completions.create({ ...BODY, model });
  assert.deepEqual([answer.model, answer.choices[0].message.content], [model, ECHO]);
});

for (const [name, OpenAI] of Object.entries(CLIENTS)) {
  const openai = (apiKey, headers = {}) =>
    new OpenAI({ apiKey, baseURL: VAULT_URL, defaultHeaders: createHeaders(headers), maxRetries: 0 });

  it(`${name} with every kind of virtual key`, async () => {
    for (const options of Object.values(WAYS)) {
      const answer = await openai(CALLER_KEY, options).chat.completions.create(BODY);
      assert.equal(answer.choices[0].message.content, ECHO);
    }
    const chunks = await collect(
      await openai('unused', { apiKey: CALLER_KEY, virtualKey: 'chained' })
        .chat.completions.create({ ...BODY, stream: true }),
    );
    assert.equal(joined(chunks), ECHO);
  });

  it(`${name} alone, which names the virtual key by the model`, async () => {
    const answer = await openai(CALLER_KEY).chat.completions.create({ ...BODY, model: `@chained/${MODEL}` });
    assert.equal(answer.choices[0].message.content, ECHO);
  });

  it(`${name} knows errors by their class`, async () => {
    const mistakes = [
      [openai('bgw-wrong', { virtualKey: 'VIRTUAL_KEY' }), OpenAI.AuthenticationError, 'invalid_api_key'],
      [openai(CALLER_KEY, { virtualKey: 'no-such-key' }), OpenAI.NotFoundError, 'virtual_key_not_found'],
      [openai(CALLER_KEY), OpenAI.AuthenticationError, 'no_credentials'],
    ];
    for (const [client, kind, code] of mistakes) {
      await assert.rejects(client.chat.completions.create(BODY), (error) => error instanceof kind && error.code === code);
    }
    const both = openai(CALLER_KEY, { virtualKey: 'VIRTUAL_KEY', ...KEYS });
    await assert.rejects(both.chat.completions.create(BODY), OpenAI.BadRequestError);
  });
}

it('Portkey knows errors by their status', async () => {
  const mistakes = [
    [{ apiKey: 'bgw-wrong', virtualKey: 'VIRTUAL_KEY' }, 401],
    [{ apiKey: PORTKEY_API_KEY, virtualKey: 'VIRTUAL_KEY' }, 401],
    [{ virtualKey: 'no-such-key' }, 404],
    [{ virtualKey: 'VIRTUAL_KEY', ...KEYS }, 400],
    // The pair is of a session whose token is missing.
    [{ virtualKey: 'sts-pair' }, 403],
  ];
  for (const [options, status] of mistakes) {
    await assert.rejects(portkey(options).chat.completions.create(BODY), { status });
  }
});
