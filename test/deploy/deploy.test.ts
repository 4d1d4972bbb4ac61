/** What `deploy/` says is held against what nodes understand: no container engine is needed for that. */
import { readFileSync } from 'node:fs';
import { Parser } from '@oclif/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { nodeFlags, nodeOptions } from '../../src/cli/node-flags.js';
import { resolveConfig } from '../../src/node/config.js';

interface Service {
  readonly image: string;
  readonly build: { readonly context: string; readonly dockerfile: string };
  readonly restart: string;
  readonly stop_grace_period: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly ports: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const compose = (mode: string): Compose => parse(read(`deploy/compose.${mode}.yaml`), { merge: true }) as Compose;

const dockerfile = read('deploy/Dockerfile');
/** `ENV A=1 \ B=2`, of the last stage. */
const imageEnvironment = Object.fromEntries(
  [...dockerfile.slice(dockerfile.lastIndexOf('\nFROM ')).matchAll(/\b(DCACHE_\w+)=(\S+)/g)].map(
    ([, name = '', value = '']) => [name, value] as const,
  ),
);

describe.each([
  { mode: 'ecc', nodes: 5 },
  { mode: 'raft', nodes: 3 },
])('the compose file for $mode mode', ({ mode, nodes }) => {
  afterEach(() => void vi.unstubAllEnvs());
  const { services, volumes } = compose(mode);
  const names = Array.from({ length: nodes }, (_, i) => `n${i + 1}`);

  it('has nodes that start with their environment, and know each other by their host names', async () => {
    expect(Object.keys(services)).toEqual(names);
    for (const [name, { environment }] of Object.entries(services)) {
      for (const [variable, value] of Object.entries({ ...imageEnvironment, ...environment })) {
        const flag = variable.replace('DCACHE_', '').toLowerCase().replaceAll('_', '-');
        expect(Object.keys(nodeFlags), variable).toContain(flag);
        vi.stubEnv(variable, value);
      }
      const { flags } = await Parser.parse([], { flags: nodeFlags });
      const config = resolveConfig(nodeOptions(flags), 1);
      expect(config).toMatchObject({
        mode,
        nodeId: name,
        advertiseHost: name,
        clientListen: '0.0.0.0:7101',
        controlListen: '0.0.0.0:7201',
        dataFolder: '/data',
      });
      expect(environment.DCACHE_PEERS).toBe(names.map((each) => `${each}=${each}:7201`).join(','));
      vi.unstubAllEnvs();
    }
  });

  it('keeps data in a volume for each node, restarts nodes, and gives them time to hand over', () => {
    expect(Object.keys(volumes)).toEqual(names.map((name) => `${name}-data`));
    for (const [name, service] of Object.entries(services)) {
      expect(service).toMatchObject({
        volumes: [`${name}-data:/data`],
        restart: 'unless-stopped',
        stop_grace_period: '30s',
      });
      expect(service.build).toEqual({ context: '..', dockerfile: 'deploy/Dockerfile' });
      for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:(7101|7401)$/);
    }
    const published = Object.values(services).flatMap(({ ports }) => ports.map((port) => port.split(':')[1]));
    expect(new Set(published).size).toBe(published.length);
  });
});

describe('the image', () => {
  it('copies what the package has, runs as nobody of weight, and asks /healthz with node itself', () => {
    const packed = (JSON.parse(read('package.json')) as { files: string[] }).files;
    for (const file of packed) expect(dockerfile).toMatch(new RegExp(`COPY --from=build .*/app/${file}\\b`));
    expect(dockerfile).toMatch(/^USER node$/m);
    const check = /^HEALTHCHECK[^]*?CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '';
    expect((JSON.parse(check) as string[])[2]).toContain('http://127.0.0.1:7401/healthz');
  });

  it('is tried by the hosted checks, on every version of Node that is supported', () => {
    const { jobs } = parse(read('.github/workflows/ci.yml')) as {
      readonly jobs: {
        readonly test: { readonly strategy: { readonly matrix: { readonly node: readonly string[] } } };
        readonly image: { readonly steps: readonly { readonly run?: string }[] };
      };
    };
    expect(jobs.test.strategy.matrix.node).toEqual(['20', '22']);
    expect(jobs.image.steps.some(({ run = '' }) => run.includes('docker build -f deploy/Dockerfile'))).toBe(true);
  });
});
