/**
 * The direction of imports (ARCHITECTURE.md, "Rooms"):
 * base <- pure rooms <- actors <- adapters <- node <- cli; client and bench stand beside node.
 */
const pure = 'raft|erasure|store|cluster|replication|recovery';

/** Everything that a room may import from src/, itself included. Pure rooms name their pure neighbours one by one. */
const mayImport = {
  base: 'base',
  raft: 'base|raft',
  erasure: 'base|erasure',
  store: 'base|store|erasure',
  cluster: 'base|cluster|raft',
  replication: 'base|replication|store|erasure|cluster',
  recovery: 'base|recovery|cluster|store|erasure',
  actors: `base|${pure}|actors`,
  adapters: `base|${pure}|actors|adapters`,
  client: 'base|cluster|store|adapters|client',
  bench: 'base|cluster|adapters|client|bench',
  node: `base|${pure}|actors|adapters|node`,
  cli: `base|${pure}|actors|adapters|node|client|bench|cli`,
};

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'A file that nothing imports is dead, unless it is an entry point.',
      from: {
        orphan: true,
        path: '^src/',
        pathNot: ['^src/cli/commands/', '^src/index\\.ts$', '^src/adapters/grpc/generated/', '\\.d\\.ts$'],
      },
      to: {},
    },
    ...Object.entries(mayImport).map(([room, allowed]) => ({
      name: `direction-of-${room}`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: `^src/(${allowed})/` },
    })),
    {
      name: 'pure-rooms-import-no-packages',
      severity: 'error',
      comment: 'base and the pure rooms run anywhere, the simulator included: no node: modules and no packages.',
      from: { path: `^src/(base|${pure})/` },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'generated-code-stays-in-grpc',
      severity: 'error',
      comment: 'Only adapters/grpc touches generated types.',
      from: { path: '^src/', pathNot: '^src/adapters/grpc/' },
      to: { path: '^src/adapters/grpc/generated/' },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'src-does-not-import-test', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
    {
      name: 'no-dev-dependencies-in-src',
      severity: 'error',
      comment: 'Clients of other systems are loaded when somebody compares with them, and their absence is explained.',
      from: { path: '^src/', pathNot: '^src/bench/rivals/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
