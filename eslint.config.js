import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What belongs to src/cli alone: everything else gets it as an argument. */
const processProperties = [
  'argv',
  'cwd',
  'env',
  'exit',
  'exitCode',
  'on',
  'once',
  'stderr',
  'stdin',
  'stdout',
].map((property) => ({
  object: 'process',
  property,
  message: 'Only src/cli knows the process: take the value as an argument, or emit an event.',
}));

export default defineConfig(
  { ignores: ['dist/', '.medallion/', '.kafka/', '.spark/', 'coverage/', 'bench/results/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      curly: 'error',
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // A number in a message reads the same with and without String().
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => process.exit()` and `emit: (event) => void list.push(event)` say what they do.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    // The last one is a program of its own, which a process of the engine runs.
    ignores: ['src/cli/**', 'src/engine/duckdb/xlsx-process.ts'],
    rules: {
      'no-restricted-properties': ['error', ...processProperties],
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'node:process', message: 'Only src/cli knows the process.' }] },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      // vitest types expect.any(), expect.stringMatching() and parsed JSON as any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  {
    // Programs for developers: they talk to the terminal themselves.
    files: ['scripts/**/*.ts', 'bench/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.{js,cjs}'],
    rules: { curly: 'error', eqeqeq: 'error' },
  },
);
