// The admin API by Portkey for Node, which writes camelCase and reads what comes.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import portkeyAi from 'portkey-ai';
import { ADMIN_KEY, CALLER_KEY, ECHO, KEYS, MODEL, PROMPT, VAULT_URL, user } from './support.mjs';

const { Portkey } = portkeyAi;

const BODY = { model: MODEL, messages: [user(PROMPT)] };
const SECRET = KEYS.awsSecretAccessKey;
const client = (apiKey = ADMIN_KEY) => new Portkey({ apiKey, baseURL: VAULT_URL });

it('keeps virtual keys', async () => {
  const { virtualKeys } = client();
  const made = await virtualKeys.create({ name: 'Team Node', slug: 'node-team', provider: 'bedrock', note: 'n', ...KEYS });
  assert.equal(made.slug, 'node-team');
  assert.equal(made.object, 'virtual-key');
  await assert.rejects(
    virtualKeys.create({ name: 'again', slug: 'node-team', provider: 'bedrock', ...KEYS }),
    { status: 409 },
  );

  const told = await virtualKeys.retrieve({ slug: 'node-team' });
  assert.equal(told.name, 'Team Node');
  assert.equal(told.model_config.awsRegion, 'us-east-1');
  assert.ok(told.model_config.awsAccessKeyId.endsWith(KEYS.awsAccessKeyId.slice(-4)));
  assert.notEqual(told.model_config.awsAccessKeyId, KEYS.awsAccessKeyId);
  assert.ok(!JSON.stringify(told).includes(SECRET));

  const listed = await virtualKeys.list();
  assert.equal(listed.object, 'list');
  assert.equal(listed.total, listed.data.length);
  assert.ok(listed.data.some((key) => key.slug === 'node-team'));
  assert.ok(!JSON.stringify(listed).includes(SECRET));
  // The types of the client know no pages here; its query takes them.
  const page = await virtualKeys.list({ page_size: 1, current_page: 1 });
  assert.deepEqual(page.data.map((key) => key.slug), [listed.data[1].slug]);

  await virtualKeys.update({ slug: 'node-team', name: 'Team Deno', models: [MODEL] });
  const changed = await virtualKeys.retrieve({ slug: 'node-team' });
  assert.deepEqual([changed.name, changed.note, changed.models], ['Team Deno', 'n', [MODEL]]);
  const caller = new Portkey({ apiKey: CALLER_KEY, virtualKey: 'node-team', baseURL: VAULT_URL });
  assert.equal((await caller.chat.completions.create(BODY)).choices[0].message.content, ECHO);

  await virtualKeys.delete({ slug: 'node-team' });
  for (const call of [virtualKeys.retrieve, virtualKeys.delete, virtualKeys.update]) {
    await assert.rejects(call.call(virtualKeys, { slug: 'node-team', name: 'gone' }), { status: 404 });
  }
  await assert.rejects(caller.chat.completions.create(BODY), { status: 404 });
});

it('keeps gateway keys', async () => {
  const { apiKeys } = client();
  const made = await apiKeys.create({
    type: 'workspace',
    'sub-type': 'service',
    name: 'node',
    scopes: ['inference'],
    virtualKeys: ['chained'],
    defaults: { metadata: { team: 'blue' } },
  });
  assert.match(made.key, /^bgw-/);
  assert.equal(made.object, 'api-key');

  const told = await apiKeys.retrieve({ id: made.id });
  assert.deepEqual([told.name, told.type, told.status], ['node', 'workspace-service', 'active']);
  assert.deepEqual([told.scopes, told.virtual_keys], [['inference'], ['chained']]);
  assert.deepEqual(told.defaults.metadata, { team: 'blue' });
  assert.ok(!JSON.stringify(told).includes(made.key));
  assert.ok(made.key.endsWith(told.key.slice(-4)));

  const caller = (virtualKey) => new Portkey({ apiKey: made.key, virtualKey, baseURL: VAULT_URL });
  assert.equal((await caller('chained').chat.completions.create(BODY)).choices[0].message.content, ECHO);
  await assert.rejects(caller('VIRTUAL_KEY').chat.completions.create(BODY), { status: 403 });

  await apiKeys.update({ id: made.id, name: 'deno', virtualKeys: null });
  assert.equal((await apiKeys.retrieve({ id: made.id })).name, 'deno');
  assert.equal((await caller('VIRTUAL_KEY').chat.completions.create(BODY)).choices[0].message.content, ECHO);

  const all = await apiKeys.list();
  assert.equal(all.total, all.data.length);
  const page = await apiKeys.list({ page_size: 1, current_page: all.total - 1 });
  assert.deepEqual([page.total, page.data], [all.total, all.data.slice(-1)]);
  assert.ok(!JSON.stringify(all).includes(made.key));

  await apiKeys.delete({ id: made.id });
  await assert.rejects(caller('chained').chat.completions.create(BODY), { status: 401 });
  await assert.rejects(apiKeys.retrieve({ id: made.id }), { status: 404 });
});

it('tells mistakes by status', async () => {
  const { apiKeys, virtualKeys } = client();
  const kind = { type: 'workspace', 'sub-type': 'service' };
  await assert.rejects(virtualKeys.create({ name: 'x', provider: 'mars', ...KEYS }), { status: 400 });
  await assert.rejects(virtualKeys.create({ name: 'x', provider: 'bedrock', awsAcessKeyId: 'typo' }), { status: 400 });
  await assert.rejects(apiKeys.create({ ...kind, name: 'x', scopes: ['everything'] }), { status: 400 });
  await assert.rejects(apiKeys.create({ ...kind, type: 'moon', name: 'x', scopes: ['inference'] }), { status: 400 });
  for (const [key, status] of [[CALLER_KEY, 403], ['bgw-wrong', 401], [undefined, 401]]) {
    await assert.rejects(client(key ?? '').virtualKeys.list(), { status });
    await assert.rejects(client(key ?? '').apiKeys.list(), { status });
  }
});
