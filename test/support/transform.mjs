import { transformSync } from 'esbuild';

/** TypeScript to CommonJS by esbuild: Jest needs no flag for it, and types are checked by tsc apart. */
export default {
  process: (source, file) =>
    transformSync(source, {
      loader: 'ts',
      sourcefile: file,
      format: 'cjs',
      platform: 'node',
      target: 'node24',
      sourcemap: 'inline',
      // Jest's own modules are no real ones: what is loaded on demand in the bundle is required here.
      supported: { 'dynamic-import': false },
      define: { 'import.meta.dirname': '__dirname' },
    }),
};
