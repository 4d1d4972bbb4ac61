/** What a person types wrong, or asks for in vain: the message, and the exit code for scripts. */
import { createServer, type Server } from 'node:net';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { parseAddress } from '../../src/base/address.js';
import { Child } from '../support/child.js';
import { DcacheClient } from '../../src/client/client.js';
import { DCACHE } from '../support/process-cluster.js';
import { getText, scene, setText, type Scene } from './harness.js';

/** The command fails with this message on stderr and nothing else, and without a stack trace. */
async function expectFailure(
  scene: Scene,
  args: readonly string[],
  exitCode: number,
  message: string | RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const answer = await scene.cli(args, { env });
  const said = args.join(' ');
  expect(answer.stderr, said).toMatch(message);
  expect(answer.exitCode, `${said}: ${answer.stderr}`).toBe(exitCode);
  expect(answer.stdout, said).toBe('');
  expect(answer.stderr, said).not.toMatch(/^ {4}at /m);
}

/** Somebody else's program on the port. */
async function occupy(address: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ ...parseAddress(address) }, resolve));
  return server;
}

describe.concurrent('the command line', () => {
  scene('names the command that was meant', async (scene) => {
    await expectFailure(
      scene,
      ['kv', 'gte', 'fruit'],
      2,
      'error: there is no command "dcache kv gte"; did you mean "dcache kv get"?\n',
    );
    await expectFailure(scene, ['clutser', 'status'], 2, 'did you mean "dcache cluster status"?');
    await expectFailure(scene, ['kv', 'frobnicate'], 2, /there is: .*kv del, .*kv get, .*kv set/);
  });

  scene('names the flag or argument that is wrong, and what is allowed', async (scene) => {
    await expectFailure(scene, ['kv', 'get', 'fruit', '--tiemout', '5s'], 2, '--tiemout');
    await expectFailure(
      scene,
      ['kv', 'get', 'fruit', '--timeout', '5'],
      2,
      'error: --timeout is "5"; it must be a number with a unit: ms, s, m, h or d, like 500ms or 5s\n',
    );
    await expectFailure(scene, ['kv', 'get'], 2, 'Missing 1 required arg');
    await expectFailure(scene, ['node', 'start', '--nodes', 'three'], 2, /--nodes.*\n?.*three/);
    await expectFailure(
      scene,
      ['node', 'start', '--mode', 'rafft'],
      5,
      'error: --mode is "rafft"; it must be raft or ecc\n',
    );
    await expectFailure(
      scene,
      ['node', 'start', '--listen', 'here'],
      5,
      'error: --listen is "here"; it must be host:port, like 127.0.0.1:7101\n',
    );
  });

  scene('takes flags from the environment, and says so when one of them is wrong', async (scene) => {
    await expectFailure(scene, ['node', 'start'], 5, '--log-level is "loud"', { DCACHE_LOG_LEVEL: 'loud' });
  });

  scene('says which relation a code of ecc mode breaks, and what is only for the other mode', async (scene) => {
    const tooMuchParity = ['--mode', 'ecc', '--k', '2', '--m', '2'];
    const reason = 'error: RS(2, 2): k must be a majority of the 4 nodes: choose m below k';
    await expectFailure(scene, ['node', 'start', ...tooMuchParity], 5, reason);
    await expectFailure(scene, ['cluster', 'start', ...tooMuchParity], 5, reason);
    await expectFailure(scene, ['cluster', 'start', '--mode', 'raft', '--k', '2', '--m', '1'], 5, 'error: --k is "2"');
    await expectFailure(
      scene,
      ['node', 'start', '--mode', 'ecc', '--max-memory', '1mb', '--k', '3', '--m', '2'],
      5,
      '15mb at least for RS(3, 2)',
    );
  });

  scene('names file, line, field and what is allowed when a configuration file is wrong', async (scene) => {
    const tryFile = async (text: string, message: string | RegExp): Promise<void> => {
      writeFileSync(join(scene.folder, 'dcache.yaml'), text);
      await expectFailure(scene, ['node', 'start', '--config', 'dcache.yaml'], 5, message);
    };
    await tryFile(
      'mode: raft\nlissten: 127.0.0.1:1\n',
      /^error: dcache\.yaml, line 2: unknown field "lissten"; .*listen/,
    );
    await tryFile(
      'mode: raft\n\ntickMs: soon\n',
      'error: dcache.yaml, line 3: field "tickMs" must be a whole number\n',
    );
    await tryFile('mode: [raft\n', /^error: dcache\.yaml, line \d+: /);
    await tryFile(
      'logLevel: loud\n',
      'error: dcache.yaml, line 1: logLevel is "loud"; it must be debug, info, warn, error or fatal\n',
    );
    await expectFailure(
      scene,
      ['node', 'start', '--config', 'absent.yaml'],
      5,
      'error: the configuration file cannot be read:',
    );
  });

  scene('says how many nodes answered when none does', async (scene) => {
    await scene.plan('n1', 'n2');
    const addresses = scene.endpoints;
    await expectFailure(scene, ['kv', 'get', 'fruit'], 3, `error: none of 2 nodes answers: ${addresses.join(', ')}`);
    await expectFailure(scene, ['cluster', 'status'], 3, `nobody answers at ${addresses.join(', ')}`);
  });

  scene('shows the stack trace with --debug', async (scene) => {
    const { stderr } = await scene.cli(['node', 'start', '--mode', 'mirror', '--debug']);
    expect(stderr).toMatch(/^ {4}at /m);
  });

  scene('answers programs in JSON', async (scene) => {
    const { exitCode, stdout } = await scene.cli(['node', 'start', '--mode', 'mirror', '--json']);
    expect(exitCode).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'CONFIG_INVALID', outcome: 'not-done', retryable: false },
    });
  });

  scene('of an unbuilt clone says what to run', async (scene) => {
    mkdirSync(join(scene.folder, 'bin'));
    for (const file of ['dcache', 'node-version.mjs'])
      copyFileSync(join(DCACHE, '..', file), join(scene.folder, 'bin', file));
    writeFileSync(join(scene.folder, 'package.json'), '{"type": "module", "engines": {"node": ">=20.19"}}');
    const child = new Child('unbuilt dcache', [join(scene.folder, 'bin/dcache'), 'kv', 'get', 'fruit'], {
      cwd: scene.folder,
    });
    expect((await child.ended).exitCode).toBe(5);
    expect(child.stderr).toMatch(/^dcache is not built yet.*\n\n {4}npm run quickstart/);
  });

  scene('names a port in use and the flag that chooses another', async (scene) => {
    await scene.plan('n1', 'n2', 'n3');
    const { client, control, http } = scene.planOf('n1');
    for (const [address, flag] of [
      [client, '--listen'],
      [control, '--control-listen'],
      [http, '--http-listen'],
    ] as const) {
      const server = await occupy(address);
      const answer = await scene.cli(scene.startCommand('n1'));
      expect(answer.exitCode, answer.stderr).toBe(5);
      expect(answer.stderr).toContain(address.split(':')[1]);
      expect(answer.stderr).toContain(`${flag}`);
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

scene('a cluster that serves refuses keys and values that are too large, naming the limit', async (scene) => {
  await scene.startAll();
  const longKey = 'k'.repeat(64 * 1024 + 1);
  await expectFailure(scene, ['kv', 'get', longKey], 2, 'error: the key has 65537 bytes; a key has 1 to 65536 bytes\n');
  await expectFailure(scene, ['kv', 'get', ''], 2, 'error: the key is empty; a key has 1 to 65536 bytes\n');

  writeFileSync(join(scene.folder, 'large'), Buffer.alloc(64 * 1024 * 1024 + 1));
  await expectFailure(
    scene,
    ['kv', 'set', 'fruit', '--file', 'large'],
    2,
    'error: the value has 67108865 bytes, at most 67108864 are allowed; split it over several keys\n',
  );
});

scene('a write that a cut-off leader has taken is reported as unknown, and may well be done', async (scene) => {
  await scene.startAll();
  const leader = await scene.leader();
  const others = ['n1', 'n2', 'n3'].filter((id) => id !== leader);
  const client = new DcacheClient({ endpoints: [scene.planOf(leader).client], timeoutMs: 1_500 });
  await setText(client, 'fruit', 'apple');

  for (const id of others) scene.node(id).signal('SIGSTOP');
  const failure: unknown = await setText(client, 'fruit', 'cherry').catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'unknown' });
  expect(String(failure)).toContain('the write may or may not be done');

  for (const id of others) scene.node(id).signal('SIGCONT');
  expect(['apple', 'cherry']).toContain(await getText(scene.client(), 'fruit'));
  await client.close();
});
