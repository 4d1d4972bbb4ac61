/** `dcache demo` as people type it. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { DemoResult } from '../../src/bench/demo/demo.js';
import { playScene, SCENE_TIMEOUT_MS, type Scene } from './harness.js';

const scene = (name: string, play: (scene: Scene) => Promise<void>): void =>
  test(name, { timeout: SCENE_TIMEOUT_MS }, () => playScene(play));
const inside = (scene: Scene): { env: Record<string, string> } => ({ env: { TMPDIR: scene.folder } });

scene('the demo loses two of five nodes, not one value, and leaves nothing', async (scene) => {
  const answer = await scene.cli(['demo', '--values', '300', '--json'], inside(scene));
  expect(answer.exitCode, answer.stdout + answer.stderr).toBe(0);
  expect(answer.stderr).toBe('');
  const result = JSON.parse(answer.stdout) as DemoResult;
  expect(result).toMatchObject({
    nodes: 5,
    values: 300,
    payloadBytes: 300 * 272,
    copies: 3,
    replicatedBytes: 3 * 300 * 272,
    killed: ['n2', 'n4'],
    readBack: 300,
    writtenMeanwhile: 30,
    verified: 330,
  });
  expect(result.heldBytes).toBeGreaterThan((result.payloadBytes * 5) / 3);
  expect(result.stallMs).toBeGreaterThan(0);
  expect(result.recoveryMs).toBeGreaterThan(0);
  expect(readdirSync(scene.folder)).toEqual([]);
});

scene('the demo is gone after Ctrl-C, nodes and data', async (scene) => {
  const child = scene.spawn('demo', ['demo', '--values', '100'], inside(scene));
  await child.says('1. Five nodes start', 90_000);
  child.signal('SIGINT');
  expect(await child.ended).toEqual({ exitCode: 3, signal: null });
  expect(child.stderr).toContain('stopped by SIGINT; what was started has been stopped and removed');
  expect(readdirSync(scene.folder)).toEqual([]);
});
