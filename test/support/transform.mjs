import { transformSync } from 'esbuild';

/** Compiles TypeScript to CommonJS, which Jest runs without flags. Types are checked by tsc. */
export default {
  process: (source, file) =>
    transformSync(source, {
      loader: 'ts',
      sourcefile: file,
      format: 'cjs',
      platform: 'node',
      target: 'node24',
      sourcemap: 'inline',
      // Jest's CommonJS modules do not support import(), so it becomes require().
      supported: { 'dynamic-import': false },
      define: { 'import.meta.dirname': '__dirname' },
    }),
};
