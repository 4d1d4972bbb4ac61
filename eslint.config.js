import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

const nodeScriptGlobals = {
  console: 'readonly',
  process: 'readonly',
  performance: 'readonly',
  Buffer: 'readonly',
  URL: 'readonly',
  setTimeout: 'readonly',
  clearTimeout: 'readonly',
};

/** The rooms without I/O, clock, randomness or async (ARCHITECTURE.md, "Rooms"). */
const pureRooms = ['raft', 'erasure', 'store', 'cluster', 'replication', 'recovery'].map(
  (room) => `src/${room}/**/*.ts`,
);

export default tseslint.config(
  { ignores: ['dist/', 'bundle/', 'node_modules/', 'coverage/', 'src/adapters/grpc/generated/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './test/tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
    },
  },
  {
    files: pureRooms,
    rules: {
      'no-restricted-globals': [
        'error',
        ...[
          'Date',
          'performance',
          'process',
          'setTimeout',
          'setInterval',
          'setImmediate',
          'queueMicrotask',
          'Promise',
        ].map((name) => ({ name, message: 'A pure room takes time, randomness and I/O as arguments.' })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Use the seeded generator of base/prng.' },
        { object: 'Date', property: 'now', message: 'Take the time as an argument.' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: ':function[async=true]', message: 'A pure room is synchronous.' },
        { selector: 'AwaitExpression', message: 'A pure room is synchronous.' },
      ],
    },
  },
  { files: ['**/*.js', '**/*.mjs', '**/*.cjs', 'bin/dcache'], languageOptions: { globals: nodeScriptGlobals } },
);
